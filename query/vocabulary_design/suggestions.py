"""Suggestions: labels from a word list that would describe what a vocabulary's tags leave unexplained.

A photo's embedding minus the library's mean is modelled as the sum of its tags' parts, which are fitted over the
library (ridge regression). The residual is what the tags leave unexplained. A word is a candidate for the photos that
it would tag, by its own calibrated threshold, and whose residual scores one spread or more by it. The word with the
largest sum of such scores is chosen and counts as a tag from then on; then the next is chosen (matching pursuit:
Mallat and Zhang, 1993). Photos without a tag even then are grouped by similarity, each with the first earlier photo
that is similar, and get no label. The result is deterministic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from query.similarity.text_vectors import TextVectors
from query.tagging import minimum_of, spread_of, tags_of
from query.tagging.learning.label_matrix import matrix_of
from query.tagging.learning.sample import sample_ids
from query.tagging.reports.tag_counts import as_revision
from query.vocabulary.labels import LabelFinder
from store import Catalog, Photo, Space, SpaceIdentity, VocabularyDefinition

#: Spreads of a word's own scores that a photo's residual must score for the word to be new for it.
_NEW: Final = 1.0
#: Spreads above its median that a word must score on such photos to fit them.
_FITS: Final = 2.0
#: Photos needed for a suggestion, and for a label's part to be fitted.
MIN_PHOTOS: Final = 5
#: Ridge penalty: counts as so many photos without the label, which keeps the part of a rare label small.
_RIDGE: Final = 1.0
#: Cosine of two residuals from which photos are similar.
_SIMILAR: Final = 0.5
#: Words and photos in each suggestion.
_NAMES: Final = 4
_PHOTOS: Final = 4
#: Words scored at once.
_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Photos that lack a label: their number in the sample, the clearest of them, and labels that fit, best first.

    With each label, the spreads by which the photos exceed its median, and the spreads that the tags leave unexplained.
    """

    count: int
    labels: tuple[tuple[str, float, float], ...]
    photos: tuple[Photo, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Suggestions with a label, most important first, and groups of similar untagged photos that no label fits.

    `sampled` of `total` photos were examined; `untagged` of these have no tag.
    """

    named: tuple[Suggestion, ...]
    unnamed: tuple[Suggestion, ...]
    sampled: int
    total: int
    untagged: int


def suggest_labels(
    catalog: Catalog,
    space: Space,
    vocabulary: VocabularyDefinition,
    words: VocabularyDefinition,
    texts: TextVectors,
    count: int,
    progress: Callable[[int, int], None] | None = None,
) -> Suggestions:
    """Return at most *count* suggestions of either kind for *vocabulary*, which is in force, with labels from *words*.

    *progress* gets the numbers of texts encoded and to encode.
    """
    new = missing_labels(vocabulary, words)
    matrix = np.empty((0, space.identity.dimension), np.float32)
    if new.labels:
        matrix = matrix_of(catalog, space, as_revision(new), texts, progress).matrix.astype(np.float32)
    names = [label.name for label in new.labels]
    photo_ids, total = sample_ids(catalog, space)
    with catalog.read() as t:
        vectors = t.embeddings.get(space.id, photo_ids.tolist())
        tags = tags_of(t, space, vectors.ids.tolist())
    tagged = _indicators([[tag.label for tag in tags[key]] for key in vectors.ids.tolist()])
    if not len(vectors):
        return Suggestions((), (), 0, 0, 0)
    scored = _scored(vectors.matrix, matrix, names, space.identity)
    named, tagged = _choose_words(vectors.matrix, tagged, scored, count)
    is_untagged = np.array([not tags[key] for key in vectors.ids.tolist()])
    alone = _similar_groups(_residual(vectors.matrix, tagged), is_untagged, tagged)[:count]
    with catalog.read() as t:
        wanted = [place for _, _, places in [*named, *alone] for place in places[:_PHOTOS]]
        photos = {each.id: each for each in t.photos.get(vectors.ids[wanted].tolist())}

    def suggestion(found: tuple[int, tuple[tuple[str, float, float], ...], NDArray[np.int64]]) -> Suggestion:
        amount, fitting, places = found
        shown = (photos.get(key) for key in vectors.ids[places[:_PHOTOS]].tolist())
        return Suggestion(amount, fitting, tuple(photo for photo in shown if photo is not None))

    untagged = int(is_untagged.sum())
    return Suggestions(tuple(map(suggestion, named)), tuple(map(suggestion, alone)), len(vectors), total, untagged)


def missing_labels(vocabulary: VocabularyDefinition, words: VocabularyDefinition) -> VocabularyDefinition:
    """Return the labels of *words* that *vocabulary* does not have under any name or alias."""
    finder = LabelFinder(vocabulary.labels)
    new = tuple(
        label
        for label in words.labels
        if not any(finder.label(name) is not None for name in (label.name, *label.aliases))
    )
    return VocabularyDefinition(words.name, new)


#: Number of photos, labels that fit, and the photos' places, clearest first.
_Candidate = tuple[int, tuple[tuple[str, float, float], ...], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class _ScoredWords:
    """Words that would tag enough photos: vectors divided by spreads, (k, d), spreads and medians.

    `places` has for each word the places of the photos it would tag.
    """

    names: tuple[str, ...]
    matrix: NDArray[np.float32]
    spreads: NDArray[np.float32]
    medians: NDArray[np.float32]
    places: tuple[NDArray[np.int64], ...]


def _scored(
    photos: NDArray[np.float32], words: NDArray[np.float32], names: Sequence[str], identity: SpaceIdentity
) -> _ScoredWords:
    kept, rows, places = [], [], []
    for start in range(0, len(words), _BLOCK):
        cosines = photos @ words[start : start + _BLOCK].T
        for at, spread in enumerate(spread_of(cosines)):
            # The threshold alone also admits what most photos show (probability 0.9), which no photo lacks.
            least = max(minimum_of(spread, identity), spread.median + _FITS * spread.spread)
            there = np.flatnonzero(cosines[:, at] >= least)
            if len(there) >= MIN_PHOTOS:
                kept.append(start + at)
                rows.append(spread)
                places.append(there)
    numbers = np.array(rows, np.float32).reshape(len(rows), 2)
    matrix = words[kept] / numbers[:, 1:] if kept else np.empty((0, photos.shape[1]), np.float32)
    return _ScoredWords(tuple(names[at] for at in kept), matrix, numbers[:, 1], numbers[:, 0], tuple(places))


def _choose_words(
    photos: NDArray[np.float32], tagged: NDArray[np.float32], words: _ScoredWords, count: int
) -> tuple[list[_Candidate], NDArray[np.float32]]:
    """Choose the words that explain most, one after the other; also return the tag indicators with them added."""
    found: list[_Candidate] = []
    taken: set[int] = set()
    while len(found) < count:
        residual = _residual(photos, tagged)
        best, most, members = -1, 0.0, np.empty(0, np.int64)
        for at, places in enumerate(words.places):
            if at not in taken:
                score = residual[places] @ words.matrix[at]
                new = score >= _NEW
                if int(new.sum()) >= MIN_PHOTOS and float(score[new].sum()) > most:
                    best, most, members = at, float(score[new].sum()), places[new][np.argsort(-score[new])]
        if best < 0:
            break
        taken.add(best)
        found.append((len(members), _fitting_words(photos, residual, words, members, best), members))
        column = np.zeros((len(photos), 1), np.float32)
        column[words.places[best]] = 1
        tagged = np.hstack([tagged, column])
    return found, tagged


def _fitting_words(
    photos: NDArray[np.float32],
    residual: NDArray[np.float32],
    words: _ScoredWords,
    members: NDArray[np.int64],
    best: int,
) -> tuple[tuple[str, float, float], ...]:
    """Return the words that fit these photos: *best*, and others that are as new for them."""
    score = words.matrix @ residual[members].mean(0)
    calibrated = words.matrix @ photos[members].mean(0) - words.medians / words.spreads
    fits = (score >= _NEW) & (calibrated >= _FITS)
    order = [best, *(at for at in np.argsort(-score).tolist() if fits[at] and at != best)]
    return tuple((words.names[at], float(calibrated[at]), float(score[at])) for at in order[:_NAMES])


def _residual(photos: NDArray[np.float32], tagged: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the photos, (n, d), minus their mean and the fitted parts of their tags *tagged*, 0 or 1 (n, labels)."""
    centred = np.asarray(photos - photos.mean(0), np.float32)
    if not tagged.shape[1]:
        return centred
    # In float64, so that thresholds give the same result on every machine.
    exact = tagged.astype(np.float64)
    parts = np.linalg.solve(exact.T @ exact + _RIDGE * np.eye(tagged.shape[1]), exact.T @ centred.astype(np.float64))
    return np.asarray(centred - exact @ parts, np.float32)


def _indicators(labels: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """Return 1 where a photo has a label, (photos, labels on at least `MIN_PHOTOS`)."""
    counts = Counter(name for of_one in labels for name in set(of_one))
    places: Mapping[str, int] = {
        name: at for at, name in enumerate(sorted(name for name, amount in counts.items() if amount >= MIN_PHOTOS))
    }
    table = np.zeros((len(labels), len(places)), np.float32)
    for row, of_one in enumerate(labels):
        table[row, [places[name] for name in set(of_one) if name in places]] = 1
    return table


def _similar_groups(
    residual: NDArray[np.float32], untagged: NDArray[np.bool_], tagged: NDArray[np.float32]
) -> list[_Candidate]:
    """Return groups of photos without tags, each similar to the group's first; largest group first."""
    places = np.flatnonzero(untagged & ~tagged.any(axis=1))
    rows = residual[places] / np.maximum(np.linalg.norm(residual[places], axis=1, keepdims=True), 1e-9)
    free = np.ones(len(places), np.bool_)
    found: list[_Candidate] = []
    for at in range(len(places)):
        if free[at]:
            cosines = rows @ rows[at]
            group = np.flatnonzero(free & (cosines >= _SIMILAR))
            free[group] = False
            if len(group) >= MIN_PHOTOS:
                found.append((len(group), (), places[group[np.argsort(-cosines[group], kind="stable")]]))
    return sorted(found, key=lambda each: -each[0])
