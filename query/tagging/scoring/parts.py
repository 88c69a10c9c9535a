"""Parts of a scoring: photos without scores are scored and stored, a part at a time, one process beside others."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final

from store import Catalog, IdRange, PhotoScores, Scoring, Transaction, Vectors

from .scorer import Columns, ExactScorer, Scorer

#: Photos times labels from which loading torch, which takes a second or two, pays.
_WORTH_TORCH: Final = 10**8


def scorer_for(columns: Columns, photos: int) -> Scorer:
    """The scorer that is fastest for so many photos. All scorers give the same scores to the last bit."""
    if photos * len(columns.label_ids) < _WORTH_TORCH:
        return ExactScorer(columns)
    from .shortlist import ShortlistScorer  # noqa: PLC0415 - torch takes two seconds to load

    return ShortlistScorer(columns, ExactScorer(columns))


class Parts:
    """Scores the photos of a begun scoring that have no scores yet, and stores them in parts of *rows* photos at most.

    Other processes may be at the same scoring. *is_wanted* is asked in the transaction of each part, before it is
    stored; it may raise. If it says no, the rest is left, and `is_left` is true. Scoring took `seconds`.
    """

    def __init__(
        self,
        catalog: Catalog,
        scoring: Scoring,
        scorer: Scorer,
        rows: int,
        is_wanted: Callable[[Transaction], bool],
    ) -> None:
        self._catalog = catalog
        self._scoring = scoring
        self._scorer = scorer
        self._rows = rows
        self._is_wanted = is_wanted
        self.is_left = False
        self.seconds = 0.0

    def store(self, first: int = 0, last: int | None = None) -> Generator[int]:
        """Store the parts of the photos from *first* to *last*, and yield the number of photos of each.

        Without *last* they are all photos from *first* on, the newest first.
        """
        with closing(self._scored(first, last)) as parts:
            for count, kept in parts:
                with self._catalog.write_beside() as t:
                    if not self._is_wanted(t):
                        self.is_left = True
                        return
                    t.scores.put_part(self._scoring, kept)
                yield count

    def _scored(self, first: int, last: int | None) -> Generator[tuple[int, PhotoScores]]:
        """The kept scores of each part, with the number of photos examined.

        While one part is written, the next is scored.
        """
        coming = None
        with ThreadPoolExecutor(1, "retag") as executor:
            for count, vectors in self._read(first, last):
                following = count, executor.submit(self._kept, vectors)
                if coming is not None:
                    yield coming[0], coming[1].result()
                coming = following
            if coming is not None:
                yield coming[0], coming[1].result()

    def _read(self, first: int, last: int | None) -> Iterator[tuple[int, Vectors]]:
        """The embeddings of each part, with the number of photos that should have one."""
        after = first - 1
        while ranges := self._ranges(after, last):
            # Units of others, which they go through from the beginning, are then met half-way.
            for each in reversed(ranges) if last is None else ranges:
                yield from self._of_range(
                    max(after, each.first - 1), each.last if last is None else min(each.last, last)
                )
            after = ranges[-1].last

    def _ranges(self, after: int, last: int | None) -> list[IdRange]:
        with self._catalog.read() as t:
            return t.scores.missing_ranges(self._scoring, after, last)

    def _of_range(self, after: int, last: int) -> Iterator[tuple[int, Vectors]]:
        while True:
            # Another process may have been here since the ranges were read.
            with self._catalog.read() as t:
                photo_ids = t.scores.missing(self._scoring, after, last, self._rows)
                vectors = t.embeddings.get(self._scoring.space_id, photo_ids)
            if photo_ids:
                yield len(photo_ids), vectors
            if len(photo_ids) < self._rows:
                return
            after = photo_ids[-1]

    def _kept(self, vectors: Vectors) -> PhotoScores:
        before = time.perf_counter()
        kept = self._scorer.kept(vectors)
        self.seconds += time.perf_counter() - before
        return kept
