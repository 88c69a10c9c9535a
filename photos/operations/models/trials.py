"""Trials: the photos are embedded and tagged with a second model, while the first one answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b

from indexer import BeforeBatch, Destination, ImageEncoder, IndexReport, fill_space
from photos.errors import PhotosError
from photos.library import OpenLibrary
from photos.lock import trial_lock
from photos.model_errors import AnotherTried, ModelChanged, NothingTried, SpaceAnswers, UnknownSpace
from photos.models import open_new
from photos.operations.folders import scope
from photos.operations.progress import SILENT, Progress, Stage, Wait, Waiting, steps
from photos.operations.tagging.retag import finish_pending
from photos.operations.tagging.revisions import target_revision
from photos.spaces import find_space, space_names
from query.errors import Superseded
from query.tagging import RetagOptions, StoredTagger, is_due, refresh_taught_labels, remake_taught_labels, retag
from store import File, Revision, Space, Transaction, Trial, Vectors
from store.errors import StoreError
from store.records import MAIN_SLOT

#: How often tags are brought up to date at most: each time, a calibration may make it necessary once more.
_ROUNDS = 3
#: A text to try a text encoder with.
_SOME_TEXT = "a photo of a cat"
#: Photos that a daemon embeds before it looks at changes of files again.
_PART = 64
#: Rows that are deleted at once.
_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TryRequest:
    """A model to try: a name, a hub id or a folder; None for the one that is being tried, or the only other one.

    With *folder* or *sample*, only photos below that folder are embedded, and at most so many.
    """

    model: str | None = None
    folder: str | None = None
    sample: int | None = None
    #: As for a new library.
    precision: str | None = None
    patches: int | None = None


@dataclass(frozen=True, slots=True)
class TryResult:
    """Result of a trial, or of a part of it: the model's name among those of the library, and the photos it has.

    `embedded` are those of this time, in `seconds`, and `lacking` those that are still to be embedded: their files are
    away, cannot be read, or have changed.
    """

    name: str
    photos: int
    embedded: int
    lacking: int
    seconds: float
    #: Whether it gets all photos.
    is_whole: bool


def try_model(library: OpenLibrary, request: TryRequest, progress: Progress = SILENT) -> TryResult:
    """Embed and tag the photos with a second model. Searches and tags stay those of the first one.

    An interrupted trial is taken up again. A new one whose model fails before it has a photo is not begun. Raises
    `EmptyLibrary`, `SpaceAnswers`, `AnotherTried`, `TrialBusy`, `NothingTried`, `ModelChanged` and the other errors of
    opening a checkpoint, `UnknownFolder` and `MissingFolder`.
    """
    started = time.perf_counter()
    progress.report(Waiting(Wait.MODEL))
    if library.is_new:
        raise library.empty_error()
    with trial_lock(library.settings.library, catalog=library.catalog_if_any):
        # Within the lock: a model that is just being forgotten must not be noted as tried.
        trial = _begin(library, request)
        try:
            _check_texts(library, trial)
            report = fill_trial(library, trial, progress)
        except StoreError:
            raise
        except PhotosError:
            _end_unbegun(library, trial)
            raise
        with library.catalog.read() as t:
            space = t.spaces.get(trial.space_id)
        finish_tags(library, space, progress)
    with library.catalog.read() as t:
        names, photos = space_names(t.spaces.all()), t.embeddings.count(trial.space_id)
        left = len(lacking(t, trial))
    seconds = time.perf_counter() - started
    return TryResult(names[trial.space_id], photos, report.embedded, left, seconds, trial.is_whole)


def running_trial(library: OpenLibrary) -> Trial | None:
    """The trial that was begun and neither ended by a switch nor forgotten, if there is one."""
    with library.catalog.read() as t:
        return t.library.trial()


def continue_trial(
    library: OpenLibrary,
    trial: Trial,
    progress: Progress = SILENT,
    *,
    image_encoder: Callable[[Space], ImageEncoder] | None = None,
    before_batch: BeforeBatch = lambda _store: None,
) -> bool:
    """Embed some photos that the trial lacks, or if there is none to be embedded, bring its tags up to date.

    Returns whether photos were embedded; the arguments are those of `fill_trial`. Raises `TrialBusy` at once if another
    process does the same.
    """
    with trial_lock(library.settings.library, patience=0, catalog=library.catalog_if_any):
        report = fill_trial(
            library, trial, progress, most=_PART, image_encoder=image_encoder, before_batch=before_batch
        )
        if report.embedded or report.alike:
            return True
        with library.catalog.read() as t:
            space = t.spaces.get(trial.space_id)
        finish_tags(library, space, progress)
        return False


def fill_trial(
    library: OpenLibrary,
    trial: Trial,
    progress: Progress = SILENT,
    *,
    most: int | None = None,
    image_encoder: Callable[[Space], ImageEncoder] | None = None,
    before_batch: BeforeBatch = lambda _store: None,
) -> IndexReport:
    """Embed photos that the trial lacks, *most* at most. The caller holds the lock of trials.

    *image_encoder* gives the encoder of a space, if the caller has one. Raises `NothingTried` if the space is gone, and
    the errors of its model.
    """
    with library.catalog.read() as t:
        space = t.spaces.find(trial.space_id)
        files = lacking(t, trial)[:most]
    if space is None:
        # It was forgotten before the caller had the lock.
        raise NothingTried
    return fill_with(library, space, files, progress, image_encoder=image_encoder, before_batch=before_batch)


def fill_with(
    library: OpenLibrary,
    space: Space,
    files: Sequence[File],
    progress: Progress = SILENT,
    *,
    image_encoder: Callable[[Space], ImageEncoder] | None = None,
    before_batch: BeforeBatch = lambda _store: None,
) -> IndexReport:
    """Embed the photos of *files* in *space*; otherwise as `fill_trial`."""
    with library.catalog.read() as t:
        folders = t.folders.all()
    checkpoint = library.checkpoint_of(space)
    make = image_encoder or library.space_image_encoder

    @lru_cache(1)
    def encoder() -> ImageEncoder:
        progress.report(Waiting(Wait.MODEL))
        return make(space)

    with library.readers(checkpoint.preprocessing) as readers:
        return fill_space(
            library.catalog,
            Destination(space, encoder, _tagger(library, space)),
            files,
            folders,
            readers=readers,
            progress=progress,
            batch_size=library.settings.batch_size,
            before_batch=before_batch,
        )


def finish_tags(library: OpenLibrary, space: Space, progress: Progress = SILENT) -> None:
    """Bring the tags in *space* up to date, and its index."""
    progress.report(Waiting(Wait.TAGS))
    catalog, texts = library.catalog, library.text_vectors(space)
    with catalog.read() as t:
        is_answering = t.library.space_id() == space.id
        targets = [target_revision(t, name) for name in t.slots.names()]
    if is_answering:
        # Its tags are shown meanwhile, so nothing of them is deleted.
        for revision in targets:
            if revision is not None:
                refresh_taught_labels(catalog, space, revision)
    else:
        remake_taught_labels(catalog, space)
    for _ in range(_ROUNDS):
        with catalog.read() as t:
            main, is_outgrown = target_revision(t, MAIN_SLOT), is_due(t, space)
            is_pending = bool(t.slots.of(space.id).pending())
        if is_outgrown and main is not None:
            # Another process may be doing the same.
            with suppress(Superseded):
                on_text = steps(progress, Stage.ENCODE_LABELS)
                retag(catalog, space, main, texts, RetagOptions(only_if_target=True), text_progress=on_text)
        elif not is_pending:
            break
        finish_pending(library, space, progress, texts)
    library.index_of(space).refresh()


def destination_beside(
    library: OpenLibrary, answering: Space, image_encoder: Callable[[Space], ImageEncoder] | None = None
) -> Destination | None:
    """The space that new photos are embedded in besides *answering*; None if none is tried, or its model is not here.

    `trial_problem` has the sentence on a model that is not here. *image_encoder* gives the encoder of a space, if the
    caller has one.
    """
    with library.catalog.read() as t:
        trial = t.library.trial()
        space = None if trial is None else t.spaces.find(trial.space_id)
    if space is None or space.id == answering.id:
        return None
    if opening_error(library, space) is not None:
        # What answers must not wait for what is tried.
        return None
    make = image_encoder or library.space_image_encoder

    def on_lost(error: Exception) -> None:
        library.on_notice(_left_out(library, space, error))

    return Destination(space, lru_cache(1)(lambda: make(space)), _tagger(library, space), on_lost)


def opening_error(library: OpenLibrary, space: Space) -> PhotosError | None:
    """The error for which the checkpoint of *space* cannot be opened; None if it can."""
    try:
        library.checkpoint_of(space)
    except StoreError:
        raise
    except PhotosError as error:
        return error
    return None


def trial_problem(library: OpenLibrary) -> str | None:
    """The sentence on a model that is tried and cannot be opened; None if it can, or none is tried."""
    with library.catalog.read() as t:
        trial = t.library.trial()
        space = None if trial is None else t.spaces.find(trial.space_id)
    error = None if space is None else opening_error(library, space)
    return None if space is None or error is None else _left_out(library, space, error)


def left_out(name: str, error: Exception) -> str:
    """The sentence on a model of that name, which is tried and cannot be used because of *error*."""
    return f"New photos are left out of {name}, which is tried: {error}"


def _left_out(library: OpenLibrary, space: Space, error: Exception) -> str:
    with library.catalog.read() as t:
        name = space_names(t.spaces.all())[space.id]
    return left_out(name, error)


def lacking(t: Transaction, trial: Trial) -> list[File]:
    """One file of each photo that the trial lacks."""
    files = t.files.lacking_embedding(trial.space_id)
    within = None if trial.folder is None else set(t.scopes.photos([trial.folder]).tolist())
    if within is not None:
        files = [file for file in files if file.photo_id in within]
    if trial.sample is None:
        return files
    held = t.embeddings.ids(trial.space_id).tolist()
    count = len(held) if within is None else len(within.intersection(held))
    return sorted(files, key=_place)[: max(0, trial.sample - count)]


def _place(file: File) -> bytes:
    """The place of a photo in a sample: random, and always the same."""
    return blake2b(str(file.photo_id).encode(), digest_size=8).digest()


class _TrialTagger:
    """The tagger of photos that come into a space. Before the end of its first re-tag, it leaves them to that.

    Another process may end that re-tag at any time, also between `prepare` and `tag`. A re-tag is pending then.
    """

    def __init__(self, library: OpenLibrary, space: Space, revision: Revision) -> None:
        self._catalog, self._space = library.catalog, space
        self._tagger = StoredTagger(library.catalog, space, revision, library.text_vectors(space))

    def prepare(self) -> None:
        """Make label vectors that lack, unless the first re-tag makes them."""
        with self._catalog.read() as t:
            is_tagged = MAIN_SLOT in t.scores.stamps(self._space.id)
        if is_tagged:
            self._tagger.prepare()

    def tag(self, t: Transaction, vectors: Vectors) -> None:
        """Score the photos whose ids and embeddings these are, in the slots that have scores."""
        self._tagger.tag(t, vectors)


def _tagger(library: OpenLibrary, space: Space) -> _TrialTagger | None:
    with library.catalog.read() as t:
        revision = target_revision(t, MAIN_SLOT)
    return None if revision is None else _TrialTagger(library, space, revision)


def _begin(library: OpenLibrary, request: TryRequest) -> Trial:
    """Note what is tried, so that other processes go on with it. Returns that."""
    _ = library.space
    is_plain, model = request.precision is None and request.patches is None, request.model
    if model is None:
        with library.catalog.read() as t:
            trial, names = t.library.trial(), space_names(t.spaces.all())
            if trial is None:
                if not is_plain:
                    raise NothingTried
                model = names[unnamed_space(t).id]
            elif is_plain and request.folder is None and request.sample is None:
                return trial
            else:
                model = names[trial.space_id] if is_plain else t.spaces.get(trial.space_id).model
    settings = library.settings
    if request.precision is not None:
        settings = replace(settings, precision=request.precision)
    known = _known(library, model) if is_plain else None
    if known is not None:
        library.checkpoint_of(known)
        reference, identity = known.reference, known.identity
    else:
        reference, identity = open_new(library.catalog, settings, model, request.patches)
    with library.catalog.write() as t:
        folder = None if request.folder is None else scope(t, request.folder)
        space = t.spaces.ensure(identity, reference)
        before, answering = t.library.trial(), t.library.space_id()
        names = space_names(t.spaces.all())
        if space.id == answering:
            raise SpaceAnswers(names[space.id])
        if before is not None and before.space_id != space.id:
            other = t.spaces.get(before.space_id)
            if _is_same_but_weights(other, space):
                raise ModelChanged(names[other.id], is_answering=False)
            raise AnotherTried(names[other.id])
        trial = Trial(space.id, folder, request.sample)
        t.library.set_trial(trial)
    return trial


def _check_texts(library: OpenLibrary, trial: Trial) -> None:
    """Encode a text, if the trial has no photo: labels come after all photos, which may take days.

    Raises the errors of the text encoder.
    """
    with library.catalog.read() as t:
        space, is_begun = t.spaces.find(trial.space_id), t.embeddings.count(trial.space_id) > 0
    if space is not None and not is_begun:
        library.text_encoder(library.checkpoint_of(space)).encode_text([_SOME_TEXT])


def _end_unbegun(library: OpenLibrary, trial: Trial) -> None:
    """End a trial that has no photo, which would be in the way of others, and delete its space."""
    with library.catalog.write() as t:
        if t.library.trial() != trial or t.embeddings.count(trial.space_id):
            return
        t.library.set_trial(None)
        if trial.space_id not in {t.library.space_id(), t.library.previous_space_id()}:
            while t.spaces.empty(trial.space_id, _ROWS):
                pass
            t.spaces.delete(trial.space_id)


def unnamed_space(t: Transaction) -> Space:
    """The space that is meant where none is named: the one that is tried, or the only one that could answer instead.

    The one that answered before the last switch is not taken: to go back is a rollback, which the error names. Raises
    `NothingTried`.
    """
    trial, spaces = t.library.trial(), t.spaces.all()
    if trial is not None:
        return t.spaces.get(trial.space_id)
    previous = t.library.previous_space_id()
    passed_over = {t.library.space_id(), previous}
    others = [each for each in spaces if each.id not in passed_over and t.embeddings.count(each.id)]
    if len(others) != 1:
        names = space_names(spaces)
        raise NothingTried(tuple(names[each.id] for each in others), None if previous is None else names[previous])
    return others[0]


def _known(library: OpenLibrary, name: str) -> Space | None:
    """The space that *name* stands for, if there is one.

    The plain name of the checkpoint that answers stands for none: another precision may be meant. A longer name of what
    answers raises `SpaceAnswers`.
    """
    with library.catalog.read() as t:
        spaces = t.spaces.all()
        try:
            found = find_space(spaces, name)
        except UnknownSpace:
            return None
        if found.id != t.library.space_id():
            return found
    if found.model != name:
        raise SpaceAnswers(space_names(spaces)[found.id])
    return None


def _is_same_but_weights(one: Space, other: Space) -> bool:
    """Return whether the checkpoint of *one* has other weights now, in *other*."""
    first, second = one.identity, other.identity
    is_same = (first.preprocessing, first.precision) == (second.preprocessing, second.precision)
    return is_same and one.reference == other.reference
