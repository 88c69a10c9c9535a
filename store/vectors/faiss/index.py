"""The vector index: exact fp16 rows in FAISS, a cache of the catalog, and a quick look before them where they are many.

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

from store.catalog.catalog import Catalog, Transaction
from store.embeddings import change_log
from store.embeddings.change_log import Position
from store.errors import BadVector
from store.records import Neighbours, Space

from . import generations
from .index_files import IndexFiles
from .index_rows import Rows
from .product_quantizer import Acceleration

#: Newer rows are searched beside the file until they are this share of it (and a given number); then a new one is made.
_NEWER_SHARE = 0.05


#: Codes are made anew of a codebook of their own when there are as many times the rows that it was made of.
_OUTGROWN = 2
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How the file stands: its rows, changes committed since, whether it can be used, and its bytes.

    `accelerated` says whether there are codes for a quick look.
    """

    rows: int
    newer: int
    valid: bool
    bytes: int
    accelerated: bool = False


@dataclass(frozen=True, slots=True)
class _Newer:
    """What the file lacks, up to `end` of the log: photos whose row there no longer counts, and the rows that do."""

    end: Position
    replaced: NDArray[np.int64]
    rows: Rows


class VectorIndex:
    """The photos of one space. Threads may share it.

    *newer_rows*: as many changes are searched beside the file before a new one is made.
    *acceleration*: when a quick look goes before the exact one.
    """

    def __init__(
        self,
        directory: Path,
        catalog: Catalog,
        space: Space,
        *,
        newer_rows: int = 1000,
        acceleration: Acceleration | None = None,
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._newer_rows = newer_rows
        self._acceleration = acceleration or Acceleration()
        self._files = IndexFiles(directory, space)
        self._rows: Rows | None = None
        self._newer: _Newer | None = None
        self._lock = threading.Lock()

    def search(
        self, vector: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None, *, exact: bool = False
    ) -> Neighbours:
        """The *count* photos nearest to *vector*, float32 (d,); all of them if there are fewer.

        *among*, photo ids, int64 (m,), ascending, narrows the search to these; ids that have no embedding are passed
        over. Photos without a file are not found. Cosines are those of the stored fp16 rows with *vector*, added up in
        float64; of equal ones, lower ids come first. Raises `BadVector` for another shape or numbers that are not
        finite.

        In a library of several hundred thousand photos, whose codes are made by `refresh` and loaded by `warm`,
        or beside the fifth search, one photo in a thousand may be missing from the answer. *exact* looks at every row.
        """
        query = self._checked(vector)
        with self._lock:
            rows, newer = self._current()
        found = [
            rows.search(query, count, newer.replaced, among, None if exact else self._quick(rows)),
            newer.rows.search(query, count, _NONE, among),
        ]
        cosines = np.concatenate([some.cosines for some in found])
        photo_ids = np.concatenate([some.photo_ids for some in found])
        best = np.lexsort((photo_ids, -cosines))[: max(count, 0)]
        return Neighbours(photo_ids[best], cosines[best])

    def refresh(self) -> bool:
        """Make a new file if the newer rows are worth it, or if there is none. Returns whether one was made.

        Where the rows are many, this makes their codes too, which takes two seconds for every hundred thousand, once.
        Searches go on meanwhile.
        """
        with self._lock:
            before = self._files.manifest()
            rows, _ = self._current()
            made = self._files.manifest() != before
        if rows.accelerator is None and self._acceleration.suits(len(rows), self._space.identity.dimension):
            return self._files.add_codes(rows) or made
        return made

    def warm(self) -> None:
        """Get ready for many searches. Without it the fifth search begins to, beside those that follow."""
        with self._lock:
            rows, _ = self._current()
        if rows.accelerator is not None:
            rows.accelerator.load()

    @property
    def is_warm(self) -> bool:
        """Whether `warm` has nothing to do: what there is to load is loaded."""
        with self._lock:
            rows, _ = self._current()
        return rows.accelerator is None or rows.accelerator.is_ready

    def status(self) -> IndexStatus:
        """How the file stands, without making one. Not valid: it is absent, damaged, or of another catalog or space."""
        rows = self._files.open()
        with self._catalog.read() as t:
            if rows is not None and not change_log.holds(t.connection, self._space.id, rows.end):
                rows = None
            newer = len(change_log.since(t.connection, self._space.id, rows.end.seq if rows else 0))
        size = self._files.size()
        if rows is None:
            return IndexStatus(0, newer, valid=False, bytes=size)
        return IndexStatus(len(rows), newer, valid=True, bytes=size, accelerated=rows.accelerator is not None)

    def verify(self) -> bool:
        """Whether the file's every byte is as it was written. If not, it is removed, and the next search makes another.

        A search reads the bytes only where sizes or times tell that somebody else touched them.
        """
        with self._lock:
            is_whole = self._files.verify()
        if not is_whole:
            self.remove()
        return is_whole

    def remove(self) -> None:
        """Remove the file; the next search makes another, of the catalog alone."""
        with self._lock:
            self._files.remove()
            self._rows = self._newer = None

    def _checked(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        # FAISS checks dimensions with an assert only, and takes numbers that are not finite.
        if vector.shape != (self._space.identity.dimension,):
            raise BadVector(f"its shape is {vector.shape}, not ({self._space.identity.dimension},)")
        if not np.isfinite(vector).all():
            raise BadVector("it holds numbers that are not finite")
        return np.ascontiguousarray(vector, np.float32)

    def _quick(self, rows: Rows) -> Acceleration | None:
        """How to look quickly, if that is possible by now."""
        if rows.accelerator is None:
            return None
        rows.accelerator.load_if_it_pays()
        return self._acceleration if rows.accelerator.is_ready else None

    def _current(self) -> tuple[Rows, _Newer]:
        """Rows, and what is newer than them, at one moment of the catalog."""
        if self._rows is None or not self._files.still(self._rows):
            self._rows, self._newer = self._files.open(), None
        with self._catalog.read() as t:
            if self._rows is None or not change_log.holds(t.connection, self._space.id, self._rows.end):
                return self._rebuilt(t, None)
            end = change_log.latest(t.connection, self._space.id)
            if self._newer is None or not change_log.holds(t.connection, self._space.id, self._newer.end):
                self._newer = self._none_newer(self._rows.end)
            if self._newer.end == end:
                return self._rows, self._newer
            changed = change_log.since(t.connection, self._space.id, self._newer.end.seq)
            replaced = np.union1d(self._newer.replaced, np.fromiter(changed, np.int64, len(changed)))
            if len(replaced) >= max(self._newer_rows, _NEWER_SHARE * len(self._rows)):
                return self._rebuilt(t, self._rows)
            pages = generations.from_rows(self._newer.rows, changed, t.embeddings, self._space.id)
            self._newer = _Newer(end, replaced, self._files.in_memory(end, pages))
            return self._rows, self._newer

    def _none_newer(self, end: Position) -> _Newer:
        return _Newer(end, _NONE, self._files.in_memory(end, []))

    def _rebuilt(self, t: Transaction, before: Rows | None) -> tuple[Rows, _Newer]:
        """A new generation, of the rows *before*, where they are as they were written, or of the catalog alone."""
        end = change_log.latest(t.connection, self._space.id)
        if before is None or not self._files.verify():
            self._rows = self._files.write(end, lambda: generations.from_catalog(t.embeddings, self._space.id))
        else:
            changed = change_log.since(t.connection, self._space.id, before.end.seq)
            codes = before.accelerator
            if codes is not None and len(before) >= _OUTGROWN * codes.trained:
                codes = None
            self._rows = self._files.write(
                end,
                lambda: generations.from_rows(before, changed, t.embeddings, self._space.id, codes),
                codes,
            )
        self._newer = self._none_newer(end)
        return self._rows, self._newer
