"""All pairs of photos whose embeddings lie near each other, in bounded memory.

Every photo is compared with every other, exactly, but most of them in few dimensions. With an orthonormal basis P of
m dimensions, and Qx what is left of x, x . y = Px . Py + Qx . Qy <= Px . Py + |Qx| |Qy| (Cauchy and Schwarz), which is
one product of m + 1 dimensions. No pair that is near enough can be below; those that are not are compared in full. The
basis is that of the largest principal components, uncentred, of a sample, which leaves the least of |Qx|.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store import Catalog, Space

#: Dimensions of the first look. Twice as many cost twice the time, and let through half as many pairs.
_FEW = 64
#: Photos that the basis is made of, and those that are read at once.
_SAMPLE = 4096
_CHUNK = 8192
#: Photos that are compared at once: these with those. A product of them takes 32 MB.
_THESE, _THOSE = 1024, 8192
#: What float32 adds to a bound, and fp16 rows to a length.
_SLACK = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class NearPairs:
    """Pairs of photos: `firsts` and `seconds` int64 (n,), `cosines` float32 (n,). Firsts come before seconds."""

    firsts: NDArray[np.int64]
    seconds: NDArray[np.int64]
    cosines: NDArray[np.float32]

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.firsts)

    def photo_ids(self) -> list[int]:
        """The photos that are in a pair, by ascending id."""
        every: list[int] = np.union1d(self.firsts, self.seconds).tolist()
        return every

    def only(self, which: NDArray[np.bool_]) -> NearPairs:
        """Those of *which*, bool (n,)."""
        return NearPairs(self.firsts[which], self.seconds[which], self.cosines[which])


def near_pairs(
    catalog: Catalog,
    space: Space,
    photo_ids: Sequence[int],
    least: float,
    *,
    of: int | None = None,
    most: int = 256,
    progress: Callable[[int, int], None] | None = None,
) -> NearPairs:
    """Every pair of *photo_ids* whose cosine is *least* or more.

    Of each photo the nearest *most* that come after it: where thousands look the same, pairs would grow with the
    square. With *of*, only the pairs of the first so many photos with any. Memory is about 300 bytes a photo and 64 MB;
    time grows with the square of their number. Photos without an embedding have no pairs. *progress* hears of photos
    compared and photos to be compared.
    """
    first = set(photo_ids[:of])
    there, reduced = _reduced(catalog, space, photo_ids)
    count = sum(photo_id in first for photo_id in there)
    found: list[NearPairs] = []
    for start in range(0, count, _THESE):
        end = min(start + _THESE, count)
        found.append(_near_some(catalog, space, there, reduced, range(start, end), least, most))
        if progress is not None:
            progress(end, count)
    return _joined(found)


def _near_some(
    catalog: Catalog,
    space: Space,
    photo_ids: Sequence[int],
    reduced: NDArray[np.float32],
    places: range,
    least: float,
    most: int,
) -> NearPairs:
    """The pairs of the photos at these *places* with all that come after them."""
    start = places.start
    these = reduced[start : places.stop]
    kept: list[NearPairs] = []
    for other in range(start, len(photo_ids), _THOSE):
        bounds = these @ reduced[other : other + _THOSE].T
        # Much quicker than to look for rows and columns at once.
        rows, columns = np.divmod(np.flatnonzero(bounds >= least - _SLACK), bounds.shape[1])
        later = columns + other > rows + start
        rows, columns = rows[later] + start, columns[later] + other
        if len(rows):
            kept = [_nearest([*kept, _checked(catalog, space, photo_ids, rows, columns, least)], most)]
    return _joined(kept)


def _checked(
    catalog: Catalog,
    space: Space,
    photo_ids: Sequence[int],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    least: float,
) -> NearPairs:
    """Those of the pairs, by their places, that are near enough in all dimensions."""
    ids = np.asarray(photo_ids, np.int64)
    first_ids, first_at = np.unique(ids[rows], return_inverse=True)
    second_ids, second_at = np.unique(ids[columns], return_inverse=True)
    with catalog.read() as t:
        firsts = t.embeddings.get(space.id, first_ids.tolist())
        seconds = t.embeddings.get(space.id, second_ids.tolist())
    if len(firsts) < len(first_ids) or len(seconds) < len(second_ids):
        # A photo went meanwhile: its pairs are none.
        there = np.isin(ids[rows], firsts.ids) & np.isin(ids[columns], seconds.ids)
        if not there.any():
            return _joined([])
        return _checked(catalog, space, photo_ids, rows[there], columns[there], least)
    cosines = (firsts.matrix @ seconds.matrix.T)[first_at, second_at]
    near = cosines >= least
    return NearPairs(ids[rows[near]], ids[columns[near]], cosines[near])


def _reduced(catalog: Catalog, space: Space, photo_ids: Sequence[int]) -> tuple[list[int], NDArray[np.float32]]:
    """The photos that have an embedding, and of each Px and |Qx|, float32 (n, m + 1)."""
    basis = _basis(catalog, space, photo_ids)
    there: list[int] = []
    parts = [np.empty((0, basis.shape[1] + 1), np.float32)]
    for start in range(0, len(photo_ids), _CHUNK):
        with catalog.read() as t:
            vectors = t.embeddings.get(space.id, photo_ids[start : start + _CHUNK])
        projected = vectors.matrix @ basis
        squares = np.einsum("ij,ij->i", vectors.matrix, vectors.matrix)
        left = np.sqrt(np.maximum(squares - np.einsum("ij,ij->i", projected, projected), 0))
        there += vectors.ids.tolist()
        parts.append(np.hstack([projected, left[:, np.newaxis]]))
    return there, np.concatenate(parts)


def _basis(catalog: Catalog, space: Space, photo_ids: Sequence[int]) -> NDArray[np.float32]:
    """float32 (d, m), orthonormal."""
    step = max(1, -(-len(photo_ids) // _SAMPLE))
    with catalog.read() as t:
        sample = t.embeddings.get(space.id, photo_ids[::step]).matrix.astype(np.float64)
    dimension = space.identity.dimension
    moments = sample.reshape(-1, dimension).T @ sample.reshape(-1, dimension)
    # Eigenvalues come by rising size.
    basis: NDArray[np.float32] = np.linalg.eigh(moments)[1][:, -min(_FEW, dimension) :].astype(np.float32)
    return basis


def _nearest(parts: Sequence[NearPairs], most: int) -> NearPairs:
    """The pairs of all parts, and of each first the nearest *most* only."""
    pairs = _joined(parts)
    order = np.lexsort((pairs.seconds, -pairs.cosines, pairs.firsts))
    starts = np.flatnonzero(np.r_[True, np.diff(pairs.firsts[order]) != 0])
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    kept = order[rank < most]
    return NearPairs(pairs.firsts[kept], pairs.seconds[kept], pairs.cosines[kept])


def _joined(parts: Sequence[NearPairs]) -> NearPairs:
    none = NearPairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    every = [none, *parts]
    return NearPairs(
        np.concatenate([part.firsts for part in every]),
        np.concatenate([part.seconds for part in every]),
        np.concatenate([part.cosines for part in every]),
    )
