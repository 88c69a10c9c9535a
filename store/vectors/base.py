"""The interface of a vector index."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from store.catalog.catalog import Transaction
from store.errors import BadVector
from store.records import Neighbours


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The state of an index: its rows, changes committed since, whether it can be used, and its bytes on disk.

    An index that the catalog's server keeps lacks no changes, and without one, which is valid too, rows are compared.

    `accelerated` is True if large searches may be approximate; see `IndexSnapshot.search`.
    """

    rows: int
    newer: int
    valid: bool
    bytes: int
    accelerated: bool = False


class IndexSnapshot(Protocol):
    """An index and the catalog at one moment: photos that a search finds are in the transaction, and the reverse."""

    @property
    def t(self) -> Transaction:
        """A transaction that reads the catalog at that moment. It ends with the snapshot."""

    def search(
        self, vector: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None, *, exact: bool = False
    ) -> Neighbours:
        """Return the *count* photos nearest to *vector*, float32 (d,); all of them if there are fewer.

        *among*, photo ids, int64 (m,), ascending, narrows the search; ids without an embedding are ignored. Photos
        without a file are not found. Cosines are those of the stored fp16 rows with *vector*, added up in float64;
        equal ones are ordered by id. A server adds those after the first thousands up itself, to a millionth. Raises
        `BadVector` for another shape or numbers that are not finite.

        In a library of several hundred thousand photos, one photo in a thousand may be missing from the answer, and on
        a server one in fifty, unless it is asked to be *exact*.
        """


class VectorIndex(Protocol):
    """The photos of one space that have a file, by their embeddings. Threads may share it.

    The index is a cache of the catalog, or kept by the catalog's server: an answer is never older than the catalog, and
    a lost or damaged index is rebuilt from it.
    """

    def read(self) -> AbstractContextManager[IndexSnapshot]:
        """Take a snapshot of index and catalog: everything committed so far, and nothing that is committed later.

        It begins a transaction, so it is taken outside any other. Other threads and processes read and write meanwhile.
        """

    def refresh(self, progress: Callable[[int, int], None] | None = None) -> bool:
        """Bring what is on disk up to date, if there is enough to do. Returns whether anything was written.

        It may take seconds in a large library, and minutes on a server; there, *progress* gets how much is done, and
        all, and may raise to end it. Searches go on meanwhile.
        """

    def warm(self) -> None:
        """Load what many searches need. The first searches load it otherwise."""

    def status(self) -> IndexStatus:
        """Return the state on disk, without changing it. It is not valid if absent, damaged or of other data."""

    def verify(self) -> bool:
        """Return whether every byte on disk is as it was written. If not, it is removed; the next search renews it.

        Of an index that a server keeps, rows are looked for instead, and the next `refresh` renews it.
        """

    def remove(self) -> None:
        """Remove what is on disk. The next search makes it again from the catalog."""


def checked_query(vector: NDArray[np.float32], dimension: int) -> NDArray[np.float32]:
    """Return *vector* as a query of a space, float32 (d,), in one piece of memory.

    Raises `BadVector` for another shape than *dimension*, or numbers that are not finite.
    """
    if vector.shape != (dimension,):
        raise BadVector(f"its shape is {vector.shape}, not ({dimension},)")
    if not np.isfinite(vector).all():
        raise BadVector("it holds numbers that are not finite")
    return np.ascontiguousarray(vector, np.float32)
