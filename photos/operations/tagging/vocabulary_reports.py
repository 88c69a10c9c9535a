"""Reports on vocabularies: try a label, compare two vocabularies, find doubtful labels and missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photos.errors import NoEarlierRevision, NothingFound
from photos.library import OpenLibrary
from photos.operations.progress import SILENT, Progress, Stage, steps
from query.tagging import Doubt, TagPreview, UnnamedWord, checked_name, lint, preview_tags, unnamed_words
from query.vocabulary import VocabularyDifference, difference
from query.vocabulary_design import MIN_PHOTOS, LabelPreview, Suggestions, missing_labels, preview_label, suggest_labels
from store import MAIN_SLOT, Photo, SpaceIdentity, VocabularyDefinition

from .revisions import DEFAULT, current_revision, find_definition, folders_of
from .vocabularies import has_photos


@dataclass(frozen=True, slots=True)
class TryRequest:
    """A label to try, and the probability from which it counts; by default the setting's, or the vocabulary's."""

    label: str
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class TryResult:
    """A label and the photos that it would be on."""

    label: str
    trial: LabelPreview
    identity: SpaceIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareVocabulariesRequest:
    """Two vocabularies, each a name, NAME@NUMBER or a file. `of_photos` names the photos whose tags differ, too.

    `one` alone is compared with the main vocabulary, which comes first; the main one with its revision before.
    """

    one: str
    other: str | None = None
    of_photos: bool = False


@dataclass(frozen=True, slots=True)
class ChangedPhoto:
    """A photo with the tags that only the second vocabulary gives it, and those that only the first does."""

    photo: Photo
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompareResult:
    """Difference of two vocabularies, and the tags that each gives; None in a library without photos, or if equal.

    `photos` are empty unless the request is `of_photos`.
    """

    #: The names of the two.
    one: str
    other: str
    difference: VocabularyDifference
    tags: tuple[TagPreview, TagPreview] | None = None
    photos: tuple[ChangedPhoto, ...] = ()

    @property
    def is_same(self) -> bool:
        """True if the vocabularies are the same."""
        return not self.difference


@dataclass(frozen=True, slots=True)
class LintResult:
    """Doubts about labels of a vocabulary, which has so many labels."""

    doubts: tuple[Doubt, ...]
    label_count: int


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """The vocabulary whose labels are tried, the included one if None, and how many gaps to return at most."""

    words: str | None = None
    count: int = 8


@dataclass(frozen=True, slots=True)
class SuggestResult:
    """Gaps of the main vocabulary, called `vocabulary`; `word_count` labels of `words` were tried.

    `described` are words of describers that no vocabulary in force has, those of most photos first.
    """

    gaps: Suggestions
    vocabulary: str
    words: str
    word_count: int
    described: tuple[UnnamedWord, ...] = ()

    @property
    def found_any(self) -> bool:
        """True if there is a gap."""
        return bool(self.gaps.named or self.gaps.unnamed or self.described)


@dataclass(frozen=True, slots=True)
class EncodingBegins:
    """Event: `texts` texts of the vocabulary `words` have no vector yet and are encoded first."""

    texts: int
    words: str


def try_new_label(library: OpenLibrary, request: TryRequest) -> TryResult:
    """Return what a label scored by its name would be on; nothing is kept but its text's vector.

    Raises `EmptyLibrary` or `BadLabel`.
    """
    space = library.space
    label = checked_name(request.label)
    threshold = library.settings.threshold if request.threshold is None else request.threshold
    if threshold is None:
        threshold = find_definition(library.catalog, None).threshold
    trial = preview_label(library.catalog, space, library.text_vectors(space).label_vector(label), threshold)
    return TryResult(label, trial, space.identity)


def compare_vocabularies(
    library: OpenLibrary, request: CompareVocabulariesRequest, progress: Progress = SILENT
) -> CompareResult:
    """Compare two vocabularies: their labels, and the tags that they give the library's photos.

    Only photos in the folders that both are limited to count, if these are the same. Raises `UnknownVocabulary`,
    `VocabularyError`, or `NoEarlierRevision` for the main one alone, if this is its first revision.
    """
    one, other = (request.one, request.other) if request.other is not None else _with_main(library, request.one)
    before, after = (find_definition(library.catalog_if_any, name) for name in (one, other))
    found = difference(before, after)
    if not found or not has_photos(library):
        return CompareResult(one, other, found)
    first, second = (folders_of(library.catalog, name) for name in (one, other))
    folders = first if first == second else ()
    tags = _tags_of(library, before, folders, progress), _tags_of(library, after, folders, progress)
    return CompareResult(one, other, found, tags, _changed_photos(library, *tags) if request.of_photos else ())


def _with_main(library: OpenLibrary, name: str) -> tuple[str, str]:
    """Return the main vocabulary and *name*, or if that is the main one, its revision before and this one."""
    main = None
    if library.catalog_if_any is not None:
        with library.catalog.read() as t:
            main = current_revision(t, MAIN_SLOT)
    if main is None:
        return DEFAULT, name
    if name not in {main.vocabulary, f"{main.vocabulary}@{main.number}"}:
        return f"{main.vocabulary}@{main.number}", name
    if main.number == 1:
        raise NoEarlierRevision(main.vocabulary, 0, 1)
    return f"{main.vocabulary}@{main.number - 1}", f"{main.vocabulary}@{main.number}"


def _tags_of(
    library: OpenLibrary, definition: VocabularyDefinition, folders: Sequence[bytes], progress: Progress
) -> TagPreview:
    space = library.space
    on_step = steps(progress, Stage.ENCODE_LABELS)
    return preview_tags(library.catalog, space, definition, library.text_vectors(space), on_step, folders)


def _changed_photos(library: OpenLibrary, before: TagPreview, after: TagPreview) -> tuple[ChangedPhoto, ...]:
    ids = [key for key, tags in before.of_photos.items() if tags != after.of_photos.get(key)]
    with library.catalog.read() as t:
        photos = t.photos.get(ids)
    changed = []
    for photo in photos:
        old, new = before.of_photos[photo.id], after.of_photos.get(photo.id, frozenset())
        changed.append(ChangedPhoto(photo, tuple(sorted(new - old)), tuple(sorted(old - new))))
    return tuple(changed)


def lint_vocabulary(library: OpenLibrary, name: str | None) -> LintResult:
    """Find doubtful labels of the vocabulary *name*, or of the main one.

    These are near-synonyms, prompts longer than the model reads, labels on no photo or on every one, and pairs that are
    always on the same photos. Raises `EmptyLibrary`, `UnknownVocabulary` or `VocabularyError`.
    """
    space = library.space
    definition = find_definition(library.catalog_if_any, name)
    encoder = library.text_encoder(library.checkpoint_of(space))
    prompts = [(label.name, text) for label in definition.labels for text in label.texts]
    cut = encoder.truncated([text for _, text in prompts])
    doubts = [
        Doubt(label, f"has a prompt that is longer than the model reads: {text[:60]!r}")
        for (label, text), is_cut in zip(prompts, cut, strict=True)
        if is_cut
    ]
    folders = folders_of(library.catalog, name)
    doubts += lint(library.catalog, space, definition, library.text_vectors(space), folders)
    return LintResult(tuple(doubts), len(definition.labels))


def find_gaps(library: OpenLibrary, request: SuggestRequest, progress: Progress = SILENT) -> SuggestResult:
    """Find subjects of photos that the main vocabulary has no label for, and describers' words that no label is called.

    Raises `EmptyLibrary`, `UnknownVocabulary`, `VocabularyError`, or `NothingFound` in a library with too few photos.
    """
    space, texts = library.space, library.text_vectors(library.space)
    with library.catalog.read() as t:
        photos = t.embeddings.count(space.id)
    if photos < MIN_PHOTOS:
        # Before thousands of words are encoded in vain.
        are = "is" if photos == 1 else "are"
        raise NothingFound(f"Gaps of a vocabulary show in {MIN_PHOTOS} photos or more, and here {are} {photos}.")
    vocabulary = find_definition(library.catalog, None)
    listed = find_definition(library.catalog, request.words or DEFAULT)
    words = missing_labels(vocabulary, listed)
    if missing := texts.unknown([text for label in words.labels for text in label.texts]):
        progress.report(EncodingBegins(missing, listed.name))
    on_step = steps(progress, Stage.ENCODE_LABELS)
    gaps = suggest_labels(library.catalog, space, vocabulary, words, texts, request.count, on_step)
    with library.catalog.read() as t:
        described = unnamed_words(t, MIN_PHOTOS, request.count)
    return SuggestResult(gaps, vocabulary.name, words.name, len(words.labels), tuple(described))
