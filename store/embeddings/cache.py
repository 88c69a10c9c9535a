"""The interface of a cache from which embeddings are read quicker than from the catalog.

A cache knows how its rows stand in the change log; `Embeddings` decides which of them still equal the catalog's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from store.records import Space


@dataclass(frozen=True, slots=True)
class Position:
    """An entry of the log: its number, and a random token that no other log has at that number."""

    seq: int
    token: int


#: Before the first entry.
START = Position(0, 0)


class CachedRows(Protocol):
    """Embeddings of one space as they were at one entry of the change log. Threads may share them."""

    @property
    def end(self) -> Position:
        """The last entry of the change log that the rows contain."""

    @property
    def photo_ids(self) -> NDArray[np.int64]:
        """The photos, int64 (n,), ascending: those that had a file and an embedding at `end`."""

    def __len__(self) -> int:
        """The number of rows."""

    def vectors(self, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the rows of *photo_ids*, all of them cached: the catalog's values as float32 (m, d)."""

    def approximate_cosines(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosine of every row with *query*, float32 (d,), to some 1e-5: float32 (n,)."""

    def sample(self, query: NDArray[np.float32], most: int) -> NDArray[np.float32]:
        """Return the cosines of at most *most* rows, at even distances, with *query*, float32 (d,), in any order."""


class EmbeddingCache(Protocol):
    """Cached rows by space. Threads may share it."""

    def rows(self, space: Space) -> CachedRows | None:
        """Return the newest rows of *space*; None if there are none."""
