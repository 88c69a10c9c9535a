"""Brings what a scoring kept of photos up to date, where little of its vocabulary changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from store import KeptScores, LeastRanks, Space, Transaction, Vectors

from .amendment import Amendment, differs
from .scorer import Columns, ExactScorer

#: Photos that are read and written together.
_CHUNK = 4096


class Update:
    """One update, and what it did so far: `changed` photos have other scores, and scoring took `seconds`.

    *columns* are all labels of the vocabulary as it is now; *tell* hears how many photos were looked at.
    """

    def __init__(self, space: Space, columns: Columns, change: Amendment, tell: Callable[[int], None]) -> None:
        self._space = space
        self._columns = columns
        self._change = change
        self._tell = tell
        #: Of the photos that were scored or looked at.
        self._least = LeastRanks()
        self.changed = 0
        self.seconds = 0.0

    def run(self, t: Transaction) -> Sequence[int]:
        """Bring the rows up to date; returns the photos that have none yet."""
        change = self._change
        if change.is_empty:
            return t.scores.missing(change.old)
        if change.only_adds_few:
            return self._run_entered(t)
        t.scores.forget_without_embedding(change.old)
        done = 0
        for held in t.scores.scan(change.old.id, _CHUNK):
            self._update(t, held if len(change.added.label_ids) else self._losing(held))
            done += len(held)
            self._tell(done)
        t.scores.keep_least_ranks(change.old, self._least)
        return t.scores.missing(change.old)

    def _losing(self, held: KeptScores) -> KeptScores:
        """Those of *held* that lose a label. What others have kept stands, and their embeddings need not be read."""
        loses = self._change.loses(held)
        stays = held.of(~loses)
        self._least.note(stays.photo_ids, self._change.old.ranks(stays))
        return held.of(loses)

    def _run_entered(self, t: Transaction) -> Sequence[int]:
        """As `run`, reading only the rows of photos that a new label may be kept of."""
        change = self._change
        before = time.perf_counter()
        photo_ids, rough = t.embeddings.approximate_cosines(self._space.id, change.added.matrix.astype(np.float32))
        self._least = t.scores.least_ranks(change.old)
        least = self._least.of(photo_ids)
        entered = photo_ids[change.enters(rough, least)].tolist()
        self.seconds += time.perf_counter() - before
        # Their embeddings are gone.
        gone = np.setdiff1d(self._least.photo_ids(), photo_ids, assume_unique=True)
        t.scores.forget(change.old.id, gone.tolist())
        self._least.forget(gone)
        for start in range(0, len(entered), _CHUNK):
            self._update(t, t.scores.of(change.old.id, entered[start : start + _CHUNK]))
        t.scores.keep_least_ranks(change.old, self._least)
        late: list[int] = photo_ids[np.isnan(least)].tolist()
        return late

    def _update(self, t: Transaction, held: KeptScores) -> None:
        """Bring the rows *held* up to date."""
        change = self._change
        vectors = t.embeddings.get(self._space.id, held.photo_ids.tolist())
        there = np.isin(held.photo_ids, vectors.ids)
        t.scores.forget(change.old.id, held.photo_ids[~there].tolist())
        before = time.perf_counter()
        held = held.of(there)
        touched = change.touched(held, vectors)
        some, rows = held.of(touched), Vectors(vectors.ids[touched], vectors.matrix[touched])
        kept, doubtful = change.kept(some, rows)
        exact = ExactScorer(self._columns).kept(Vectors(rows.ids[doubtful], rows.matrix[doubtful]))
        if doubtful.all():
            kept = exact
        else:
            kept.label_ids[doubtful], kept.cosines[doubtful] = exact.label_ids, exact.cosines
        new = kept.of(differs(some, kept))
        self._least.note(held.photo_ids, change.old.ranks(held))
        self._least.note(kept.photo_ids, change.ranks(kept))
        self.seconds += time.perf_counter() - before
        t.scores.put(change.old.id, new)
        self.changed += len(new)
