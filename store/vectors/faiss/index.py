"""The vector index in FAISS: when a generation of its files is current, and when it is rebuilt.

A generation holds the rows up to one entry of the catalog's change log. What was committed since is read from the
catalog, so an answer is never older than the catalog. A generation that is absent, damaged, of another space or another
catalog, or that lacks too much, is rebuilt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from store.catalog.catalog import Catalog, Transaction
from store.embeddings.cache import Position
from store.embeddings.embeddings import PUT, Embeddings, changes_since, latest_change, log_holds
from store.records import Neighbours, Space, Vectors
from store.vectors.base import IndexStatus, checked_query

from .index_files import IndexFiles, RowPage
from .index_rows import Rows
from .product_quantizer import Acceleration, Accelerator

#: Newer rows, up to this share of the file (and a given number), are searched as well; with more, a new file is made.
_NEWER_SHARE = 0.05
#: Rows that are in memory at once when a file is made.
_PART = 4096
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Newer:
    """Changes that the file lacks up to `end` of the log: photos with outdated rows, and the rows in their place."""

    end: Position
    replaced: NDArray[np.int64]
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The `IndexSnapshot` of the rows in a file and of those that are newer."""

    t: Transaction
    rows: Rows
    newer: _Newer
    dimension: int
    accelerator: Accelerator

    def search(
        self, vector: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None, *, exact: bool = False
    ) -> Neighbours:
        """Find the nearest photos, as `IndexSnapshot` has it.

        The answer is exact before `refresh` has made the codes of a large library, and before `warm`, or the fifth
        search, has loaded them.
        """
        # FAISS checks dimensions with an assert only, and accepts numbers that are not finite.
        query = checked_query(vector, self.dimension)
        shortlist = self.accelerator.shortlist(self.rows) if self.rows.has_attachments and not exact else None
        found = [
            self.rows.search(query, count, self.newer.replaced, among, shortlist),
            self.newer.rows.search(query, count, _NONE, among),
        ]
        cosines = np.concatenate([some.cosines for some in found])
        photo_ids = np.concatenate([some.photo_ids for some in found])
        best = np.lexsort((photo_ids, -cosines))[: max(count, 0)]
        return Neighbours(photo_ids[best], cosines[best])


class FaissIndex:
    """The `VectorIndex` of one space in files below *directory*. Threads may share it.

    *newer_rows*: this many changes are searched in addition to the file before a new one is made.
    *acceleration*: when a shortlist goes before the exact comparison.
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
        self._files = IndexFiles(directory, space)
        self._accelerator = Accelerator(self._files, acceleration)
        self._rows: Rows | None = None
        self._newer: _Newer | None = None
        self._lock = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[_Snapshot]:
        """Take a snapshot, as `VectorIndex` has it. The index's lock is free again before the block begins."""
        with ExitStack() as until_end:
            with self._lock:
                snapshot = until_end.enter_context(self._current())
            yield snapshot

    def refresh(self, progress: Callable[[int, int], None] | None = None) -> bool:
        """Make a new file if there is none or the newer rows pay for it, and the codes of a large library.

        Returns whether anything was written. *progress* gets nothing: it is done in seconds.
        """
        del progress
        with self._lock:
            before = self._files.manifest()
            with self._current() as snapshot:
                rows = snapshot.rows
            made = self._files.manifest() != before
        return self._accelerator.make(rows) is not None or made

    def warm(self) -> None:
        """Load the codes of a large library."""
        with self.read() as snapshot:
            rows = snapshot.rows
        self._accelerator.load(rows)

    @property
    def is_warm(self) -> bool:
        """True if `warm` has nothing to do."""
        with self.read() as snapshot:
            rows = snapshot.rows
        return self._accelerator.is_loaded(rows)

    def status(self) -> IndexStatus:
        """Return the state of the file, without making one."""
        rows = self._files.open()
        with self._catalog.read() as t:
            if rows is not None and not log_holds(t.connection, self._space.id, rows.end):
                rows = None
            newer = len(changes_since(t.connection, self._space.id, rows.end.seq if rows else 0))
        size = self._files.size()
        if rows is None:
            return IndexStatus(0, newer, valid=False, bytes=size)
        return IndexStatus(len(rows), newer, valid=True, bytes=size, accelerated=self._accelerator.accelerates(rows))

    def verify(self) -> bool:
        """Compare every byte of the files with their checksums. Damaged files are removed.

        A search reads the bytes only if sizes or times differ from those written.
        """
        with self._lock:
            is_whole = self._files.verify()
        if not is_whole:
            self.remove()
        return is_whole

    def remove(self) -> None:
        """Remove the files. The next search makes new ones from the catalog alone."""
        with self._lock:
            self._files.remove()
            self._rows = self._newer = None

    @contextmanager
    def _current(self) -> Iterator[_Snapshot]:
        """Begin a transaction and bring the rows up to its moment. It begins with the lock held, and may end without.

        The files are opened before: a generation that was published later could be newer than the transaction.
        """
        if self._rows is None or not self._files.is_current(self._rows):
            self._rows, self._newer = self._files.open(), None
        with self._catalog.read() as t:
            rows, newer = self._rows_at(t)
            yield _Snapshot(t, rows, newer, self._space.identity.dimension, self._accelerator)

    def _rows_at(self, t: Transaction) -> tuple[Rows, _Newer]:
        """Rows, and what is newer than them, at the moment of *t*."""
        if self._rows is None or not log_holds(t.connection, self._space.id, self._rows.end):
            return self._rebuilt(t, None)
        end = latest_change(t.connection, self._space.id)
        if self._newer is None or not log_holds(t.connection, self._space.id, self._newer.end):
            self._newer = self._none_newer(self._rows.end)
        if self._newer.end == end:
            return self._rows, self._newer
        changed = changes_since(t.connection, self._space.id, self._newer.end.seq)
        replaced = np.union1d(self._newer.replaced, _photo_ids(changed))
        if len(replaced) >= max(self._newer_rows, _NEWER_SHARE * len(self._rows)):
            return self._rebuilt(t, self._rows)
        pages = _pages_from_rows(self._newer.rows, changed, t.embeddings.uncached, self._space.id)
        self._newer = _Newer(end, replaced, self._files.in_memory(end, pages))
        return self._rows, self._newer

    def _none_newer(self, end: Position) -> _Newer:
        return _Newer(end, _NONE, self._files.in_memory(end, []))

    def _rebuilt(self, t: Transaction, before: Rows | None) -> tuple[Rows, _Newer]:
        """A new generation, of the rows *before* if they are undamaged, or of the catalog alone."""
        end, embeddings = latest_change(t.connection, self._space.id), t.embeddings.uncached
        if before is None or not self._files.verify():
            self._rows = self._files.write(end, lambda: _pages_from_catalog(embeddings, self._space.id))
        else:
            changed = changes_since(t.connection, self._space.id, before.end.seq)
            self._rows = self._accelerator.carry(
                before,
                _photo_ids(changed),
                lambda: self._files.write(end, lambda: _pages_from_rows(before, changed, embeddings, self._space.id)),
            )
        self._newer = self._none_newer(end)
        return self._rows, self._newer


def _pages_from_catalog(embeddings: Embeddings, space_id: int) -> Iterator[RowPage]:
    """Yield all rows of the space from the catalog."""
    for page in embeddings.scan(space_id, _PART):
        yield RowPage(page.ids, _as_bytes(page))


def _pages_from_rows(rows: Rows, changed: dict[int, str], embeddings: Embeddings, space_id: int) -> Iterator[RowPage]:
    """Yield *rows*, with the catalog's rows in place of those that *changed* (photo to `PUT` or `DELETE`)."""
    kept = ~np.isin(rows.photo_ids, _photo_ids(changed))
    put = np.array(sorted(photo_id for photo_id, op in changed.items() if op == PUT), np.int64)
    photo_ids = np.union1d(rows.photo_ids[kept], put)
    for start in range(0, len(photo_ids), _PART):
        wanted = photo_ids[start : start + _PART]
        places = np.searchsorted(rows.photo_ids, wanted)
        places[places == len(rows)] = 0
        held = kept[places] & (rows.photo_ids[places] == wanted) if len(rows) else np.zeros(len(wanted), np.bool_)
        fetched = embeddings.get(space_id, wanted[~held].tolist())
        # Rows that are damaged in the catalog are left out.
        there = held | np.isin(wanted, fetched.ids)
        old = held[there]
        raw = np.empty((len(old), rows.raw.shape[1]), np.uint8)
        raw[old], raw[~old] = rows.raw[places[held]], _as_bytes(fetched)
        yield RowPage(wanted[there], raw)


def _photo_ids(changed: dict[int, str]) -> NDArray[np.int64]:
    return np.fromiter(changed, np.int64, len(changed))


def _as_bytes(vectors: Vectors) -> NDArray[np.uint8]:
    """Return the rows as half-precision floats, uint8 (n, 2 d): the catalog's bytes."""
    rows: NDArray[np.uint8] = vectors.matrix.astype("<f2").view(np.uint8)
    return rows
