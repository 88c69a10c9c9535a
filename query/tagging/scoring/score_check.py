"""Check of stored scores: photos that have none, or others than their embedding and the labels' vectors give."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from store import PhotoScores, Scoring, Space, Transaction

from .scorer import KEPT_MOST, Columns, columns_of

#: Photos whose scores are compared at once: of base size, their labels' vectors take 50 MB.
_ROWS: Final = 256
#: Photos whose scores are read at once.
_PAGE: Final = 4096
#: Scores are stored in float32.
_ERROR: Final = 1e-6


def undamaged_photos(t: Transaction, space: Space) -> NDArray[np.int64]:
    """The photos with an undamaged embedding in *space*, ascending. It reads every row."""
    damaged = np.array(t.embeddings.damaged(space.id), np.int64)
    return np.setdiff1d(t.embeddings.uncached.stored_ids(space.id), damaged, assume_unique=True)


def faulty_scores(t: Transaction, space: Space, scoring: Scoring, undamaged: NDArray[np.int64]) -> list[int]:
    """Photos among the *undamaged* ones of *space* that lack scores in *scoring*, or have wrong ones, ascending.

    Scores are wrong if their number is, if a label is none of the scoring's, and if a cosine is not that of the
    embedding and the label's vector. Without all label vectors cosines are not compared. It reads every row.
    """
    width = min(KEPT_MOST, len(scoring.label_ids))
    whole = t.scores.of_width(scoring.id, width)
    faulty = [np.setdiff1d(undamaged, whole, assume_unique=True)]
    columns = columns_of(t, space, scoring)
    readable = np.intersect1d(undamaged, whole, assume_unique=True)
    for start in range(0, len(readable), _PAGE):
        kept = t.scores.of(scoring.id, readable[start : start + _PAGE].tolist())
        is_right = np.array(np.isin(kept.label_ids, scoring.label_ids).all(axis=1), np.bool_)
        known = kept.of(is_right)
        if columns is not None and len(known):
            vectors = t.embeddings.uncached.get(space.id, known.photo_ids.tolist())
            is_right[is_right] = _agree(columns, known, vectors.matrix)
        faulty.append(kept.photo_ids[~is_right])
    found: list[int] = np.sort(np.concatenate(faulty)).tolist()
    return found


def _agree(columns: Columns, kept: PhotoScores, matrix: NDArray[np.float32]) -> NDArray[np.bool_]:
    """True for the photos whose cosines are those of their embeddings, (n, d), and of the labels: bool (n,)."""
    agree = np.empty(len(kept), np.bool_)
    for start in range(0, len(kept), _ROWS):
        some = slice(start, start + _ROWS)
        labels = columns.matrix[np.searchsorted(columns.label_ids, kept.label_ids[some])]
        cosines = (labels @ matrix[some].astype(np.float64)[:, :, None])[:, :, 0]
        # NaN is far from everything.
        agree[some] = (np.abs(cosines - kept.cosines[some]) <= _ERROR).all(axis=1)
    return agree
