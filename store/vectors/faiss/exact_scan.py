"""Exact scans of fp16 rows by FAISS, on all cores, over bytes that stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import faiss
import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")
Made = TypeVar("Made")

#: A thread is worth the handing over from so many bytes on, which one core reads in a third of a millisecond.
_LEAST_BYTES = 8 << 20
#: More threads than this wait for memory only.
_MOST_THREADS = 8
#: Rows that are gathered at once: few enough to be still in the cache when they are read again.
_GATHERED = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Rows by falling cosine: `positions` int64 (k,), `cosines` float32 (k,)."""

    positions: NDArray[np.int64]
    cosines: NDArray[np.float32]

    def __len__(self) -> int:
        """How many."""
        return len(self.positions)

    def of(self, mask: NDArray[np.bool_]) -> Found:
        """Those of *mask*, bool (k,)."""
        return Found(self.positions[mask], self.cosines[mask])

    def first(self, count: int) -> Found:
        """The *count* nearest."""
        return Found(self.positions[:count], self.cosines[:count])


class Workers:
    """Threads, made when they are first of use. FAISS lets other threads run, but has one thread for one query."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or min(faiss.omp_get_max_threads(), _MOST_THREADS)
        self._pool: ThreadPoolExecutor | None = None

    def parts(self, total: int, row_bytes: int) -> list[slice]:
        """Slices of *total* rows, one a thread, none too small to be worth it."""
        count = max(1, min(self.threads, total * row_bytes // _LEAST_BYTES))
        edges = [total * part // count for part in range(count + 1)]
        return [slice(start, stop) for start, stop in pairwise(edges)]

    def each(self, work: Callable[[Part], Made], parts: Sequence[Part]) -> list[Made]:
        """What *work* makes of each part, in which FAISS starts no threads of its own."""
        if len(parts) == 1:
            return [alone(work, parts[0])]
        if self._pool is None:
            # Two that come here at once make a pool too many, which ends when it is let go.
            self._pool = ThreadPoolExecutor(self.threads, "scan")
        return list(self._pool.map(partial(alone, work), parts))


def alone(work: Callable[[Part], Made], part: Part) -> Made:
    """What *work* makes of *part* while FAISS starts no threads of its own.

    It wakes a team of them for one query, too, of which all but one do nothing; where the cores are busy with something
    else, they wait for each other a hundred times as long as the search takes.
    """
    # The number is the calling thread's own.
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        return work(part)
    finally:
        faiss.omp_set_num_threads(threads)


class Scanner:
    """Scans *codes*, uint8 (n, 2 d): the rows' little-endian half-precision floats as bytes. Threads may share it."""

    def __init__(self, codes: NDArray[np.uint8], workers: Workers) -> None:
        self._codes = codes
        self._workers = workers
        self._parts = [(part.start, index_over(codes[part])) for part in workers.parts(*codes.shape)]

    def nearest(self, query: NDArray[np.float32], count: int) -> Found:
        """The *count* rows nearest to *query*, float32 (d,). Of rows that are equally near, any."""

        def scan(part: tuple[int, faiss.Index]) -> Found:
            start, index = part
            cosines, positions = index.search(query[None], min(count, index.ntotal))
            return Found(positions[0] + start, cosines[0])

        return best(self._workers.each(scan, self._parts), count)

    def nearest_of(self, query: NDArray[np.float32], count: int, positions: NDArray[np.int64]) -> Found:
        """The same among the rows at *positions*, int64 (m,), which are ascending, for speed."""
        parts = self._workers.parts(len(positions), self._codes.shape[1])
        gathered = self._workers.each(lambda part: self._gather(query, count, positions[part]), parts)
        return best(gathered, count)

    def _gather(self, query: NDArray[np.float32], count: int, positions: NDArray[np.int64]) -> Found:
        buffer = np.empty((min(_GATHERED, max(len(positions), 1)), self._codes.shape[1]), np.uint8)
        index = index_over(buffer)
        parts = []
        for start in range(0, len(positions), _GATHERED):
            some = positions[start : start + _GATHERED]
            # Any other mode copies once more.
            self._codes.take(some, axis=0, out=buffer[: len(some)], mode="clip")
            index.ntotal = len(some)
            cosines, places = index.search(query[None], min(count, len(some)))
            parts.append(Found(some[places[0]], cosines[0]))
        return best(parts, count)


def best(parts: Sequence[Found], count: int) -> Found:
    """The *count* nearest of all *parts*."""
    if len(parts) == 1:
        return parts[0].first(count)
    empty = Found(np.empty(0, np.int64), np.empty(0, np.float32))
    positions = np.concatenate([part.positions for part in (empty, *parts)])
    cosines = np.concatenate([part.cosines for part in (empty, *parts)])
    order = np.argsort(-cosines, kind="stable")[:count]
    return Found(positions[order], cosines[order])


def index_over(codes: NDArray[np.uint8]) -> faiss.IndexScalarQuantizer:
    """A FAISS index of *codes*, uint8 (n, 2 d), contiguous, without a copy: they must outlive it."""
    index = faiss.IndexScalarQuantizer(codes.shape[1] // 2, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    look_at(index, codes)
    return index


def look_at(index: faiss.IndexFlatCodes, codes: NDArray[np.uint8]) -> None:
    """Let *index* look at *codes*, uint8 (n, its code size), contiguous, which must outlive it."""
    flat = codes.reshape(-1)
    vector: Any = faiss.MaybeOwnedVectorUInt8
    # The type stubs know nothing of vectors that do not own what they show.
    index.codes = vector.create_view(faiss.swig_ptr(flat), len(flat), vector().owner)
    index.ntotal = len(codes)
