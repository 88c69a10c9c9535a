"""The index's memory-mapped rows as an `EmbeddingCache`.

Reading a hundred thousand rows from SQLite takes a second; mapped ones are there at once.
"""

from __future__ import annotations

import threading
from pathlib import Path

from store.records import Space

from .index_files import IndexFiles
from .index_rows import Rows


class MappedRows:
    """The index files of a library's spaces, read-only. Threads may share it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._open: dict[Space, tuple[IndexFiles, Rows]] = {}

    def rows(self, space: Space) -> Rows | None:
        """Return the newest rows of *space*; None if there are none."""
        with self._lock:
            files, rows = self._open.get(space, (None, None))
            if files is not None and rows is not None and files.is_current(rows):
                return rows
            files = IndexFiles(self._directory, space)
            rows = files.open()
            if rows is None:
                self._open.pop(space, None)
            else:
                self._open[space] = files, rows
            return rows
