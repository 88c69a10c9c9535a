"""Amendments: re-tags with a vocabulary that differs little from the one in force, where only what is new is scored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from store import Catalog, LeastRanks, PhotoScores, Scoring, Space, Transaction, Vectors

from .scorer import Columns, ExactScorer, best_of

#: If more than one in so many labels is new, scoring all labels is as quick.
_FEW: Final = 8
#: Far above the error of a cosine in float32.
_ROUGH: Final = 1e-4
#: Up to so many new labels are compared with all photos one by one.
_ONE_BY_ONE: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Amendment:
    """The difference between a stored scoring and a new label set."""

    old: Scoring
    new: Columns
    #: The new labels whose cosine or rank the old scoring does not have.
    added: Columns
    #: True for each label of the old scoring that still counts with the same offset: bool (k,).
    stays: NDArray[np.bool_]

    @property
    def is_empty(self) -> bool:
        """True if nothing differs."""
        return not len(self.added.label_ids) and bool(self.stays.all())

    @property
    def only_adds_few(self) -> bool:
        """True if all labels stay and few come: the rows need not be read to find the photos that change."""
        full = len(self.old.label_ids) >= self.new.most
        return full and bool(self.stays.all()) and 0 < len(self.added.label_ids) <= _ONE_BY_ONE

    def enters(self, rough: NDArray[np.float32], least: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return the photos for which a new label may be kept, bool (n,).

        *rough* are their cosines with the new labels, (n, added), *least* their least kept ranks, (n,), NaN where
        nothing is kept.
        """
        best: NDArray[np.float64] = (rough - self.added.offsets).max(axis=1)
        gains: NDArray[np.bool_] = best >= least - _ROUGH
        return gains

    def ranks(self, kept: PhotoScores) -> NDArray[np.float64]:
        """The ranks of the labels of *kept*, which are among the new ones, float64 (n, k)."""
        return kept.cosines - self.new.offsets[np.searchsorted(self.new.label_ids, kept.label_ids)]

    def loses(self, held: PhotoScores) -> NDArray[np.bool_]:
        """Return the photos of *held* that have kept a label that does not stay, bool (n,)."""
        if self.stays.all():
            return np.zeros(len(held), np.bool_)
        held_still: NDArray[np.int64] = self.stays[self.old.places(held.label_ids)].sum(axis=1)
        loses: NDArray[np.bool_] = held_still < held.label_ids.shape[1]
        return loses

    def touched(self, held: PhotoScores, vectors: Vectors) -> NDArray[np.bool_]:
        """Return the photos of *held* whose scores may differ, bool (n,). *vectors* are theirs, in the same order."""
        loses = self.loses(held)
        if not len(self.added.label_ids):
            return loses
        if held.label_ids.shape[1] < self.new.most:
            return np.ones(len(held), np.bool_)
        least = self.old.ranks(held).min(axis=1).astype(np.float32)
        return loses | self.enters(vectors.matrix @ self.added.matrix.T.astype(np.float32), least)

    def kept(self, held: PhotoScores, vectors: Vectors) -> tuple[PhotoScores, NDArray[np.bool_]]:
        """The new scores of the photos of *held*, and the photos for which they are not certain, bool (n,).

        *vectors* are the embeddings of the same photos in the same order.
        """
        places = self.old.places(held.label_ids)
        ranks = held.cosines - self.old.offsets[places]
        stays = self.stays[places]
        cosines = self.added.cosines(vectors.matrix)
        candidates = np.concatenate([held.label_ids, np.broadcast_to(self.added.label_ids, cosines.shape)], axis=1)
        scores = np.concatenate([held.cosines, cosines], axis=1)
        every_rank = np.concatenate([np.where(stays, ranks, -np.inf), cosines - self.added.offsets], axis=1)
        certain = stays.sum(axis=1) + self._beats(held.label_ids, ranks, cosines).sum(axis=1)
        order = np.argsort(candidates, axis=1, kind="stable")
        candidates, scores, every_rank = (
            np.take_along_axis(each, order, axis=1) for each in (candidates, scores, every_rank)
        )
        most = self.new.most
        if candidates.shape[1] < most:
            return PhotoScores(held.photo_ids, candidates, scores), np.ones(len(held), np.bool_)
        labels, best = best_of(candidates, scores, every_rank, most)
        return PhotoScores(held.photo_ids, labels, best), certain < most

    def _beats(
        self, label_ids: NDArray[np.int64], ranks: NDArray[np.float64], cosines: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Return the added labels that come before all labels that the old scoring did not keep, bool (n, added)."""
        if len(self.old.label_ids) <= label_ids.shape[1]:
            return np.ones(cosines.shape, np.bool_)
        last = ranks.min(axis=1, keepdims=True)
        last_label = np.where(ranks == last, label_ids, -1).max(axis=1, keepdims=True)
        new = cosines - self.added.offsets
        beats: NDArray[np.bool_] = (new > last) | ((new == last) & (self.added.label_ids < last_label))
        return beats


def amendment(old: Scoring, new: Columns) -> Amendment | None:
    """The amendment from *old* to the labels *new*; None if so much differs that scoring all is as quick."""
    places = np.searchsorted(old.label_ids, new.label_ids)
    inside = np.minimum(places, max(len(old.label_ids) - 1, 0))
    is_held = np.zeros(len(new.label_ids), np.bool_)
    if len(old.label_ids):
        is_held = (old.label_ids[inside] == new.label_ids) & (old.offsets[inside] == new.offsets)
    stays = np.zeros(len(old.label_ids), np.bool_)
    stays[inside[is_held]] = True
    added = int((~is_held).sum())
    if added * _FEW > len(new.label_ids) or int((~stays).sum()) * _FEW > len(old.label_ids):
        return None
    return Amendment(old, new, new.only(~is_held), stays)


def differs(one: PhotoScores, other: PhotoScores) -> NDArray[np.bool_]:
    """Return the photos whose scores differ, bool (n,); both are of the same photos."""
    if one.label_ids.shape != other.label_ids.shape:
        return np.ones(len(one), np.bool_)
    different: NDArray[np.bool_] = ((one.label_ids != other.label_ids) | (one.cosines != other.cosines)).any(axis=1)
    return different


class Update:
    """Scores the photos that *change* touches, *rows* of them together.

    *columns* are all labels of the vocabulary as it is now.

    `least` are the least ranks of all photos that were looked at, and scoring took `seconds`. `unreadable` photos have
    scores that cannot be brought up to date: their embeddings are absent or damaged.
    """

    def __init__(self, catalog: Catalog, space: Space, columns: Columns, change: Amendment, rows: int) -> None:
        self._catalog = catalog
        self._space = space
        self._exact = ExactScorer(columns)
        self._change = change
        self._rows = rows
        self.least = LeastRanks()
        self.unreadable: list[int] = []
        self.seconds = 0.0

    def parts(self) -> Iterator[tuple[int, PhotoScores]]:
        """The photos' scores that differ from the stored ones, in parts, each with the number of photos examined.

        Every part is read in a transaction of its own. They end early if another process has changed the old scoring.
        """
        yield from self._entered() if self._change.only_adds_few else self._each_page()

    def scored(self, vectors: Vectors) -> PhotoScores:
        """The kept scores of photos that have none yet."""
        before = time.perf_counter()
        kept = self._exact.kept(vectors)
        self.least.note(kept.photo_ids, self._change.ranks(kept))
        self.seconds += time.perf_counter() - before
        return kept

    def _each_page(self) -> Iterator[tuple[int, PhotoScores]]:
        change, after = self._change, 0
        while True:
            with self._catalog.read() as t:
                if not self._is_unchanged(t):
                    return
                held = next(t.scores.scan(change.old.id, self._rows, after=after), None)
                if held is None:
                    break
                differing = self._differing(t, held if len(change.added.label_ids) else self._losing(held))
            after = int(held.photo_ids[-1])
            yield len(held), differing
        after = 0
        while True:
            with self._catalog.read() as t:
                unscored = t.scores.missing(change.old, after, self._rows)
                vectors = t.embeddings.get(self._space.id, unscored)
            if not unscored:
                return
            after = unscored[-1]
            yield len(vectors), self.scored(vectors)

    def _is_unchanged(self, t: Transaction) -> bool:
        old = self._change.old
        return t.scores.stamp(self._space.id, old.slot) == (old.id, old.edition)

    def _losing(self, held: PhotoScores) -> PhotoScores:
        """The photos of *held* that lose a label. The others keep their scores; their embeddings need not be read."""
        loses = self._change.loses(held)
        stays = held.of(~loses)
        self.least.note(stays.photo_ids, self._change.old.ranks(stays))
        return held.of(loses)

    def _entered(self) -> Iterator[tuple[int, PhotoScores]]:
        """The parts of `parts`; reads only the rows of photos for which a new label may be kept."""
        change = self._change
        with self._catalog.read() as t:
            if not self._is_unchanged(t):
                return
            before = time.perf_counter()
            photo_ids, rough = t.embeddings.approximate_cosines(self._space.id, change.added.matrix.astype(np.float32))
            self.least = t.scores.least_ranks(change.old)
            least = self.least.of(photo_ids)
            entered, unscored = photo_ids[change.enters(rough, least)].tolist(), photo_ids[np.isnan(least)].tolist()
            self.seconds += time.perf_counter() - before
        for start in range(0, len(entered), self._rows):
            with self._catalog.read() as t:
                if not self._is_unchanged(t):
                    return
                differing = self._differing(t, t.scores.of(change.old.id, entered[start : start + self._rows]))
            yield len(differing), differing
        for start in range(0, len(unscored), self._rows):
            with self._catalog.read() as t:
                vectors = t.embeddings.get(self._space.id, unscored[start : start + self._rows])
            yield len(vectors), self.scored(vectors)

    def _differing(self, t: Transaction, held: PhotoScores) -> PhotoScores:
        """The scores of photos of *held* that differ now; photos without an embedding are left out."""
        change = self._change
        vectors = t.embeddings.get(self._space.id, held.photo_ids.tolist())
        before = time.perf_counter()
        there = np.isin(held.photo_ids, vectors.ids)
        self.unreadable += held.photo_ids[~there].tolist()
        held = held.of(there)
        touched = change.touched(held, vectors)
        some, rows = held.of(touched), Vectors(vectors.ids[touched], vectors.matrix[touched])
        kept, doubtful = change.kept(some, rows)
        exact = self._exact.kept(Vectors(rows.ids[doubtful], rows.matrix[doubtful]))
        if doubtful.all():
            kept = exact
        else:
            kept.label_ids[doubtful], kept.cosines[doubtful] = exact.label_ids, exact.cosines
        differing = kept.of(differs(some, kept))
        self.least.note(held.photo_ids, change.old.ranks(held))
        self.least.note(kept.photo_ids, change.ranks(kept))
        self.seconds += time.perf_counter() - before
        return differing
