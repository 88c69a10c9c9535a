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
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from query.errors import DescriberSource, SourceTaken
from query.similarity import cosine_of, probability
from query.similarity.scores import on_grid
from query.vocabulary.labels import normalized_name
from store import DerivedTag, DescriptionWords, Space, TagSource, Transaction
from store.words import words_of

from .effective_tags import FLOOR, spreads_in_force
from .label_words import LabelWords, NamedLabel
from .slots import SlotView, slot_views, split_slot_name

#: Descriptions whose words are verified together.
_CHUNK: Final = 4096
#: More than products of unit vectors in float32 are off.
_INEXACT: Final = 1e-4
#: Names of labels that are sought in descriptions. Of more, reading all descriptions is as quick.
_FEW: Final = 16


class WordState(StrEnum):
    """States of a describer's word."""

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
    """Vocabularies and calibration as tags out of descriptions depend on them: equal values give equal tags.

    `scored` are the slots whose labels have vectors for certain.
    """

    space_id: int | None
    slots: tuple[SlotView, ...]
    scored: frozenset[str]
    calibration_id: int | None

    def changed_names(self, before: WordsInForce) -> set[str] | None:
        """The names and aliases of labels that differ from *before*; None if other things differ, too."""
        if replace(self, slots=()) != replace(before, slots=()) or _places(self.slots) != _places(before.slots):
            return None
        old, new = _labels(before.slots), _labels(self.slots)
        changed = set(old) ^ set(new)
        # Of labels with one alias in common, their order decides.
        if [each for each in old if each not in changed] != [each for each in new if each not in changed]:
            return None
        return {split_slot_name(name, [slot])[1] for slot, _, names in changed for name in names}


def _places(slots: Iterable[SlotView]) -> list[tuple[str, tuple[bytes, ...]]]:
    return [(view.name, view.folders) for view in slots]


def _labels(slots: Iterable[SlotView]) -> list[tuple[str, int, tuple[str, ...]]]:
    """Slot, id, and name and aliases of each label."""
    return [
        (view.name, label.id, (label.definition.name, *label.definition.aliases))
        for view in slots
        for label in view.revision.labels
    ]


def words_in_force(t: Transaction) -> WordsInForce | None:
    """Return what decides on tags out of descriptions now; None if there is no description."""
    if not t.descriptions.any():
        return None
    space = _answering(t)
    if space is None:
        return WordsInForce(None, (), frozenset(), None)
    calibration = None if space.identity.has_probabilities else t.calibrations.current(space.id)
    return WordsInForce(
        space.id,
        tuple(slot_views(t, space)),
        frozenset(t.scores.stamps(space.id)),
        None if calibration is None else calibration.id,
    )


def follow_vocabularies(t: Transaction, before: WordsInForce | None) -> None:
    """Bring tags out of descriptions up to date if what decides on them has changed since *before*.

    Where few labels have changed, only descriptions that may hold their names are read.
    """
    now = None if before is None else words_in_force(t)
    if before is None or now is None or now == before:
        return
    names = now.changed_names(before)
    if names is None or len(names) > _FEW:
        follow_descriptions(t)
        return
    words = [words_of(name) for name in names]
    if not all(words):
        follow_descriptions(t)
    elif names:
        parts = sorted({_common_part(max(some, key=len)) for some in words})
        follow_descriptions(t, t.descriptions.holding(parts))


def _common_part(word: str) -> str:
    """The beginning that a word's singular and plural have in common."""
    singular = normalized_name(word, folded=True)
    return singular.removesuffix("y") or singular


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
    """Return the words of each photo's descriptions with their states, by photo and describer.

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
        unknown: dict[str, str] = {}
        for word in row.labels:
            if not words.called(word):
                unknown.setdefault(normalized_name(word, folded=True), word)
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
        described = {row[:2] for row in rows}
        origins, ids = {origin for _, origin in described}, {photo_id for photo_id, _ in described}
        held = t.tags.derived(sorted(origins), sorted(ids))
        there = {tag[:3] for tag in held}
        removed += [tag for tag in held if tag[:3] not in wanted and tag[:2] in described]
        added += [DerivedTag(*key, 0) for key in sorted(wanted - there)]
    return removed, added


def _wanted(rows: Sequence[DescriptionWords], verifier: _Verifier) -> set[tuple[int, str, str]]:
    """Photo, describer and label of each tag out of these descriptions."""
    of_label: defaultdict[NamedLabel, list[DescriptionWords]] = defaultdict(list)
    for row in rows:
        for label in {label for _, label in verifier.said(row) if label is not None}:
            of_label[label].append(row)
    photos = verifier.photos({row.photo_id for some in of_label.values() for row in some})
    verifier.load(of_label)
    wanted: set[tuple[int, str, str]] = set()
    for label, some in of_label.items():
        is_verified = verifier.verified(label, photos, [row.photo_id for row in some])
        wanted.update((row[0], row[1], label.name) for row, is_one in zip(some, is_verified, strict=True) if is_one)
    return wanted


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
            named = self._words.called(word)
            here = [label for label in named if self._is_here(row.photo_id, label)] if self._scopes else named
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

    def photos(self, photo_ids: Collection[int]) -> _Photos:
        """The embeddings of these photos."""
        vectors = self._t.embeddings.get(self.space.id, sorted(photo_ids))
        return _Photos({key: row for row, key in enumerate(vectors.ids.tolist())}, vectors.matrix)

    def verified(self, label: NamedLabel, photos: _Photos, photo_ids: Sequence[int]) -> list[bool]:
        """True for those of *photo_ids* whose score for the label is as high as it must be."""
        vector, minimum = self._vectors.get(label.id), self._minima[label.id]
        rows = [photos.row_of.get(photo_id, -1) for photo_id in photo_ids]
        if vector is None or not len(photos.matrix):
            return [False] * len(rows)
        cosines = photos.matrix[rows] @ vector.astype(np.float32)
        # Products in float32 decide where they are far enough from the minimum. They take a third of the time.
        near = np.flatnonzero(np.abs(cosines - minimum) < _INEXACT)
        cosines[near] = _exact(photos.matrix[np.array(rows)[near]], vector)
        return [row >= 0 and is_one for row, is_one in zip(rows, (cosines >= minimum).tolist(), strict=True)]

    def scores(self, pairs: Iterable[tuple[int, NamedLabel]]) -> dict[tuple[int, NamedLabel], float]:
        """The cosines of these photos and labels, as far as both have vectors."""
        asked = list(pairs)
        self.load({label for _, label in asked})
        photos = self.photos({photo_id for photo_id, _ in asked})
        return {
            (photo_id, label): float(
                _exact(photos.matrix[photos.row_of[photo_id]][np.newaxis], self._vectors[label.id])[0]
            )
            for photo_id, label in asked
            if photo_id in photos.row_of and label.id in self._vectors
        }

    def load(self, labels: Iterable[NamedLabel]) -> None:
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


@dataclass(frozen=True, slots=True, eq=False)
class _Photos:
    """Embeddings, float32 (n, d), and the row of each photo."""

    row_of: Mapping[int, int]
    matrix: NDArray[np.float32]


def _exact(matrix: NDArray[np.float32], vector: NDArray[np.float64]) -> NDArray[np.float32]:
    """Cosines, float32 (n,), exact until they are rounded once, like all scores of labels."""
    cosines: NDArray[np.float32] = (matrix.astype(np.float64) @ vector).astype(np.float32)
    return cosines
