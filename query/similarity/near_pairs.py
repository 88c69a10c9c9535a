"""All pairs of photos with similar embeddings, found exactly and in bounded memory.

Every photo is compared with every other, but most pairs in few dimensions only. With an orthonormal basis P of m
dimensions and Qx the rest of x, x . y = Px . Py + Qx . Qy <= Px . Py + |Qx| |Qy| (Cauchy and Schwarz), which is
one product of m + 1 dimensions. A pair whose bound is below the limit cannot be near; all others are compared in full.
The basis is the largest principal components, uncentred, of a sample, which makes |Qx| smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store import Catalog, Space

#: Dimensions of the bound. Twice as many cost twice the time, and let through half as many pairs.
_BOUND_DIMENSIONS = 64
#: Photos in the sample for the basis, and photos read at once.
_SAMPLE = 4096
_CHUNK = 8192
#: Photos compared at once: rows with columns. Their product takes 8 MB, and its memory is reused.
_ROWS, _COLUMNS = 1024, 2048
#: Candidate pairs collected before they are compared in full. It bounds the photos read at once, with those of one more
#: product.
_CANDIDATES = 8192
#: Multiplying two selected rows takes as long as so many products within one matrix product of all rows.
_SELECTED_COST = 150
#: Rounding: float32 in the bound, fp16 in the lengths of rows.
_SLACK = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class NearPairs:
    """Pairs of photos: `firsts` and `seconds`, int64 (n,), in the order of the input; `cosines`, float32 (n,)."""

    firsts: NDArray[np.int64]
    seconds: NDArray[np.int64]
    cosines: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.firsts)

    def photo_ids(self) -> list[int]:
        """Return the ids of all photos in a pair, ascending."""
        every: list[int] = np.union1d(self.firsts, self.seconds).tolist()
        return every

    def only(self, which: NDArray[np.bool_]) -> NearPairs:
        """Return the pairs where *which*, bool (n,), is true."""
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
    """Return every pair of *photo_ids* with a cosine of at least *least*.

    At most *most* pairs for each first photo, the nearest: where thousands look the same, pairs would grow with the
    square. With *of*, only pairs whose first photo is among the first *of*. Memory is about 300 bytes a photo and 64
    MB; time grows with the square of the number of photos. Photos without an embedding have no pairs. *progress* gets
    the numbers of photos compared and to compare.
    """
    there, reduced = _reduced(catalog, space, photo_ids)
    count = int(np.isin(there, np.asarray(photo_ids[:of], np.int64)).sum())
    bounds = np.empty((_ROWS, _COLUMNS), np.float32)
    found: list[NearPairs] = []
    for start in range(0, count, _ROWS):
        end = min(start + _ROWS, count)
        kept: list[NearPairs] = []
        for rows, columns in _candidates(reduced, range(start, end), least - _SLACK, bounds):
            kept = [_nearest([*kept, _verified(catalog, space, there[rows], there[columns], least)], most)]
        found += kept
        if progress is not None:
            progress(end, count)
    return _joined(found)


def _candidates(
    reduced: NDArray[np.float32], places: range, least: float, bounds: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the pairs that may be near, of photos at *places* with all later ones, as two arrays of places (n,).

    *bounds* is memory for a product. Each part has about `_CANDIDATES` pairs.
    """
    start = places.start
    these = reduced[start : places.stop]
    parts: list[NDArray[np.int64]] = []
    for other in range(start, len(reduced), _COLUMNS):
        those = reduced[other : other + _COLUMNS]
        product = np.matmul(these, those.T, out=bounds[: len(these), : len(those)])
        # Much faster than np.nonzero on the matrix.
        rows, columns = np.divmod(np.flatnonzero(product >= least), len(those))
        later = columns + other > rows + start
        if later.any():
            parts.append(np.stack([rows[later] + start, columns[later] + other]))
        if parts and (sum(part.shape[1] for part in parts) >= _CANDIDATES or other + _COLUMNS >= len(reduced)):
            rows, columns = np.concatenate(parts, axis=1)
            yield rows, columns
            parts.clear()


def _verified(
    catalog: Catalog, space: Space, first_ids: NDArray[np.int64], second_ids: NDArray[np.int64], least: float
) -> NearPairs:
    """Return the pairs that are near in all dimensions. Photos deleted meanwhile are dropped."""
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
    """Return the dot products of rows *one* of *firsts* and *other* of *seconds*, float32 (n,)."""
    cosines = np.empty(len(one), np.float32)
    if len(firsts) * len(seconds) < _SELECTED_COST * len(one):
        cosines[:] = (firsts @ seconds.T)[one, other]
        return cosines
    for start in range(0, len(one), _ROWS):
        some = slice(start, start + _ROWS)
        cosines[some] = np.einsum("ij,ij->i", firsts[one[some]], seconds[other[some]])
    return cosines


def _reduced(catalog: Catalog, space: Space, photo_ids: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the photos with an embedding, int64 (n,), and their Px and |Qx|, float32 (n, m + 1)."""
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
    """Return the orthonormal basis P, float32 (d, m)."""
    step = max(1, -(-len(photo_ids) // _SAMPLE))
    with catalog.read() as t:
        sample = t.embeddings.get(space.id, photo_ids[::step]).matrix.astype(np.float64)
    dimension = space.identity.dimension
    moments = sample.reshape(-1, dimension).T @ sample.reshape(-1, dimension)
    # Eigenvalues are ascending.
    basis: NDArray[np.float32] = np.linalg.eigh(moments)[1][:, -min(_BOUND_DIMENSIONS, dimension) :].astype(np.float32)
    return basis


def _nearest(parts: Sequence[NearPairs], most: int) -> NearPairs:
    """Join *parts*, keeping the nearest *most* pairs of each first photo."""
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
