"""Amendments: re-tags with a vocabulary that differs little from the one in force; only new labels are scored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from store import Catalog, LeastRanks, PhotoScores, Scoring, Space, Transaction, Vectors

from .scorer import Columns, ExactScorer, best_of

#: If more than one label in this many is new, scoring all labels is as quick.
_WORTH_AMENDING: Final = 8
#: Far above the error of a cosine in float32.
_COSINE_ERROR: Final = 1e-4
#: Up to this many new labels are compared with all photos one by one.
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
        """True if all labels stay and few are new: the photos that change are found without reading their scores."""
        full = len(self.old.label_ids) >= self.new.most
        return full and bool(self.stays.all()) and 0 < len(self.added.label_ids) <= _ONE_BY_ONE

    def may_enter(self, approximate: NDArray[np.float32], least: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return the photos for which a new label may be kept, bool (n,).

        *approximate* are their cosines with the new labels, (n, added), *least* their least kept ranks, (n,), NaN where
        nothing is kept.
        """
        best: NDArray[np.float64] = (approximate - self.added.offsets).max(axis=1)
        may_enter: NDArray[np.bool_] = best >= least - _COSINE_ERROR
        return may_enter

    def ranks(self, kept: PhotoScores) -> NDArray[np.float64]:
        """The ranks of the labels of *kept*, which are among the new ones, float64 (n, k)."""
        return kept.cosines - self.new.offsets[np.searchsorted(self.new.label_ids, kept.label_ids)]

    def loses_labels(self, stored: PhotoScores) -> NDArray[np.bool_]:
        """Return the photos of *stored* that have kept a label that does not stay, bool (n,)."""
        if self.stays.all():
            return np.zeros(len(stored), np.bool_)
        held_still: NDArray[np.int64] = self.stays[self.old.places(stored.label_ids)].sum(axis=1)
        loses_labels: NDArray[np.bool_] = held_still < stored.label_ids.shape[1]
        return loses_labels

    def may_differ(self, stored: PhotoScores, vectors: Vectors) -> NDArray[np.bool_]:
        """Return the photos of *stored* whose scores may differ, bool (n,). *vectors* are theirs, in the same order."""
        loses_labels = self.loses_labels(stored)
        if not len(self.added.label_ids):
            return loses_labels
        if stored.label_ids.shape[1] < self.new.most:
            return np.ones(len(stored), np.bool_)
        least = self.old.ranks(stored).min(axis=1).astype(np.float32)
        return loses_labels | self.may_enter(vectors.matrix @ self.added.matrix.T.astype(np.float32), least)

    def kept(self, stored: PhotoScores, vectors: Vectors) -> tuple[PhotoScores, NDArray[np.bool_]]:
        """The new scores of the photos of *stored*, and the photos for which they are not certain, bool (n,).

        *vectors* are the embeddings of the same photos in the same order.
        """
        places = self.old.places(stored.label_ids)
        ranks = stored.cosines - self.old.offsets[places]
        stays = self.stays[places]
        cosines = self.added.cosines(vectors.matrix)
        candidates = np.concatenate([stored.label_ids, np.broadcast_to(self.added.label_ids, cosines.shape)], axis=1)
        scores = np.concatenate([stored.cosines, cosines], axis=1)
        every_rank = np.concatenate([np.where(stays, ranks, -np.inf), cosines - self.added.offsets], axis=1)
        certain = stays.sum(axis=1) + self._outranks_unkept(stored.label_ids, ranks, cosines).sum(axis=1)
        order = np.argsort(candidates, axis=1, kind="stable")
        candidates, scores, every_rank = (
            np.take_along_axis(each, order, axis=1) for each in (candidates, scores, every_rank)
        )
        most = self.new.most
        if candidates.shape[1] < most:
            return PhotoScores(stored.photo_ids, candidates, scores), np.ones(len(stored), np.bool_)
        labels, best = best_of(candidates, scores, every_rank, most)
        return PhotoScores(stored.photo_ids, labels, best), certain < most

    def _outranks_unkept(
        self, label_ids: NDArray[np.int64], ranks: NDArray[np.float64], cosines: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Return the added labels that come before all labels that the old scoring did not keep, bool (n, added)."""
        if len(self.old.label_ids) <= label_ids.shape[1]:
            return np.ones(cosines.shape, np.bool_)
        last = ranks.min(axis=1, keepdims=True)
        last_label = np.where(ranks == last, label_ids, -1).max(axis=1, keepdims=True)
        new = cosines - self.added.offsets
        outranks: NDArray[np.bool_] = (new > last) | ((new == last) & (self.added.label_ids < last_label))
        return outranks


def amendment(old: Scoring, new: Columns) -> Amendment | None:
    """The amendment from *old* to the labels *new*; None if scoring all labels is as quick."""
    places = np.searchsorted(old.label_ids, new.label_ids)
    inside = np.minimum(places, max(len(old.label_ids) - 1, 0))
    is_held = np.zeros(len(new.label_ids), np.bool_)
    if len(old.label_ids):
        is_held = (old.label_ids[inside] == new.label_ids) & (old.offsets[inside] == new.offsets)
    stays = np.zeros(len(old.label_ids), np.bool_)
    stays[inside[is_held]] = True
    added = int((~is_held).sum())
    if added * _WORTH_AMENDING > len(new.label_ids) or int((~stays).sum()) * _WORTH_AMENDING > len(old.label_ids):
        return None
    return Amendment(old, new, new.only(~is_held), stays)


def differs(one: PhotoScores, other: PhotoScores) -> NDArray[np.bool_]:
    """Return the photos whose scores differ, bool (n,); both are of the same photos."""
    if one.label_ids.shape != other.label_ids.shape:
        return np.ones(len(one), np.bool_)
    different: NDArray[np.bool_] = ((one.label_ids != other.label_ids) | (one.cosines != other.cosines)).any(axis=1)
    return different


class Rescoring:
    """New scores of the photos that *change* affects, *rows* of them at once. *columns* are all labels.

    `least` are the least ranks of all photos examined, and scoring took `seconds`. The scores of `unreadable` photos
    cannot be brought up to date: their embeddings are absent or damaged.
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
        yield from self._entering_parts() if self._change.only_adds_few else self._scanned_parts()

    def scored(self, vectors: Vectors) -> PhotoScores:
        """The kept scores of photos that have none yet."""
        before = time.perf_counter()
        kept = self._exact.kept(vectors)
        self.least.note(kept.photo_ids, self._change.ranks(kept))
        self.seconds += time.perf_counter() - before
        return kept

    def _scanned_parts(self) -> Iterator[tuple[int, PhotoScores]]:
        change, after = self._change, 0
        while True:
            with self._catalog.read() as t:
                if not self._is_unchanged(t):
                    return
                stored = next(t.scores.scan(change.old.id, self._rows, after=after), None)
                if stored is None:
                    break
                differing = self._differing(t, stored if len(change.added.label_ids) else self._without_lost(stored))
            after = int(stored.photo_ids[-1])
            yield len(stored), differing
        with self._catalog.read() as t:
            ranges = t.scores.missing_ranges(change.old)
        for each in ranges:
            with self._catalog.read() as t:
                unscored = t.scores.missing(change.old, each.first - 1, each.last)
            for start in range(0, len(unscored), self._rows):
                with self._catalog.read() as t:
                    vectors = t.embeddings.get(self._space.id, unscored[start : start + self._rows])
                yield len(vectors), self.scored(vectors)

    def _is_unchanged(self, t: Transaction) -> bool:
        old = self._change.old
        return t.scores.stamp(self._space.id, old.slot) == (old.id, old.edition)

    def _without_lost(self, stored: PhotoScores) -> PhotoScores:
        """The photos of *stored* that lose a label. The others keep their scores."""
        loses_labels = self._change.loses_labels(stored)
        stays = stored.of(~loses_labels)
        self.least.note(stays.photo_ids, self._change.old.ranks(stays))
        return stored.of(loses_labels)

    def _entering_parts(self) -> Iterator[tuple[int, PhotoScores]]:
        """The parts of `parts`; reads only the rows of photos for which a new label may be kept."""
        change = self._change
        with self._catalog.read() as t:
            if not self._is_unchanged(t):
                return
            before = time.perf_counter()
            photo_ids, approximate = t.embeddings.approximate_cosines(
                self._space.id, change.added.matrix.astype(np.float32)
            )
            self.least = t.scores.least_ranks(change.old)
            least = self.least.of(photo_ids)
            entering, unscored = (
                photo_ids[change.may_enter(approximate, least)].tolist(),
                photo_ids[np.isnan(least)].tolist(),
            )
            self.seconds += time.perf_counter() - before
        for start in range(0, len(entering), self._rows):
            with self._catalog.read() as t:
                if not self._is_unchanged(t):
                    return
                differing = self._differing(t, t.scores.of(change.old.id, entering[start : start + self._rows]))
            yield len(differing), differing
        for start in range(0, len(unscored), self._rows):
            with self._catalog.read() as t:
                vectors = t.embeddings.get(self._space.id, unscored[start : start + self._rows])
            yield len(vectors), self.scored(vectors)

    def _differing(self, t: Transaction, stored: PhotoScores) -> PhotoScores:
        """The scores of photos of *stored* that differ now; photos without an embedding are left out."""
        change = self._change
        vectors = t.embeddings.get(self._space.id, stored.photo_ids.tolist())
        before = time.perf_counter()
        there = np.isin(stored.photo_ids, vectors.ids)
        self.unreadable += stored.photo_ids[~there].tolist()
        stored = stored.of(there)
        may_differ = change.may_differ(stored, vectors)
        some, rows = stored.of(may_differ), Vectors(vectors.ids[may_differ], vectors.matrix[may_differ])
        kept, uncertain = change.kept(some, rows)
        exact = self._exact.kept(Vectors(rows.ids[uncertain], rows.matrix[uncertain]))
        if uncertain.all():
            kept = exact
        else:
            kept.label_ids[uncertain], kept.cosines[uncertain] = exact.label_ids, exact.cosines
        differing = kept.of(differs(some, kept))
        self.least.note(stored.photo_ids, change.old.ranks(stored))
        self.least.note(kept.photo_ids, change.ranks(kept))
        self.seconds += time.perf_counter() - before
        return differing
