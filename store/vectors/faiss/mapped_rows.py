"""Embeddings from the index's rows, where the change log says that they are those of the catalog.

Reading a hundred thousand rows from SQLite takes a second; mapped ones are there at once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from store.embeddings import change_log
from store.embeddings.spaces import Spaces
from store.records import Vectors

from .index_files import IndexFiles
from .index_rows import Rows


@dataclass(frozen=True, slots=True)
class FreshRows:
    """The rows that are as the catalog has them, and the photos that it has otherwise.

    `ids`, int64 (n,), ascending, are the photos of these rows; `put`, int64 (m,), those to be read from the catalog.
    """

    rows: Rows
    ids: NDArray[np.int64]
    put: NDArray[np.int64]

    def photo_ids(self) -> NDArray[np.int64]:
        """All photos that have a file and an embedding, int64, ascending."""
        return np.union1d(self.ids, self.put) if len(self.put) else self.ids

    def held(self, photo_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of *photo_ids*, (n,), have a row here, bool (n,)."""
        places = np.minimum(np.searchsorted(self.ids, photo_ids), max(len(self.ids) - 1, 0))
        if not len(self.ids):
            return np.zeros(len(photo_ids), np.bool_)
        held: NDArray[np.bool_] = self.ids[places] == photo_ids
        return held

    def roughly(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosines of `ids` with *queries*, float32 (m, d), as FAISS adds them up: float32 (n, m)."""
        held = slice(None) if len(self.ids) == len(self.rows) else np.isin(self.rows.photo_ids, self.ids)
        found = np.empty((len(self.ids), len(queries)), np.float32)
        for at, query in enumerate(queries):
            found[:, at] = self.rows.roughly(query)[held]
        return found

    def vectors(self, photo_ids: NDArray[np.int64]) -> Vectors:
        """The rows of *photo_ids*, which are all held."""
        return Vectors(photo_ids, self.rows.vectors(photo_ids))


class MappedRows:
    """The index files of a library's spaces, for reading only. Threads may share it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._open: dict[int, tuple[IndexFiles, Rows]] = {}

    def of(self, connection: Connection, space_id: int) -> FreshRows | None:
        """What can be read of the space's rows as it is in the transaction of *connection*; None if there are none."""
        rows = self._rows(connection, space_id)
        if rows is None or not change_log.holds(connection, space_id, rows.end):
            return None
        changed = change_log.since(connection, space_id, rows.end.seq)
        put = [photo_id for photo_id, what in changed.items() if what == change_log.PUT]
        other = np.fromiter(changed, np.int64, len(changed))
        ids = rows.photo_ids
        return FreshRows(rows, ids[~np.isin(ids, other)] if len(other) else ids, np.array(sorted(put), np.int64))

    def _rows(self, connection: Connection, space_id: int) -> Rows | None:
        with self._lock:
            files, rows = self._open.get(space_id, (None, None))
            if files is not None and rows is not None and files.still(rows):
                return rows
            files = IndexFiles(self._directory, Spaces(connection).get(space_id))
            rows = files.open()
            if rows is None:
                self._open.pop(space_id, None)
            else:
                self._open[space_id] = files, rows
            return rows
