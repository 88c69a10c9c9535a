"""The rows of one generation of the index, and exact scans of them by FAISS on all cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import faiss
import numpy as np
from numpy.typing import NDArray

from store.embeddings.cache import Position
from store.records import Neighbours

Part = TypeVar("Part")
Made = TypeVar("Made")

#: A thread pays for itself from so many bytes on, which one core reads in a third of a millisecond.
_LEAST_BYTES = 8 << 20
#: More threads than this only wait for memory.
_MOST_THREADS = 8
#: Rows that are gathered at once: few enough to be still in the cache when they are read again.
_GATHERED_AT_ONCE = 2048
#: Rows beyond those asked for, and how much two ways of adding up a cosine differ at most.
_EXTRA_ROWS, _ROUNDING = 16, 2e-6
#: Rows that are scored at once.
_PART = 4096
#: Up to this share of the rows, gathering the chosen ones is cheaper than a scan of all that drops the others: a
#: gathered row costs 2 to 4 times a scanned one.
_GATHERED = 0.25
#: Up to this share of the rows, a filter's photos are kept as positions, otherwise as a mask.
_FEW = 0.1
#: How many more rows are asked for than the chosen share promises, as the chosen ones may lie farther off.
SPARE = 1.5
#: Up to this many rows, a filter's photos are found by binary search; of more, by a table.
_TABLE = 65_536


class Rows:
    """The rows of one generation, up to `end` of the change log.

    `photo_ids`, int64 (n,), ascending, are their photos, and `raw`, uint8 (n, 2 d), their half-precision floats as
    bytes. `manifest` is the manifest on disk when they were made or read; where the folder cannot be written it is of
    other rows. `stem` is the beginning of their files' names, if they are in files.
    """

    def __init__(
        self,
        end: Position,
        photo_ids: NDArray[np.int64],
        raw: NDArray[np.uint8],
        workers: Workers,
        *,
        manifest: dict[str, Any] | None = None,
        stem: str | None = None,
    ) -> None:
        self.end = end
        self.photo_ids = photo_ids
        self.raw = raw
        self.manifest = manifest
        self.stem = stem
        self.scanner = Scanner(raw, workers)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.photo_ids)

    @property
    def has_attachments(self) -> bool:
        """True if more files about these rows, such as codes, are on disk; see `IndexFiles.attach`."""
        return self.stem is not None and self.manifest is not None and "attached" in self.manifest

    def vectors(self, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the rows of *photo_ids*, which must all be among them, float32 (n, d)."""
        return as_floats(self.raw[np.searchsorted(self.photo_ids, photo_ids)])

    def sample(self, query: NDArray[np.float32], most: int) -> NDArray[np.float32]:
        """Return the cosines of at most *most* rows, at even distances, with *query*, float32 (d,), in any order."""
        chosen = np.arange(0, len(self), max(1, -(-len(self) // most)))
        return self.scanner.nearest_of(query, len(chosen), chosen).cosines

    def positions(self, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions, ascending, int64 (m,), of those of *photo_ids*, ascending, that have a row."""
        places = np.searchsorted(self.photo_ids, photo_ids)
        inside = places < len(self)
        places, photo_ids = places[inside], photo_ids[inside]
        held: NDArray[np.int64] = places[self.photo_ids[places] == photo_ids]
        return held

    def approximate_cosines(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return every row's cosine with *query*, float32 (d,), as FAISS adds it up: float32 (n,)."""
        if not len(self):
            return np.empty(0, np.float32)
        # A search for all of them is the one way that reads rows as quickly as memory delivers them.
        nearest = self.scanner.nearest(query, len(self))
        cosines = np.full(len(self), np.inf, np.float32)
        cosines[nearest.positions] = nearest.cosines
        return cosines

    def search(
        self,
        query: NDArray[np.float32],
        count: int,
        without: NDArray[np.int64],
        among: NDArray[np.int64] | None = None,
        shortlist: Shortlist | None = None,
    ) -> Neighbours:
        """Return the *count* rows nearest to *query*, float32 (d,), and some more, in no order.

        Rows of photos *without* are left out, and all but those *among*, if it is given; it may name photos without a
        row. With the extra rows none is missing that is as near as the last but for rounding. With a *shortlist* a row
        that is among the nearest may be missing all the same.
        """
        chosen = Chosen(self, without, among)
        if min(count, chosen.count) <= 0:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        asked = count + _EXTRA_ROWS
        while True:
            asked = min(asked, chosen.count)
            found = self._nearest(query, asked, chosen, shortlist)
            # Of equally near rows FAISS returns any, and identical pictures are equally near.
            if asked == chosen.count or found.cosines[-1] < found.cosines[count - 1] - _ROUNDING:
                break
            asked *= 2
        positions = np.sort(found.positions)
        return Neighbours(self.photo_ids[positions], self._cosines(positions, query))

    def _nearest(
        self, query: NDArray[np.float32], asked: int, chosen: Chosen, shortlist: Shortlist | None
    ) -> FoundRows:
        """The *asked* nearest of the chosen rows, of which there are at least as many."""
        if shortlist is not None:
            found = shortlist.nearest(self, query, asked, chosen)
            if found is not None:
                return found
        share = chosen.count / len(self)
        if share > _GATHERED:
            wanted = asked if share == 1 else int(asked / share * SPARE)
            found = self.scanner.nearest(query, min(len(self), wanted))
            found = found.of(chosen.mask(found.positions))
            if len(found) >= asked:
                return found.first(asked)
        return self.scanner.nearest_of(query, asked, chosen.positions())

    def _cosines(self, positions: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = [
            cosines_of(as_floats(self.raw[positions[start : start + _PART]]), query)
            for start in range(0, len(positions), _PART)
        ]
        cosines: NDArray[np.float32] = np.concatenate(parts)
        return cosines


class Shortlist(Protocol):
    """A quicker, approximate way to the nearest rows."""

    def nearest(self, rows: Rows, query: NDArray[np.float32], asked: int, chosen: Chosen) -> FoundRows | None:
        """Return the *asked* nearest of the *chosen* rows; None if an exact scan is the better way to them."""


class Chosen:
    """The rows that a search may return: those *among*, or all, but not those *without*. `count` is their number."""

    def __init__(self, rows: Rows, without: NDArray[np.int64], among: NDArray[np.int64] | None) -> None:
        self._rows = len(rows)
        self._without = rows.positions(without)
        self._among: NDArray[np.int64] | None = None
        self._mask: NDArray[np.bool_] | None = None
        if among is None:
            self.count = len(rows) - len(self._without)
        elif len(among) <= len(rows) * _FEW:
            places = rows.positions(among)
            self._among = places[~_is_in(self._without, places)]
            self.count = len(self._among)
        else:
            self._mask = _mask_of(rows.photo_ids, among)
            self._mask[self._without] = False
            self.count = int(np.count_nonzero(self._mask))

    def mask(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of *positions* are chosen, bool (n,)."""
        if self._mask is not None:
            return self._mask[positions]
        if self._among is not None:
            return _is_in(self._among, positions)
        return ~_is_in(self._without, positions)

    def positions(self) -> NDArray[np.int64]:
        """Return the positions of all chosen rows, ascending."""
        if self._among is not None:
            return self._among
        mask = self._mask
        if mask is None:
            mask = np.ones(self._rows, np.bool_)
            mask[self._without] = False
        return np.flatnonzero(mask)


@dataclass(frozen=True, slots=True, eq=False)
class FoundRows:
    """Rows by falling cosine: `positions` int64 (k,), `cosines` float32 (k,)."""

    positions: NDArray[np.int64]
    cosines: NDArray[np.float32]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.positions)

    def of(self, mask: NDArray[np.bool_]) -> FoundRows:
        """Return those of *mask*, bool (k,)."""
        return FoundRows(self.positions[mask], self.cosines[mask])

    def first(self, count: int) -> FoundRows:
        """Return the *count* nearest."""
        return FoundRows(self.positions[:count], self.cosines[:count])


class Workers:
    """A thread pool, made on first use. FAISS releases the GIL, but uses one thread for one query."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or min(faiss.omp_get_max_threads(), _MOST_THREADS)
        self._pool: ThreadPoolExecutor | None = None

    def parts(self, total: int, row_bytes: int) -> list[slice]:
        """Split *total* rows into slices, one a thread, none too small to pay for its thread."""
        count = max(1, min(self.threads, total * row_bytes // _LEAST_BYTES))
        edges = [total * part // count for part in range(count + 1)]
        return [slice(start, stop) for start, stop in pairwise(edges)]

    def each(self, work: Callable[[Part], Made], parts: Sequence[Part]) -> list[Made]:
        """Apply *work* to each part, on several threads. FAISS starts no threads of its own meanwhile."""
        if len(parts) == 1:
            return [alone(work, parts[0])]
        if self._pool is None:
            # Two threads that arrive here at once make one pool too many; it ends when it is collected.
            self._pool = ThreadPoolExecutor(self.threads, "scan")
        return list(self._pool.map(partial(alone, work), parts))


def alone(work: Callable[[Part], Made], part: Part) -> Made:
    """Apply *work* to *part* while FAISS starts no threads of its own.

    FAISS wakes its team of threads for one query, too, and all but one do nothing. On busy cores they wait for each
    other a hundred times as long as the search takes.
    """
    # FAISS keeps this number for each calling thread.
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        return work(part)
    finally:
        faiss.omp_set_num_threads(threads)


class Scanner:
    """Exact scans of *raw*, uint8 (n, 2 d): rows of little-endian half-precision floats. Threads may share it."""

    def __init__(self, raw: NDArray[np.uint8], workers: Workers) -> None:
        self._raw = raw
        self._workers = workers
        self._parts = [(part.start, index_over(raw[part])) for part in workers.parts(*raw.shape)]

    def nearest(self, query: NDArray[np.float32], count: int) -> FoundRows:
        """Return the *count* rows nearest to *query*, float32 (d,). Of equally near rows, any."""

        def scan(part: tuple[int, faiss.Index]) -> FoundRows:
            start, index = part
            cosines, positions = index.search(query[None], min(count, index.ntotal))
            return FoundRows(positions[0] + start, cosines[0])

        return best(self._workers.each(scan, self._parts), count)

    def nearest_of(self, query: NDArray[np.float32], count: int, positions: NDArray[np.int64]) -> FoundRows:
        """Return the nearest among the rows at *positions*, int64 (m,), ascending for speed."""
        parts = self._workers.parts(len(positions), self._raw.shape[1])
        gathered = self._workers.each(lambda part: self._gather(query, count, positions[part]), parts)
        return best(gathered, count)

    def _gather(self, query: NDArray[np.float32], count: int, positions: NDArray[np.int64]) -> FoundRows:
        buffer = np.empty((min(_GATHERED_AT_ONCE, max(len(positions), 1)), self._raw.shape[1]), np.uint8)
        index = index_over(buffer)
        parts = []
        for start in range(0, len(positions), _GATHERED_AT_ONCE):
            some = positions[start : start + _GATHERED_AT_ONCE]
            # Any other mode makes one more copy.
            self._raw.take(some, axis=0, out=buffer[: len(some)], mode="clip")
            index.ntotal = len(some)
            cosines, places = index.search(query[None], min(count, len(some)))
            parts.append(FoundRows(some[places[0]], cosines[0]))
        return best(parts, count)


def best(parts: Sequence[FoundRows], count: int) -> FoundRows:
    """Return the *count* nearest of all *parts*."""
    if len(parts) == 1:
        return parts[0].first(count)
    empty = FoundRows(np.empty(0, np.int64), np.empty(0, np.float32))
    positions = np.concatenate([part.positions for part in (empty, *parts)])
    cosines = np.concatenate([part.cosines for part in (empty, *parts)])
    order = np.argsort(-cosines, kind="stable")[:count]
    return FoundRows(positions[order], cosines[order])


def index_over(raw: NDArray[np.uint8]) -> faiss.IndexScalarQuantizer:
    """Return a FAISS index over *raw*, uint8 (n, 2 d), contiguous, without a copy: it must outlive the index."""
    index = faiss.IndexScalarQuantizer(raw.shape[1] // 2, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    show_codes(index, raw)
    return index


def show_codes(index: faiss.IndexFlatCodes, codes: NDArray[np.uint8]) -> None:
    """Set the codes of *index* to *codes*, uint8 (n, its code size), contiguous, which must outlive it."""
    flat = codes.reshape(-1)
    vector: Any = faiss.MaybeOwnedVectorUInt8
    # The type stubs lack vectors that do not own their memory.
    index.codes = vector.create_view(faiss.swig_ptr(flat), len(flat), vector().owner)
    index.ntotal = len(codes)


def _mask_of(photo_ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of *photo_ids*, ascending, are *wanted*, ascending, bool (n,)."""
    if len(photo_ids) < _TABLE:
        return _is_in(wanted, photo_ids)
    # Ids count up from one, so a table of all of them is small, and quicker than a search for each.
    last = int(photo_ids[-1])
    table = np.zeros(last + 1, np.bool_)
    table[wanted[np.searchsorted(wanted, 0) : np.searchsorted(wanted, last, "right")]] = True
    marked: NDArray[np.bool_] = table[photo_ids]
    return marked


def _is_in(ascending: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    held: NDArray[np.bool_] = ascending[places] == wanted
    return held


def cosines_of(rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines of *rows*, float32 (n, d), with *query*, float32 (d,), independent of each other.

    A matrix product adds up in varying order, and identical pictures would get different cosines.
    """
    products: NDArray[np.float64] = rows.astype(np.float64) * query.astype(np.float64)
    cosines: NDArray[np.float32] = products.sum(axis=1).astype(np.float32)
    return cosines


def as_floats(raw: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return rows of half-precision floats as bytes, uint8 (n, 2 d), as float32 (n, d)."""
    rows: NDArray[np.float32] = np.ascontiguousarray(raw).view("<f2").astype(np.float32)
    return rows
