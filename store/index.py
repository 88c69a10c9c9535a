"""The vector index: exact fp16 rows in FAISS, a cache of the catalog.

A file holds the rows up to one entry of the catalog's change log; what was committed since is read from the catalog,
so an answer is never older than the catalog. A file that is absent, damaged, or of another space is made anew.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import changes
from .catalog import Catalog, Transaction
from .errors import BadVector
from .index_files import IndexFiles, Rows
from .records import Neighbours, Space, Vectors

#: Newer rows are searched beside the file until they are this many and this share of it; then a new file is made.
_NEWER_ROWS = 1000
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
    """Changes up to `seq` that the file lacks: photos whose row in it no longer counts, and the rows that do."""

    seq: int
    replaced: NDArray[np.int64]
    rows: Vectors


class VectorIndex:
    """The photos of one space, searched exactly. Threads may share it."""

    def __init__(self, directory: Path, catalog: Catalog, space: Space) -> None:
        self._catalog = catalog
        self._space = space
        self._files = IndexFiles(directory, space)
        self._rows: Rows | None = None
        self._newer: _Newer | None = None
        self._lock = threading.Lock()

    def search(self, vector: NDArray[np.float32], count: int) -> Neighbours:
        """The *count* photos nearest to *vector*, float32 (d,); all of them if there are fewer.

        Cosines are those of the stored fp16 rows with *vector*, in float32. Photos without a file are not found.
        """
        query = self._checked(vector)
        with self._lock:
            rows, newer = self._current()
        found = rows.search(query, count, newer.replaced)
        cosines = np.concatenate([found.cosines, newer.rows.matrix @ query])
        photo_ids = np.concatenate([found.photo_ids, newer.rows.ids])
        best = np.lexsort((photo_ids, -cosines))[:count]
        return Neighbours(photo_ids[best], cosines[best])

    def refresh(self) -> bool:
        """Make a new file if the newer rows are worth it. Returns whether one was made."""
        with self._lock:
            rows, newer = self._current()
            changed = len(newer.replaced)
            if changed == 0 or (changed < max(_NEWER_ROWS, _NEWER_SHARE * len(rows)) and rows.on_disk and len(rows)):
                return False
            self._rebuild()
            return True

    def status(self) -> IndexStatus:
        """How the file stands, without making one."""
        rows = self._files.open()
        with self._catalog.read() as t:
            newer = len(changes.since(t.connection, self._space.id, rows.seq if rows else 0))
        if rows is None:
            return IndexStatus(0, newer, valid=False, bytes=0)
        return IndexStatus(len(rows), newer, valid=True, bytes=self._files.size())

    def _checked(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        # FAISS checks dimensions with an assert only, and takes numbers that are not finite.
        if vector.shape != (self._space.identity.dimension,):
            raise BadVector(f"its shape is {vector.shape}, not ({self._space.identity.dimension},)")
        if not np.isfinite(vector).all():
            raise BadVector("it holds numbers that are not finite")
        return np.ascontiguousarray(vector, np.float32)

    def _current(self) -> tuple[Rows, _Newer]:
        if self._rows is None or not self._files.still(self._rows):
            self._rows = self._files.open()
            self._newer = None
        if self._rows is None:
            self._rebuild()
        assert self._rows is not None
        with self._catalog.read() as t:
            seq = changes.latest(t.connection, self._space.id)
            if seq < self._rows.seq:
                # The catalog is older than the file: it was restored from a copy.
                stale = True
            else:
                stale = False
                if self._newer is None or self._newer.seq != seq:
                    self._newer = self._read_newer(t, self._rows.seq, seq)
        if stale:
            self._rebuild()
        assert self._newer is not None
        return self._rows, self._newer

    def _read_newer(self, t: Transaction, after: int, seq: int) -> _Newer:
        changed = changes.since(t.connection, self._space.id, after)
        put = sorted(photo_id for photo_id, op in changed.items() if op == changes.PUT)
        return _Newer(seq, np.array(sorted(changed), np.int64), t.embeddings.get(self._space.id, put))

    def _rebuild(self) -> None:
        with self._catalog.read() as t:
            seq = changes.latest(t.connection, self._space.id)
            self._rows = self._files.write(seq, t.embeddings.scan(self._space.id))
        nothing = Vectors(np.empty(0, np.int64), np.empty((0, self._space.identity.dimension), np.float32))
        self._newer = _Newer(seq, nothing.ids, nothing)
