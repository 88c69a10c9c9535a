"""The scores that an amendment changes: of each photo what is kept now, where that differs."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from store import Catalog, KeptScores, LeastRanks, Space, Transaction, Vectors

from .amendment import Amendment, differs
from .scorer import Columns, ExactScorer


class Update:
    """Scores the photos that *change* touches, *rows* of them together.

    *columns* are all labels of the vocabulary as it is now.

    `least` are the least ranks of all photos that were looked at, and scoring took `seconds`.
    """

    def __init__(self, catalog: Catalog, space: Space, columns: Columns, change: Amendment, rows: int) -> None:
        self._catalog = catalog
        self._space = space
        self._exact = ExactScorer(columns)
        self._change = change
        self._rows = rows
        self.least = LeastRanks()
        self.seconds = 0.0

    def parts(self) -> Iterator[tuple[int, KeptScores]]:
        """The photos' scores that differ from the stored ones, each time with the number of photos looked at.

        Every part is read in a transaction of its own. They end early if another process has changed the old scoring.
        """
        yield from self._entered() if self._change.only_adds_few else self._each_page()

    def scored(self, vectors: Vectors) -> KeptScores:
        """What is kept of photos that have no scores yet, by every label."""
        before = time.perf_counter()
        kept = self._exact.kept(vectors)
        self.least.note(kept.photo_ids, self._change.ranks(kept))
        self.seconds += time.perf_counter() - before
        return kept

    def _each_page(self) -> Iterator[tuple[int, KeptScores]]:
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

    def _losing(self, held: KeptScores) -> KeptScores:
        """The photos of *held* that lose a label. The others keep their scores; their embeddings need not be read."""
        loses = self._change.loses(held)
        stays = held.of(~loses)
        self.least.note(stays.photo_ids, self._change.old.ranks(stays))
        return held.of(loses)

    def _entered(self) -> Iterator[tuple[int, KeptScores]]:
        """As `parts`, reading only the rows of photos that a new label may be kept of."""
        change = self._change
        with self._catalog.read() as t:
            if not self._is_unchanged(t):
                return
            before = time.perf_counter()
            photo_ids, rough = t.embeddings.roughly(self._space.id, change.added.matrix.astype(np.float32))
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

    def _differing(self, t: Transaction, held: KeptScores) -> KeptScores:
        """The scores of photos of *held* that differ now; photos without an embedding are left out."""
        change = self._change
        vectors = t.embeddings.get(self._space.id, held.photo_ids.tolist())
        before = time.perf_counter()
        held = held.of(np.isin(held.photo_ids, vectors.ids))
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
