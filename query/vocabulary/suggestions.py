"""What a vocabulary has no word for: photos of which their tags leave much unsaid, named from a list of words.

A photo's embedding less the library's mean is taken to be the sum of what its tags say; each label's part is fitted
over the library (ridge regression). What is left is what the tags leave unsaid. A word names a gap where it would be a
tag, by its own calibrated threshold, and is not said already: where the photo's rest scores one spread or more by it.
The word with the most to say is taken, counts as a tag from then on, and the next is looked for (as in matching
pursuit: Mallat and Zhang, 1993). Photos that have no tag even then are put together by what they look like, each with
the first before it that it is like, and stay nameless. All of it is the same each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from query.search.text_vectors import TextVectors
from query.tagging import minimum_of, spread_of, tags_of
from query.tagging.learning.label_matrix import matrix_of
from query.tagging.learning.sample import sample_ids
from query.tagging.reports.tag_counts import as_revision
from store import Catalog, Photo, Space, SpaceIdentity, VocabularyDefinition

from .hierarchy import Speller

#: Spreads of a word's own scores that a photo's rest must score for the word to say something new of it.
_UNSAID: Final = 1.0
#: Spreads above its median that a word must lie on such photos to fit them.
_FITS: Final = 2.0
#: Photos that make a gap, and that a label must be on to explain any.
ENOUGH: Final = 5
#: What keeps the part of a label that is on few photos small: counts as so many photos without it.
_RIDGE: Final = 1.0
#: Cosine of two photos' rests from which they are alike.
_ALIKE: Final = 0.5
#: Words and photos that each gap is shown with.
_NAMES: Final = 4
_PHOTOS: Final = 4
#: Words that are scored together.
_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Gap:
    """Photos that lack a word: how many of those looked at, the clearest of them, and words that fit, best first.

    With each word by how many of its spreads they lie above its median, and how many of these the tags leave unsaid.
    """

    count: int
    words: tuple[tuple[str, float, float], ...]
    photos: tuple[Photo, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What was found: gaps with names, widest first; photos without any tag that no word names, by what they are like.

    `looked_at` of `total` photos were looked at; `untagged` of these have no tag.
    """

    named: tuple[Gap, ...]
    nameless: tuple[Gap, ...]
    looked_at: int
    total: int
    untagged: int


def suggest(
    catalog: Catalog,
    space: Space,
    vocabulary: VocabularyDefinition,
    words: VocabularyDefinition,
    texts: TextVectors,
    count: int,
    progress: Callable[[int, int], None] | None = None,
) -> Gaps:
    """At most *count* gaps of either kind in *vocabulary*, which is in force, named by what *words* has beyond it.

    *progress* hears of words that have to be encoded.
    """
    new = words_beyond(vocabulary, words)
    matrix = np.empty((0, space.identity.dimension), np.float32)
    if new.labels:
        matrix = matrix_of(catalog, space, as_revision(new), texts, progress).matrix.astype(np.float32)
    names = [label.name for label in new.labels]
    photo_ids, total = sample_ids(catalog, space)
    with catalog.read() as t:
        vectors = t.embeddings.get(space.id, photo_ids.tolist())
        tags = tags_of(t, space, vectors.ids.tolist())
    said = _indicators([[tag.label for tag in tags[key]] for key in vectors.ids.tolist()])
    untagged = sum(not tags[key] for key in vectors.ids.tolist())
    if not len(vectors):
        return Gaps((), (), 0, 0, 0)
    scored = _scored(vectors.matrix, matrix, names, space.identity)
    named, said = _pursue(vectors.matrix, said, scored, count)
    alone = _alike(_rest(vectors.matrix, said), np.array([not tags[key] for key in vectors.ids.tolist()]), said)
    with catalog.read() as t:
        wanted = [place for _, _, places in [*named, *alone[:count]] for place in places[:_PHOTOS]]
        photos = {each.id: each for each in t.photos.get(vectors.ids[wanted].tolist())}

    def gap(found: tuple[int, tuple[tuple[str, float, float], ...], NDArray[np.int64]]) -> Gap:
        amount, fitting, places = found
        shown = (photos.get(key) for key in vectors.ids[places[:_PHOTOS]].tolist())
        return Gap(amount, fitting, tuple(photo for photo in shown if photo is not None))

    return Gaps(tuple(map(gap, named)), tuple(map(gap, alone[:count])), len(vectors), total, untagged)


def words_beyond(vocabulary: VocabularyDefinition, words: VocabularyDefinition) -> VocabularyDefinition:
    """Those of *words* that *vocabulary* knows under no name."""
    speller = Speller(vocabulary.labels)
    new = tuple(
        label
        for label in words.labels
        if not any(speller.label(name) is not None for name in (label.name, *label.aliases))
    )
    return VocabularyDefinition(words.name, new)


#: How many photos, the words, and the photos' places, clearest first.
_Found = tuple[int, tuple[tuple[str, float, float], ...], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class _Scored:
    """Words that are on enough photos: their vectors by their spreads, (k, d), medians and spreads; and where each is.

    `places` are those of the photos that each would tag.
    """

    names: tuple[str, ...]
    matrix: NDArray[np.float32]
    spreads: NDArray[np.float32]
    medians: NDArray[np.float32]
    places: tuple[NDArray[np.int64], ...]


def _scored(
    photos: NDArray[np.float32], words: NDArray[np.float32], names: Sequence[str], identity: SpaceIdentity
) -> _Scored:
    kept, rows, places = [], [], []
    for start in range(0, len(words), _BLOCK):
        cosines = photos @ words[start : start + _BLOCK].T
        for at, spread in enumerate(spread_of(cosines)):
            # What the model is all but sure of is a tag though most photos show it, but hardly a gap.
            least = max(minimum_of(spread, identity), spread.median + _FITS * spread.spread)
            there = np.flatnonzero(cosines[:, at] >= least)
            if len(there) >= ENOUGH:
                kept.append(start + at)
                rows.append(spread)
                places.append(there)
    numbers = np.array(rows, np.float32).reshape(len(rows), 2)
    matrix = words[kept] / numbers[:, 1:] if kept else np.empty((0, photos.shape[1]), np.float32)
    return _Scored(tuple(names[at] for at in kept), matrix, numbers[:, 1], numbers[:, 0], tuple(places))


def _pursue(
    photos: NDArray[np.float32], said: NDArray[np.float32], words: _Scored, count: int
) -> tuple[list[_Found], NDArray[np.float32]]:
    """The words that say most, one after the other; and what is said once they are tags."""
    found: list[_Found] = []
    taken: set[int] = set()
    while len(found) < count:
        rest = _rest(photos, said)
        best, most, members = -1, 0.0, np.empty(0, np.int64)
        for at, places in enumerate(words.places):
            if at not in taken:
                unsaid = rest[places] @ words.matrix[at]
                new = unsaid >= _UNSAID
                if int(new.sum()) >= ENOUGH and float(unsaid[new].sum()) > most:
                    best, most, members = at, float(unsaid[new].sum()), places[new][np.argsort(-unsaid[new])]
        if best < 0:
            break
        taken.add(best)
        found.append((len(members), _fitting(photos, rest, words, members, best), members))
        column = np.zeros((len(photos), 1), np.float32)
        column[words.places[best]] = 1
        said = np.hstack([said, column])
    return found, said


def _fitting(
    photos: NDArray[np.float32], rest: NDArray[np.float32], words: _Scored, members: NDArray[np.int64], best: int
) -> tuple[tuple[str, float, float], ...]:
    """The words that fit these photos: *best*, and those of which as much is unsaid."""
    unsaid = words.matrix @ rest[members].mean(0)
    calibrated = words.matrix @ photos[members].mean(0) - words.medians / words.spreads
    fits = (unsaid >= _UNSAID) & (calibrated >= _FITS)
    order = [best, *(at for at in np.argsort(-unsaid).tolist() if fits[at] and at != best)]
    return tuple((words.names[at], float(calibrated[at]), float(unsaid[at])) for at in order[:_NAMES])


def _rest(photos: NDArray[np.float32], said: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the photos, (n, d), are beyond their mean and what is *said* of them, ones and noughts (n, labels)."""
    centred = np.asarray(photos - photos.mean(0), np.float32)
    if not said.shape[1]:
        return centred
    # In float64: whether a word reaches a threshold must not hang on the machine.
    exact = said.astype(np.float64)
    parts = np.linalg.solve(exact.T @ exact + _RIDGE * np.eye(said.shape[1]), exact.T @ centred.astype(np.float64))
    return np.asarray(centred - exact @ parts, np.float32)


def _indicators(labels: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """Ones where a photo has a label: (photos, labels that are on enough)."""
    counts = Counter(name for of_one in labels for name in set(of_one))
    places: Mapping[str, int] = {
        name: at for at, name in enumerate(sorted(name for name, amount in counts.items() if amount >= ENOUGH))
    }
    table = np.zeros((len(labels), len(places)), np.float32)
    for row, of_one in enumerate(labels):
        table[row, [places[name] for name in set(of_one) if name in places]] = 1
    return table


def _alike(rest: NDArray[np.float32], untagged: NDArray[np.bool_], said: NDArray[np.float32]) -> list[_Found]:
    """Photos of which nothing is said, in groups of which each is like the first; largest first."""
    places = np.flatnonzero(untagged & ~said.any(axis=1))
    rows = rest[places] / np.maximum(np.linalg.norm(rest[places], axis=1, keepdims=True), 1e-9)
    free = np.ones(len(places), np.bool_)
    found: list[_Found] = []
    for at in range(len(places)):
        if free[at]:
            cosines = rows @ rows[at]
            group = np.flatnonzero(free & (cosines >= _ALIKE))
            free[group] = False
            if len(group) >= ENOUGH:
                found.append((len(group), (), places[group[np.argsort(-cosines[group], kind="stable")]]))
    return sorted(found, key=lambda each: -each[0])
