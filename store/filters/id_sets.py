"""Sets of ids, as ascending arrays without duplicates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def union(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the union of *parts*, which may be unordered, as int64 (n,), ascending."""
    # A stable sort of nearly ordered ids is quicker than the table that numpy's own function makes.
    held = np.sort(np.concatenate([np.empty(0, np.int64), *parts]), kind="stable")
    is_new = np.ones(len(held), np.bool_)
    is_new[1:] = held[1:] != held[:-1]
    distinct: NDArray[np.int64] = held[is_new]
    return distinct
