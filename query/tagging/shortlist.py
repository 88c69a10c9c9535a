"""Scoring many photos with many labels: a quick look in low precision, and an exact one at what it leaves.

A product in bfloat16 shortlists each photo's labels; those are scored exactly, in float64. How far the quick look can
be wrong is known (`_error`), so a photo of which it might have overlooked a label is noticed, and scored with every
label.
"""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from store import KeptScores, Vectors

from .scoring import Columns, Scorer, best_of

#: Labels that are shortlisted for a photo: twice those that are kept.
_SHORTLIST: Final = 64
#: Largest relative error of rounding to bfloat16, which has 8 significant bits.
_HALF_ULP: Final = 2.0**-9
#: What adding one number in float32 may lose, twice over; and rounding offsets twice, likewise.
_ADDING: Final = 2.0**-23
_SLACK: Final = 2.0**-16
#: Columns of a product are padded to a multiple of this: others are slower.
_ALIGNED: Final = 32


class ShortlistScorer:
    """Scores in two steps; *exact* does what they leave."""

    def __init__(self, columns: Columns, exact: Scorer) -> None:
        self._columns = columns
        self._exact = exact
        self._matrix = torch.from_numpy(columns.matrix)
        rounded = self._matrix.to(torch.bfloat16)
        self._wrong = float((self._matrix - rounded.double()).norm(dim=1).max())
        self._longest = float(rounded.double().norm(dim=1).max())
        self._has_offsets = bool(columns.offsets.any())
        self._rough = _padded(rounded, _halves(columns.offsets)) if self._has_offsets else rounded

    def kept(self, vectors: Vectors) -> KeptScores:
        """What is kept of these photos."""
        columns = self._columns
        if not len(vectors) or len(columns.label_ids) <= _SHORTLIST:
            return self._exact.kept(vectors)
        matrix = torch.from_numpy(vectors.matrix)
        rounded = matrix.to(torch.bfloat16)
        rough = (_padded(rounded, -torch.ones(len(vectors), 2)) if self._has_offsets else rounded) @ self._rough.T
        values, places = rough.topk(_SHORTLIST, dim=1, sorted=False)
        places = places.sort(dim=1).values
        cosines = self._cosines(matrix.double(), places)
        ranks = cosines - columns.offsets[places.numpy()]
        best, scores = best_of(places.numpy(), cosines, ranks, columns.most)
        kept = KeptScores(vectors.ids, columns.label_ids[best], scores)
        # What was not shortlisted is roughly at most the least that was.
        least_kept = np.partition(ranks, -columns.most, axis=1)[:, -columns.most]
        most_left = values.float().amin(dim=1).double().numpy() + self._error(matrix, rounded, values)
        return self._again(vectors, kept, most_left >= least_kept)

    def _cosines(self, matrix: torch.Tensor, places: torch.Tensor) -> NDArray[np.float32]:
        """Exact cosines, float32 (n, c), of float64 (n, d) with the labels at *places*, ascending, int64 (n, c)."""
        rows = torch.arange(0, places.numel() + 1, places.shape[1])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse", UserWarning)
            pattern = torch.sparse_csr_tensor(
                rows,
                places.reshape(-1),
                torch.zeros(places.numel(), dtype=torch.float64),
                size=(len(matrix), len(self._matrix)),
            )
            found = torch.sparse.sampled_addmm(pattern, matrix, self._matrix.T, beta=0.0)
        cosines: NDArray[np.float32] = found.values().reshape(places.shape).float().numpy()
        return cosines

    def _error(self, matrix: torch.Tensor, rounded: torch.Tensor, values: torch.Tensor) -> NDArray[np.float64]:
        """By how much a rough rank may be below the exact one, float64 (n,).

        x.l - x'.l' = (x - x').l + x'.(l - l'), each at most the product of two lengths (Cauchy and Schwarz), and the
        result is rounded once more.
        """
        lost = (matrix - rounded.float()).norm(dim=1) * (self._longest + self._wrong)
        lost += rounded.float().norm(dim=1) * self._wrong
        lost += _HALF_ULP * values.float().abs().amax(dim=1) + matrix.shape[1] * _ADDING + _SLACK
        error: NDArray[np.float64] = lost.double().numpy()
        return error

    def _again(self, vectors: Vectors, kept: KeptScores, doubtful: NDArray[np.bool_]) -> KeptScores:
        if doubtful.any():
            exact = self._exact.kept(Vectors(vectors.ids[doubtful], vectors.matrix[doubtful]))
            kept.label_ids[doubtful], kept.cosines[doubtful] = exact.label_ids, exact.cosines
        return kept


def _halves(offsets: NDArray[np.float64]) -> torch.Tensor:
    """*offsets* as a rounded part and what is left, (k, 2): their sum is within 2^-17 of them."""
    whole = torch.from_numpy(offsets)
    high = whole.to(torch.bfloat16).double()
    return torch.stack([high, whole - high], dim=1)


def _padded(matrix: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
    """*matrix*, bfloat16 (n, d), with the columns of *more* (n, m) and of zeros, to an aligned number."""
    count, width = matrix.shape
    padded = torch.zeros(count, -(-(width + more.shape[1]) // _ALIGNED) * _ALIGNED, dtype=torch.bfloat16)
    padded[:, :width] = matrix
    padded[:, width : width + more.shape[1]] = more.to(torch.bfloat16)
    return padded
