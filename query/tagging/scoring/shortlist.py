"""Scoring many photos with many labels: a shortlist in low precision, then exact scores of its labels.

A product in bfloat16 ranks a photo's labels approximately. Its error is bounded (`_LowPrecisionLabels._errors`), so the
shortlist certainly contains all labels that are to be kept. They are scored exactly, in float64, and the best are kept.

Numbers in bfloat16 are compared as integers of the same bits, with the bits of negative ones inverted to keep the order
(`_to_ordered_integers`): the processor compares 32 integers at once, and selects the n-th of a list quickly.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from store import PhotoScores, Vectors

from .scorer import Columns, Scorer, best_of

#: Up to this many labels, scoring all of them exactly is as quick.
_FEW_LABELS: Final = 64
#: Photos that a thread ranks together: their ranks stay in the processor's cache.
_CHUNK: Final = 512
#: The most labels in a group, which is ranked by its best label, and the fewest groups for each kept label.
_LARGEST_GROUP: Final = 16
_LEAST_GROUPS: Final = 4
#: Rows whose bits are converted together.
_ROWS: Final = 64
#: Largest relative error of rounding to bfloat16, which has 8 significant bits.
_HALF_ULP: Final = 2.0**-8
#: Largest error of adding one number in float32, where sums stay below 4; and of rounding offsets twice.
_ADDING: Final = 2.0**-23
_SLACK: Final = 2.0**-16
#: Columns of a product are padded to a multiple of this: others are slower.
_ALIGNED: Final = 32
#: Subtracted from the rank of columns that are padding: more than ranks can differ.
_NO_LABEL: Final = 8.0


class ShortlistScorer:
    """Scores in two steps, with torch's number of threads; *exact* scores a vocabulary of few labels."""

    def __init__(self, columns: Columns, exact: Scorer) -> None:
        self._columns = columns
        self._exact = exact
        self._matrix = torch.from_numpy(columns.matrix)
        self._low_precision = _LowPrecisionLabels.of(columns, self._matrix)
        _let_torch_warn_of_sparse_tensors()
        # Threads that share a product wait for each other; each with its own photos do not.
        self._count = torch.get_num_threads()
        self._threads = ThreadPoolExecutor(self._count, "score", initializer=torch.set_num_threads, initargs=(1,))

    def kept(self, vectors: Vectors) -> PhotoScores:
        """The kept scores of these photos."""
        if not len(vectors) or len(self._columns.label_ids) <= _FEW_LABELS:
            return self._exact.kept(vectors)
        parts = [vectors.matrix[start : start + _CHUNK] for start in range(0, len(vectors), _CHUNK)]
        found = list(self._threads.map(self._best, parts))
        # torch applies a thread's setting to threads that begin later, too.
        torch.set_num_threads(self._count)
        places, cosines = (np.concatenate(each) for each in zip(*found, strict=True))
        return PhotoScores(vectors.ids, self._columns.label_ids[places], cosines)

    def _best(self, matrix: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The labels that are kept of photos (n, d): their places and cosines, (n, kept)."""
        columns, rows = self._columns, torch.from_numpy(matrix)
        photos, places = self._low_precision.shortlists(rows, columns.most)
        cosines = self._cosines(rows, photos, places)
        # One row a photo. Places beyond its shortlist rank last.
        counts = np.bincount(photos, minlength=len(matrix))
        at = np.arange(len(photos)) - np.repeat(np.cumsum(counts) - counts, counts)
        shape = len(matrix), int(counts.max())
        ranks, table = np.full(shape, -np.inf), np.full(shape, len(columns.label_ids))
        scores = np.zeros(shape, np.float32)
        ranks[photos, at] = cosines - columns.offsets[places]
        table[photos, at], scores[photos, at] = places, cosines
        return best_of(table, scores, ranks, columns.most)

    def _cosines(self, rows: torch.Tensor, photos: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Exact cosines, float32 (c,), of *rows*, float32 (n, d), at *photos* with labels at *places*, both (c,)."""
        # Label by label: the photos stay in the cache, and each label, of which there are many more, comes there once.
        order = np.argsort(places.astype(np.min_scalar_type(len(self._matrix))), kind="stable")
        ends = np.zeros(len(self._matrix) + 1, np.int64)
        np.cumsum(np.bincount(places, minlength=len(self._matrix)), out=ends[1:])
        pattern = torch.sparse_csr_tensor(
            torch.from_numpy(ends),
            torch.from_numpy(photos[order]),
            torch.zeros(len(order), dtype=torch.float64),
            size=(len(self._matrix), len(rows)),
        )
        found = torch.sparse.sampled_addmm(pattern, self._matrix, rows.double().T, beta=0.0)
        cosines = np.empty(len(order), np.float32)
        cosines[order] = found.values().numpy()
        return cosines


@dataclass(frozen=True, slots=True, eq=False)
class _LowPrecisionLabels:
    """Labels in bfloat16: their `matrix` (more than k, more than d), with their errors and lengths.

    Its columns beyond d are the offsets. Label n lies in group n modulo `groups`, so that the best of every
    group is the maximum of whole rows.
    """

    matrix: torch.Tensor
    groups: int
    error: float
    longest: float

    @classmethod
    def of(cls, columns: Columns, exact: torch.Tensor) -> _LowPrecisionLabels:
        """The labels of *columns*, whose matrix is *exact*, too."""
        count, dimension = exact.shape
        depth = max(1, min(_LARGEST_GROUP, count // (_LEAST_GROUPS * columns.most)))
        groups = -(-count // depth)
        matrix = _padded(exact, groups * depth, torch.from_numpy(_split_offsets(columns.offsets)))
        matrix[count:, dimension] = _NO_LABEL
        rounded = matrix[:count, :dimension].double()
        error, longest = (exact - rounded).norm(dim=1).max(), rounded.norm(dim=1).max()
        return cls(matrix, groups, float(error), float(longest))

    def shortlists(self, rows: torch.Tensor, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each of *rows*, float32 (n, d), labels that include the *most* of highest rank.

        Places of rows and of labels, both int64 (c,), by row and then by label.
        """
        rounded = _padded(rows, len(rows), torch.full((len(rows), 2), -1.0))
        bits = (rounded @ self.matrix.T).view(torch.int16).numpy()
        _to_ordered_integers(bits)
        grouped = bits.reshape(len(bits), -1, self.groups)
        best = grouped.max(axis=1)
        # *most* groups have a label of about this rank or above, so at least *most* labels have.
        high = np.partition(best, self.groups - most, axis=1)[:, self.groups - most :]
        least, top = _from_ordered_integers(high[:, 0]), _from_ordered_integers(high.max(axis=1))
        errors = self._errors(rows, rounded, np.maximum(np.abs(least), np.abs(top)))
        enough = _floor_integers(least - 2 * errors)
        row, group = np.divmod(np.flatnonzero(best >= enough[:, np.newaxis]), self.groups)
        label = grouped[row, :, group] >= enough[row][:, np.newaxis]
        found, depth = np.divmod(np.flatnonzero(label), grouped.shape[1])
        width = bits.shape[1]
        return np.divmod(np.sort(row[found] * width + depth * self.groups + group[found]), width)

    def _errors(self, rows: torch.Tensor, rounded: torch.Tensor, largest: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest difference between the approximate and the exact rank of a label that is kept, float64 (n,).

        x.l - x'.l' = (x - x').l + x'.(l - l'), each at most the product of two lengths (Cauchy and Schwarz), and the
        result, of a size of *largest* (n,) and twice the error at most, is rounded once more.
        """
        lost = torch.linalg.vector_norm(rows - rounded[:, : rows.shape[1]].float(), dim=1)
        length = torch.linalg.vector_norm(rows, dim=1) + lost
        error: NDArray[np.float64] = (lost * (self.longest + self.error) + length * self.error).double().numpy()
        error += rounded.shape[1] * _ADDING + _SLACK + _HALF_ULP * largest
        return error / (1 - 2 * _HALF_ULP)


def _split_offsets(offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """*offsets*, below 2, as a rounded part and what is left, (k, 2): their sum in bfloat16 is within 2^-17 of them."""
    high = torch.from_numpy(offsets).to(torch.bfloat16).double().numpy()
    return np.stack([high, offsets - high], axis=1)


def _padded(matrix: torch.Tensor, rows: int, more: torch.Tensor) -> torch.Tensor:
    """*matrix* (n, d) in bfloat16, with the columns of *more* (n, m), and zeros to so many *rows*, and aligned."""
    count, width = matrix.shape
    columns = -(-(width + more.shape[1]) // _ALIGNED) * _ALIGNED
    padded = torch.zeros(rows, columns, dtype=torch.bfloat16)
    padded[:count, :width] = matrix
    padded[:count, width : width + more.shape[1]] = more
    return padded


def _to_ordered_integers(bits: NDArray[np.int16]) -> None:
    """Turn the *bits* of bfloat16 numbers, (n, k), into integers of the same order."""
    for start in range(0, len(bits), _ROWS):
        some = bits[start : start + _ROWS]
        some ^= (some >> 15) & 0x7FFF


def _from_ordered_integers(ordered: NDArray[np.int16]) -> NDArray[np.float64]:
    """The inverse of `_to_ordered_integers`."""
    bits = (ordered ^ ((ordered >> 15) & 0x7FFF)).astype(np.int32) << 16
    return bits.view(np.float32).astype(np.float64)


def _floor_integers(numbers: NDArray[np.float64]) -> NDArray[np.int16]:
    """The largest bfloat16 number that is not above each, or the one before that, as integers of the same order."""
    bits = numbers.astype(np.float32).view(np.int32)
    high = (bits >> 16).astype(np.int16)
    # Cutting digits off a number brings it nearer to zero; and float32 may have rounded it up.
    return (high ^ ((high >> 15) & 0x7FFF)) - np.int16(1)


def _let_torch_warn_of_sparse_tensors() -> None:
    """Raise torch's one-time warning about sparse tensors here, suppressed; it cannot be suppressed in one thread."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)
        torch.sparse_csr_tensor(torch.tensor([0, 0]), torch.empty(0, dtype=torch.int64), torch.empty(0), size=(1, 1))
