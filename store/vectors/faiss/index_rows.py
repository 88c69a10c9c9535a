"""The rows of one generation of the index, and the way of the fewest bytes to the nearest of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.embeddings.change_log import Position
from store.records import Neighbours

from .exact_scan import Found, Scanner, Workers
from .product_quantizer import Acceleration, Accelerator, as_floats

#: Rows beyond those asked for, and how much two ways of adding up a cosine differ at most.
_MORE, _ROUNDING = 16, 2e-6
#: Rows that are scored at once.
_PART = 4096
#: Up to this share of the rows, gathering those that count is cheaper than a scan of all of which others are dropped:
#: a gathered row costs 2 to 4 times a scanned one. With a quick look, which costs a fifth of the scan, it is less.
_GATHERED, _GATHERED_BEFORE_QUICK = 0.25, 0.1
#: How many more are asked for than a share of the rows promises, as those that count may lie farther off.
_SPARE = 1.5
#: Fewer rows are sought one by one in a filter's photos; more by a table.
_TABLE = 65_536


class Rows:
    """The rows of one generation, up to `end` of the change log.

    `photo_ids`, int64 (n,), ascending, are their photos, and `codes`, uint8 (n, 2 d), their half-precision floats.
    `manifest` is the one on disk when they were made or read; where the folder cannot be written it is another's.
    `stem` is how their files' names begin, if they are in files.
    """

    def __init__(
        self,
        end: Position,
        photo_ids: NDArray[np.int64],
        codes: NDArray[np.uint8],
        workers: Workers,
        *,
        manifest: dict[str, Any] | None = None,
        stem: str | None = None,
        accelerator: Accelerator | None = None,
    ) -> None:
        self.end = end
        self.photo_ids = photo_ids
        self.codes = codes
        self.manifest = manifest
        self.stem = stem
        self.accelerator = accelerator
        self._scanner = Scanner(codes, workers)

    def __len__(self) -> int:
        """How many rows."""
        return len(self.photo_ids)

    def vectors(self, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The rows of *photo_ids*, which must all be among them, float32 (n, d)."""
        return as_floats(self.codes[np.searchsorted(self.photo_ids, photo_ids)])

    def sample(self, query: NDArray[np.float32], most: int) -> NDArray[np.float32]:
        """The cosines of at most *most* rows, at even distances, with *query*, float32 (d,), in any order."""
        chosen = np.arange(0, len(self), max(1, -(-len(self) // most)))
        return self._scanner.nearest_of(query, len(chosen), chosen).cosines

    def positions(self, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the rows of *photo_ids*, ascending, lie, int64 (m,), ascending; those that have none are left out."""
        places = np.searchsorted(self.photo_ids, photo_ids)
        inside = places < len(self)
        places, photo_ids = places[inside], photo_ids[inside]
        held: NDArray[np.int64] = places[self.photo_ids[places] == photo_ids]
        return held

    def roughly(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Every row's cosine with *query*, float32 (d,), as FAISS adds it up: float32 (n,)."""
        if not len(self):
            return np.empty(0, np.float32)
        # A search is the one way to them that reads rows as quickly as memory gives them.
        nearest = self._scanner.nearest(query, len(self))
        cosines = np.full(len(self), np.inf, np.float32)
        cosines[nearest.positions] = nearest.cosines
        return cosines

    def search(
        self,
        query: NDArray[np.float32],
        count: int,
        without: NDArray[np.int64],
        among: NDArray[np.int64] | None = None,
        acceleration: Acceleration | None = None,
    ) -> Neighbours:
        """The *count* rows nearest to *query*, float32 (d,), and more, of photos that are not in *without*.

        Only photos in *among* count, if it is given; it may name others. There are more so that no row is missing which
        is as near as the last but for rounding. In no order. With *acceleration*, and if there are codes, a row that is
        among the nearest may be missing all the same.
        """
        chosen = _Chosen(self, without, among)
        if min(count, chosen.count) <= 0:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        asked = count + _MORE
        while True:
            asked = min(asked, chosen.count)
            found = self._nearest(query, asked, chosen, acceleration)
            # Of rows that are equally near, FAISS keeps any; identical pictures are as near as each other.
            if asked == chosen.count or found.cosines[-1] < found.cosines[count - 1] - _ROUNDING:
                break
            asked *= 2
        positions = np.sort(found.positions)
        return Neighbours(self.photo_ids[positions], self._cosines(positions, query))

    def _nearest(
        self, query: NDArray[np.float32], asked: int, chosen: _Chosen, acceleration: Acceleration | None
    ) -> Found:
        """The *asked* nearest of the chosen rows, of which there are as many."""
        share = chosen.count / len(self)
        if acceleration is not None and self.accelerator is not None and share > _GATHERED_BEFORE_QUICK:
            needed = min(acceleration.needed(len(self), asked), chosen.count)
            looked_at = needed if share == 1 else int(needed / share * _SPARE)
            # Where most rows are asked for, the quick look is a detour.
            if looked_at <= len(self) // 2:
                candidates = self.accelerator.candidates(query, looked_at)
                candidates = candidates[chosen.mask(candidates)]
                if len(candidates) >= needed:
                    return self._scanner.nearest_of(query, asked, np.sort(candidates[:needed]))
        if share > _GATHERED:
            wanted = asked if share == 1 else int(asked / share * _SPARE)
            found = self._scanner.nearest(query, min(len(self), wanted))
            found = found.of(chosen.mask(found.positions))
            if len(found) >= asked:
                return found.first(asked)
        return self._scanner.nearest_of(query, asked, chosen.positions())

    def _cosines(self, positions: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = [
            cosines_of(as_floats(self.codes[positions[start : start + _PART]]), query)
            for start in range(0, len(positions), _PART)
        ]
        cosines: NDArray[np.float32] = np.concatenate(parts)
        return cosines


class _Chosen:
    """The rows that count: those *among*, or all, but not those *without*."""

    def __init__(self, rows: Rows, without: NDArray[np.int64], among: NDArray[np.int64] | None) -> None:
        self._rows = len(rows)
        self._without = rows.positions(without)
        self._among: NDArray[np.int64] | None = None
        self._mask: NDArray[np.bool_] | None = None
        if among is None:
            self.count = len(rows) - len(self._without)
        elif len(among) <= len(rows) * _GATHERED_BEFORE_QUICK:
            places = rows.positions(among)
            self._among = places[~_held(self._without, places)]
            self.count = len(self._among)
        else:
            self._mask = _marked(rows.photo_ids, among)
            self._mask[self._without] = False
            self.count = int(np.count_nonzero(self._mask))

    def mask(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of *positions* count, bool (n,)."""
        if self._mask is not None:
            return self._mask[positions]
        if self._among is not None:
            return _held(self._among, positions)
        return ~_held(self._without, positions)

    def positions(self) -> NDArray[np.int64]:
        """All that count, ascending."""
        if self._among is not None:
            return self._among
        mask = self._mask
        if mask is None:
            mask = np.ones(self._rows, np.bool_)
            mask[self._without] = False
        return np.flatnonzero(mask)


def _marked(photo_ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of *photo_ids*, ascending, are *wanted*, ascending, bool (n,)."""
    if len(photo_ids) < _TABLE:
        return _held(wanted, photo_ids)
    # Ids count up from one, so that a table of all of them is small, and quicker than seeking each.
    last = int(photo_ids[-1])
    table = np.zeros(last + 1, np.bool_)
    table[wanted[np.searchsorted(wanted, 0) : np.searchsorted(wanted, last, "right")]] = True
    marked: NDArray[np.bool_] = table[photo_ids]
    return marked


def _held(ascending: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    held: NDArray[np.bool_] = ascending[places] == wanted
    return held


def cosines_of(rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of *rows*, float32 (n, d), with *query*, float32 (d,): a row's does not depend on those around it.

    A matrix product adds up in another order here and there, and identical pictures would get different cosines.
    """
    products: NDArray[np.float64] = rows.astype(np.float64) * query.astype(np.float64)
    cosines: NDArray[np.float32] = products.sum(axis=1).astype(np.float32)
    return cosines
