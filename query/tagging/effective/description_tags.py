"""Tags out of descriptions: words of describers that are labels in force, as far as SigLIP's scores verify them.

A label that a describer's words name is an imported tag of the describer where its cosine with the photo reaches the
probability `FLOOR`. A checkpoint without a bias has no probabilities: there it must reach the label's median in the
library, and nothing is verified before a calibration. So these tags are a function of descriptions, vocabularies in
force, embeddings, calibration, and the places of files. Whoever changes one of these calls `follow_descriptions`.

What a person rejects stays among these tags and is not shown, as with other imports.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from query.errors import DescriberSource, SourceTaken
from query.similarity import cosine_of, probability
from query.tagging.learning.label_matrix import on_grid
from query.vocabulary.labels import normalized_name
from store import DerivedTag, DescriptionWords, Space, TagSource, Transaction

from .effective_tags import FLOOR, spreads_in_force
from .label_words import LabelWords, NamedLabel
from .slots import slot_views

#: Descriptions whose words are verified together.
_CHUNK: Final = 4096


class WordState(StrEnum):
    """What became of a describer's word."""

    #: It is a tag.
    TAG = "tag"
    #: It is a label, but the photo's score is too low, or there is none yet.
    UNVERIFIED = "unverified"
    #: A person rejected the label for the photo.
    REJECTED = "rejected"
    #: No label that is in force for the photo is called so.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DescribedWord:
    """A word or phrase of a description, the label that is called so, and the photo's score for that, if any."""

    word: str
    state: WordState
    label: str | None = None
    score: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class UnnamedWord:
    """A word of describers that no label is called, with its number of photos: of all, and by each describer."""

    word: str
    photos: int
    by_describer: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class WordsInForce:
    """What decides on tags out of descriptions beside descriptions and embeddings: equal values give equal tags."""

    space_id: int | None
    #: Name, revision, labels as they were scored, and folders of each slot.
    slots: tuple[tuple[str, int, bytes, tuple[bytes, ...]], ...]
    calibration_id: int | None


def words_in_force(t: Transaction) -> WordsInForce | None:
    """What decides on tags out of descriptions now; None if there is no description."""
    if not t.descriptions.any():
        return None
    space = _answering(t)
    if space is None:
        return WordsInForce(None, (), None)
    slots = []
    for each in t.slots.of(space.id).in_force():
        scoring = t.scores.current(space.id, each.name)
        labels = b"" if scoring is None else scoring.label_ids.tobytes()
        slots.append((each.name, each.revision_id, labels, each.folders))
    calibration = None if space.identity.has_probabilities else t.calibrations.current(space.id)
    return WordsInForce(space.id, tuple(slots), None if calibration is None else calibration.id)


def follow_vocabularies(t: Transaction, before: WordsInForce | None) -> None:
    """Bring tags out of descriptions up to date if what decides on them has changed since *before*."""
    if before is not None and words_in_force(t) != before:
        follow_descriptions(t)


def follow_descriptions(t: Transaction, photo_ids: Sequence[int] | None = None) -> int:
    """Bring the tags out of the descriptions of these photos, or of all, up to date. Returns how many changed.

    Tags of other programs and of people stay as they are, and the history of tags does not tell of these.
    """
    removed, added = _changes(t, photo_ids)
    if removed or added:
        ids = {name: t.vocabularies.label_called(name) for name in sorted({tag.label for tag in added})}
        t.tags.change_derived(removed, [tag._replace(label_id=ids[tag.label]) for tag in added])
    return len(removed) + len(added)


def limit_slot(t: Transaction, name: str, folders: Sequence[bytes]) -> None:
    """Show the labels of that slot, which must exist, below these absolute *folders* alone; none for everywhere."""
    before = words_in_force(t)
    t.slots.limit(name, folders)
    follow_vocabularies(t, before)


def outdated_photos(t: Transaction) -> list[int]:
    """The photos whose tags out of descriptions are not up to date, ascending."""
    removed, added = _changes(t, None)
    return sorted({tag.photo_id for tag in (*removed, *added)})


def check_describer(t: Transaction, name: str) -> None:
    """Raise `SourceTaken` if tags were imported under a describer's name before it described any photo."""
    if name in t.tags.origins() and name not in t.descriptions.origins():
        raise SourceTaken(name)


def check_source(t: Transaction, name: str) -> None:
    """Raise `DescriberSource` if tags cannot be imported from *name* because it is a describer's."""
    if name in t.descriptions.origins():
        raise DescriberSource(name)


def described_words(
    t: Transaction, space: Space, photo_ids: Sequence[int]
) -> dict[int, dict[str, tuple[DescribedWord, ...]]]:
    """What became of the words of each photo's descriptions, by photo and describer.

    First a description's labels in their order, then what the caption adds: only labels, as it has other words, too.
    A word that several vocabularies know comes once for each.
    """
    rows = list(t.descriptions.words(photo_ids))
    if not rows:
        return {}
    verifier = _Verifier(t, space)
    said = {(row.photo_id, row.origin): verifier.said(row) for row in rows}
    scores = verifier.scores((key[0], label) for key, words in said.items() for _, label in words if label is not None)
    rejected = {
        (photo_id, tag.label)
        for photo_id, tags in t.tags.of(list(photo_ids)).items()
        for tag in tags
        if tag.source is TagSource.REJECTED
    }
    found: defaultdict[int, dict[str, tuple[DescribedWord, ...]]] = defaultdict(dict)
    for (photo_id, origin), words in said.items():
        of_one = [_judged(verifier, photo_id, word, label, scores, rejected) for word, label in words]
        found[photo_id][origin] = tuple(dict.fromkeys(of_one))
    return dict(found)


def unnamed_words(t: Transaction, least: int, most: int) -> list[UnnamedWord]:
    """The words of describers that no label in force is called, those of most photos first, at most *most*.

    Only words of *least* photos or more count. Words that differ by case, spaces or a regular plural are one, as its
    most frequent form. Words of captions do not count: they are not all names of things.
    """
    words, gone = LabelWords(slot_views(t)), set(t.photos.gone())
    forms: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    of_key: defaultdict[str, set[int]] = defaultdict(set)
    by_origin: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in t.descriptions.words():
        if row.photo_id in gone:
            continue
        unknown = {normalized_name(word, folded=True): word for word in row.labels if not words.called(word)}
        for key, word in unknown.items():
            if key:
                of_key[key].add(row.photo_id)
                forms[key][" ".join(word.split())] += 1
                by_origin[key][row.origin] += 1
    kept = sorted((key for key in of_key if len(of_key[key]) >= least), key=lambda key: (-len(of_key[key]), key))
    return [
        UnnamedWord(_first(forms[key]), len(of_key[key]), tuple(sorted(by_origin[key].items()))) for key in kept[:most]
    ]


def _first(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda form: (-counts[form], form))


def _answering(t: Transaction) -> Space | None:
    space_id = t.library.space_id()
    return None if space_id is None else t.spaces.get(space_id)


def _changes(t: Transaction, photo_ids: Sequence[int] | None) -> tuple[list[DerivedTag], list[DerivedTag]]:
    """The tags that are to be removed and added; the latter without a label's id."""
    removed: list[DerivedTag] = []
    added: list[DerivedTag] = []
    space = _answering(t)
    verifier = None
    for rows in _parts(t.descriptions.words(photo_ids)):
        verifier = verifier or (None if space is None else _Verifier(t, space))
        wanted = set() if verifier is None else _wanted(rows, verifier)
        origins, ids = sorted({row.origin for row in rows}), sorted({row.photo_id for row in rows})
        held = t.tags.derived(origins, ids)
        described = {(row.photo_id, row.origin) for row in rows}
        there = {(tag.photo_id, tag.origin, tag.label) for tag in held}
        removed += [tag for tag in held if tag[:3] not in wanted and tag[:2] in described]
        added += [DerivedTag(*key, 0) for key in sorted(wanted - there)]
    return removed, added


def _wanted(rows: Sequence[DescriptionWords], verifier: _Verifier) -> set[tuple[int, str, str]]:
    """Photo, describer and label of each tag out of these descriptions."""
    said = [(row, {label for _, label in verifier.said(row) if label is not None}) for row in rows]
    scores = verifier.scores((row.photo_id, label) for row, labels in said for label in labels)
    return {
        (row.photo_id, row.origin, label.name)
        for row, labels in said
        for label in labels
        if verifier.is_verified(label, scores.get((row.photo_id, label)))
    }


def _parts(rows: Iterable[DescriptionWords]) -> Iterator[list[DescriptionWords]]:
    """The descriptions in parts of about `_CHUNK`; those of one photo are in one part."""
    part: list[DescriptionWords] = []
    for row in rows:
        if len(part) >= _CHUNK and row.photo_id != part[-1].photo_id:
            yield part
            part = []
        part.append(row)
    if part:
        yield part


def _judged(
    verifier: _Verifier,
    photo_id: int,
    word: str,
    label: NamedLabel | None,
    scores: Mapping[tuple[int, NamedLabel], float],
    rejected: Collection[tuple[int, str]],
) -> DescribedWord:
    if label is None:
        return DescribedWord(word, WordState.UNKNOWN)
    score = scores.get((photo_id, label))
    state = WordState.TAG if verifier.is_verified(label, score) else WordState.UNVERIFIED
    if (photo_id, label.name) in rejected:
        state = WordState.REJECTED
    chance = None if score is None else probability(score, verifier.space.identity)
    return DescribedWord(word, state, label.name, score, chance)


class _Verifier:
    """The labels in force in a space, and the photos' scores for them, from embeddings and the labels' vectors."""

    def __init__(self, t: Transaction, space: Space) -> None:
        self._t = t
        self.space = space
        views = slot_views(t, space)
        self._words = LabelWords(views)
        self._scopes = {view.name: frozenset(t.scopes.photos(view.folders).tolist()) for view in views if view.folders}
        self._vectors: dict[int, NDArray[np.float64]] = {}
        self._minima: dict[int, float] = {}

    def said(self, row: DescriptionWords) -> list[tuple[str, NamedLabel | None]]:
        """The words of a description that count, each with a label in force for the photo, or None."""
        found: list[tuple[str, NamedLabel | None]] = []
        for word in row.labels:
            here = [label for label in self._words.called(word) if self._is_here(row.photo_id, label)]
            found += [(word, label) for label in here or (None,)]
        if row.caption is not None:
            known = {label for _, label in found}
            phrases = self._words.within(row.caption).items()
            found += [
                (phrase, label)
                for label, phrase in phrases
                if label not in known and self._is_here(row.photo_id, label)
            ]
        return found

    def _is_here(self, photo_id: int, label: NamedLabel) -> bool:
        """Return whether the label's vocabulary is in force for the photo."""
        return label.slot not in self._scopes or photo_id in self._scopes[label.slot]

    def is_verified(self, label: NamedLabel, score: float | None) -> bool:
        """True if the score, a cosine, is as high as the label's must be."""
        return score is not None and score >= self._minima[label.id]

    def scores(self, pairs: Iterable[tuple[int, NamedLabel]]) -> dict[tuple[int, NamedLabel], float]:
        """The cosines of these photos and labels, as far as both have vectors."""
        of_label: defaultdict[NamedLabel, set[int]] = defaultdict(set)
        for photo_id, label in pairs:
            of_label[label].add(photo_id)
        self._load(of_label)
        asked = sorted({photo_id for photo_ids in of_label.values() for photo_id in photo_ids})
        if not asked:
            return {}
        photos = self._t.embeddings.get(self.space.id, asked)
        matrix, row_of = photos.matrix.astype(np.float64), {key: row for row, key in enumerate(photos.ids.tolist())}
        found: dict[tuple[int, NamedLabel], float] = {}
        for label, photo_ids in of_label.items():
            vector = self._vectors.get(label.id)
            if vector is not None:
                there = [photo_id for photo_id in photo_ids if photo_id in row_of]
                # Exact until they are rounded once, like all scores of labels.
                cosines = (matrix[[row_of[photo_id] for photo_id in there]] @ vector).astype(np.float32)
                found.update(zip(((photo_id, label) for photo_id in there), cosines.tolist(), strict=True))
        return found

    def _load(self, labels: Iterable[NamedLabel]) -> None:
        """Read the vectors and the minima of labels that were not asked for before."""
        new = [label.id for label in labels if label.id not in self._minima]
        if not new:
            return
        vectors = self._t.labels.vectors(self.space.id, new)
        rows = on_grid(vectors.matrix.astype(np.float64))
        self._vectors.update(zip(vectors.ids.tolist(), rows, strict=True))
        floor = cosine_of(FLOOR, self.space.identity)
        spreads = spreads_in_force(self._t, self.space, new) if floor is None else {}
        for label_id in new:
            median = spreads[label_id].median if label_id in spreads else math.inf
            self._minima[label_id] = median if floor is None else floor
