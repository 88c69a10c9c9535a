"""The vector index: exact fp16 rows in FAISS, a cache of the catalog.

A file holds the rows up to one entry of the catalog's change log; what was committed since is read from the catalog,
so an answer is never older than the catalog. A file that is absent, damaged, of another space or another catalog, or
that lacks too much, is made anew.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import changes
from .catalog import Catalog, Transaction
from .changes import Position
from .errors import BadVector
from .index_files import IndexFiles, Rows, cosines_of
from .records import Neighbours, Space, Vectors

#: Newer rows are searched beside the file until they are this share of it (and a given number); then a new one is made.
_NEWER_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How the file stands: its rows, changes committed since, whether it can be used, and its bytes."""

    rows: int
    newer: int
    valid: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class _Newer:
    """What the rows lack, up to `end` of the log: photos whose row there no longer counts, and the rows that do."""

    end: Position
    replaced: NDArray[np.int64]
    rows: Vectors


class VectorIndex:
    """The photos of one space, searched exactly. Threads may share it.

    *newer_rows*: as many changes are searched beside the file before a new one is made.
    """

    def __init__(self, directory: Path, catalog: Catalog, space: Space, *, newer_rows: int = 1000) -> None:
        self._catalog = catalog
        self._space = space
        self._newer_rows = newer_rows
        self._files = IndexFiles(directory, space)
        self._rows: Rows | None = None
        self._newer: _Newer | None = None
        self._lock = threading.Lock()

    def search(self, vector: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None) -> Neighbours:
        """The *count* photos nearest to *vector*, float32 (d,); all of them if there are fewer.

        *among*, photo ids, int64 (m,), ascending, narrows the search to these; ids that have no embedding are passed
        over. Photos without a file are not found. Cosines are those of the stored fp16 rows with *vector*, added up in
        float64; of equal ones, lower ids come first. Raises `BadVector` for another shape or numbers that are not
        finite.
        """
        query = self._checked(vector)
        with self._lock:
            rows, newer = self._current()
        found = rows.search(query, count, newer.replaced, among)
        beside = newer.rows if among is None else _only(newer.rows, among)
        cosines = np.concatenate([found.cosines, cosines_of(beside.matrix, query)])
        photo_ids = np.concatenate([found.photo_ids, beside.ids])
        best = np.lexsort((photo_ids, -cosines))[: max(count, 0)]
        return Neighbours(photo_ids[best], cosines[best])

    def refresh(self) -> bool:
        """Make a new file if the newer rows are worth it, or if there is none. Returns whether one was made."""
        with self._lock:
            before = self._files.manifest()
            self._current()
            return self._files.manifest() != before

    def status(self) -> IndexStatus:
        """How the file stands, without making one. Not valid: it is absent, damaged, or of another catalog or space."""
        rows = self._files.open()
        with self._catalog.read() as t:
            if rows is not None and not changes.holds(t.connection, self._space.id, rows.end):
                rows = None
            newer = len(changes.since(t.connection, self._space.id, rows.end.seq if rows else 0))
        size = self._files.size()
        if rows is None:
            return IndexStatus(0, newer, valid=False, bytes=size)
        return IndexStatus(len(rows), newer, valid=True, bytes=size)

    def verify(self) -> bool:
        """Whether the file's every byte is as it was written. If not, it is removed, and the next search makes another.

        A search reads the bytes only where sizes or times tell that somebody else touched them.
        """
        with self._lock:
            if self._files.verify():
                return True
            self._files.remove()
            self._rows = self._newer = None
            return False

    def _checked(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        # FAISS checks dimensions with an assert only, and takes numbers that are not finite.
        if vector.shape != (self._space.identity.dimension,):
            raise BadVector(f"its shape is {vector.shape}, not ({self._space.identity.dimension},)")
        if not np.isfinite(vector).all():
            raise BadVector("it holds numbers that are not finite")
        return np.ascontiguousarray(vector, np.float32)

    def _current(self) -> tuple[Rows, _Newer]:
        """Rows, and what is newer than them, at one moment of the catalog."""
        if self._rows is None or not self._files.still(self._rows):
            self._rows, self._newer = self._files.open(), None
        with self._catalog.read() as t:
            if self._rows is None or not changes.holds(t.connection, self._space.id, self._rows.end):
                return self._rebuilt(t)
            end = changes.latest(t.connection, self._space.id)
            if self._newer is not None and self._newer.end == end:
                return self._rows, self._newer
            changed = changes.since(t.connection, self._space.id, self._rows.end.seq)
            if len(changed) >= max(self._newer_rows, _NEWER_SHARE * len(self._rows)):
                return self._rebuilt(t)
            self._newer = self._read_newer(t, changed, end)
            return self._rows, self._newer

    def _read_newer(self, t: Transaction, changed: dict[int, str], end: Position) -> _Newer:
        put = sorted(photo_id for photo_id, op in changed.items() if op == changes.PUT)
        return _Newer(end, np.array(sorted(changed), np.int64), t.embeddings.get(self._space.id, put))

    def _rebuilt(self, t: Transaction) -> tuple[Rows, _Newer]:
        end = changes.latest(t.connection, self._space.id)
        self._rows = self._files.write(end, t.embeddings.scan_stored(self._space.id))
        self._newer = self._read_newer(t, {}, end)
        return self._rows, self._newer


def _only(rows: Vectors, photo_ids: NDArray[np.int64]) -> Vectors:
    mask = np.isin(rows.ids, photo_ids)
    return Vectors(rows.ids[mask], rows.matrix[mask])
