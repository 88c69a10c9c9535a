"""All pairs of photos whose embeddings lie near each other, in bounded memory.

Every photo is compared with every other, exactly, but most of them in few dimensions. With an orthonormal basis P of
m dimensions, and Qx what is left of x, x . y = Px . Py + Qx . Qy <= Px . Py + |Qx| |Qy| (Cauchy and Schwarz), which is
one product of m + 1 dimensions. No pair that is near enough can be below; those that are not are compared in full. The
basis is that of the largest principal components, uncentred, of a sample, which leaves the least of |Qx|.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store import Catalog, Space

#: Dimensions of the first look. Twice as many cost twice the time, and let through half as many pairs.
_FEW = 64
#: Photos that the basis is made of, and those that are read at once.
_SAMPLE = 4096
_CHUNK = 8192
#: Photos that are compared at once: these with those. A product of them takes 8 MB, which is written over and over.
_THESE, _THOSE = 1024, 2048
#: Pairs from which on they are compared in full; that many photos, and those of one more product, are read at most.
_MANY = 8192
#: To take two rows out and multiply them takes as long as so many products in a matrix of all rows.
_TAKING = 150
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
    there, reduced = _reduced(catalog, space, photo_ids)
    count = int(np.isin(there, np.asarray(photo_ids[:of], np.int64)).sum())
    bounds = np.empty((_THESE, _THOSE), np.float32)
    found: list[NearPairs] = []
    for start in range(0, count, _THESE):
        end = min(start + _THESE, count)
        kept: list[NearPairs] = []
        for rows, columns in _candidates(reduced, range(start, end), least - _SLACK, bounds):
            kept = [_nearest([*kept, _checked(catalog, space, there[rows], there[columns], least)], most)]
        found += kept
        if progress is not None:
            progress(end, count)
    return _joined(found)


def _candidates(
    reduced: NDArray[np.float32], places: range, least: float, bounds: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places of the pairs, of those at *places* with all that come after them, that may be near: (n,) and (n,).

    *bounds* is room for a product. They come in parts of some `_MANY`.
    """
    start = places.start
    these = reduced[start : places.stop]
    parts: list[NDArray[np.int64]] = []
    for other in range(start, len(reduced), _THOSE):
        those = reduced[other : other + _THOSE]
        product = np.matmul(these, those.T, out=bounds[: len(these), : len(those)])
        # Much quicker than to look for rows and columns at once.
        rows, columns = np.divmod(np.flatnonzero(product >= least), len(those))
        later = columns + other > rows + start
        if later.any():
            parts.append(np.stack([rows[later] + start, columns[later] + other]))
        if parts and (sum(part.shape[1] for part in parts) >= _MANY or other + _THOSE >= len(reduced)):
            rows, columns = np.concatenate(parts, axis=1)
            yield rows, columns
            parts.clear()


def _checked(
    catalog: Catalog, space: Space, first_ids: NDArray[np.int64], second_ids: NDArray[np.int64], least: float
) -> NearPairs:
    """Those of the pairs that are near enough in all dimensions. A photo that went meanwhile has none."""
    with catalog.read() as t:
        firsts = t.embeddings.get(space.id, np.unique(first_ids).tolist())
        seconds = t.embeddings.get(space.id, np.unique(second_ids).tolist())
    there = np.isin(first_ids, firsts.ids) & np.isin(second_ids, seconds.ids)
    pairs = NearPairs(first_ids[there], second_ids[there], np.empty(0, np.float32))
    one, other = np.searchsorted(firsts.ids, pairs.firsts), np.searchsorted(seconds.ids, pairs.seconds)
    cosines = _cosines(firsts.matrix, seconds.matrix, one, other)
    near = cosines >= least
    return NearPairs(pairs.firsts[near], pairs.seconds[near], cosines[near])


def _cosines(
    firsts: NDArray[np.float32], seconds: NDArray[np.float32], one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The products of these rows of the two, float32 (n,)."""
    cosines = np.empty(len(one), np.float32)
    if len(firsts) * len(seconds) < _TAKING * len(one):
        cosines[:] = (firsts @ seconds.T)[one, other]
        return cosines
    for start in range(0, len(one), _THESE):
        some = slice(start, start + _THESE)
        cosines[some] = np.einsum("ij,ij->i", firsts[one[some]], seconds[other[some]])
    return cosines


def _reduced(catalog: Catalog, space: Space, photo_ids: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The photos that have an embedding, int64 (n,), and of each Px and |Qx|, float32 (n, m + 1)."""
    basis = _basis(catalog, space, photo_ids)
    there = [np.empty(0, np.int64)]
    parts = [np.empty((0, basis.shape[1] + 1), np.float32)]
    for start in range(0, len(photo_ids), _CHUNK):
        with catalog.read() as t:
            vectors = t.embeddings.get(space.id, photo_ids[start : start + _CHUNK])
        projected = vectors.matrix @ basis
        squares = np.einsum("ij,ij->i", vectors.matrix, vectors.matrix)
        left = np.sqrt(np.maximum(squares - np.einsum("ij,ij->i", projected, projected), 0))
        there.append(vectors.ids)
        parts.append(np.hstack([projected, left[:, np.newaxis]]))
    return np.concatenate(there), np.concatenate(parts)


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
