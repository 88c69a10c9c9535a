"""A library's folder that a catalog is copied to; see `targets`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, inspect

from store.errors import CatalogBusy, CatalogNotEmpty, CatalogReadOnly, CopyRunning, DiskFailed, NotACatalog
from store.fsync import sync
from store.private_files import CATALOG_FILE, make_folder
from store.sql.sqlite import SQLiteDatabase, connect, is_ours, restructuring, transaction, translated
from store.sql.unfinished_copy import Unfinished, find_unfinished, mark_unfinished
from store.sql.upgrade import HEAD, upgrade

from .targets import is_used

#: SQLite's own files beside a database.
_BESIDE: Final = ("", "-wal", "-shm", "-journal")


class FileTarget:
    """The SQLite catalog in a library's folder, under another name until it is finished. It implements `CopyTarget`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / CATALOG_FILE
        self._unfinished = folder / f"{CATALOG_FILE}.unfinished"
        self._engine: Engine | None = None

    def found(self) -> Unfinished | None:
        """Return the unfinished copy that is there, as `CopyTarget` has it."""
        self._check_free()
        if not _has_content(self._unfinished):
            return None
        with _reading(self._unfinished) as connection:
            return find_unfinished(connection)

    def _check_free(self) -> None:
        if not _has_content(self.path):
            return
        with _reading(self.path) as connection:
            if inspect(connection).get_table_names() and not is_ours(connection):
                raise NotACatalog(self.path)
            if is_used(connection):
                raise CatalogNotEmpty(self.path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other copies away, as `CopyTarget` has it. Raises `CatalogReadOnly` if the folder cannot be made."""
        lock = FileLock(self.path.with_name(f"{CATALOG_FILE}.unfinished.lock"), mode=0o600)
        try:
            make_folder(self.path.parent)
            lock.acquire(blocking=False)
        except Timeout as error:
            raise CopyRunning(self.path) from error
        except OSError as error:
            raise CatalogReadOnly(self.path, str(error)) from error
        try:
            yield
        finally:
            lock.release()
            with suppress(OSError):
                os.unlink(lock.lock_file)

    def prepare(self, source: str, *, restart: bool) -> None:
        """Make the tables, as `CopyTarget` has it."""
        found = self.found()
        if restart or found is None or found.revision != HEAD:
            # Without its mark it was finished, and got no further: another program cannot have used it.
            self._delete()
            SQLiteDatabase.open(self._unfinished, upgrade).close()
        self._engine = connect(self._unfinished)
        with self.begin() as connection:
            if find_unfinished(connection) is None:
                mark_unfinished(connection, source, HEAD)

    def _delete(self) -> None:
        for end in _BESIDE:
            try:
                Path(f"{self._unfinished}{end}").unlink(missing_ok=True)
            except OSError as error:
                raise CatalogReadOnly(self._unfinished, str(error)) from error

    def begin(self, *, checks: bool = True) -> AbstractContextManager[Connection]:
        """Begin a transaction, as `CopyTarget` has it."""
        assert self._engine is not None, "prepared"
        if checks:
            return transaction(self._engine, self._unfinished, writes=True)
        return restructuring(self._engine, self._unfinished)

    def publish(self) -> None:
        """Give the file its name, as `CopyTarget` has it."""
        assert self._engine is not None, "prepared"
        _run_pragma(self._engine, self._unfinished, "wal_checkpoint(TRUNCATE)")
        self._engine.dispose()
        if _has_content(Path(f"{self._unfinished}-wal")):
            # Without its log the file lacks the last rows.
            raise CatalogBusy(self._unfinished)
        # Another program may have made one meanwhile.
        self._check_free()
        _remove_empty(self.path)
        try:
            sync(self._unfinished)
            self._unfinished.replace(self.path)
        except OSError as error:
            raise DiskFailed(self.path, str(error)) from error
        with suppress(OSError):
            sync(self.path.parent)

    def close(self) -> None:
        """Close all connections."""
        if self._engine is not None:
            self._engine.dispose()


@contextmanager
def _reading(path: Path) -> Iterator[Connection]:
    """Begin a transaction that reads the file at *path*, and close it after that."""
    engine = connect(path)
    try:
        with transaction(engine, path, writes=False) as connection:
            yield connection
    finally:
        engine.dispose()


def _run_pragma(engine: Engine, path: Path, pragma: str) -> None:
    """Run a pragma that no transaction may hold."""
    with translated(path), closing(engine.raw_connection()) as connection:
        connection.cursor().execute(f"PRAGMA {pragma}")


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _remove_empty(path: Path) -> None:
    """Remove the catalog without rows at *path*, with its log: SQLite would take that for the new catalog's.

    Raises `CatalogBusy` if another process has it open.
    """
    if _has_content(path):
        engine = connect(path)
        try:
            # The mode can be left by the only process that has the file open; the log is deleted then.
            _run_pragma(engine, path, "journal_mode = DELETE")
        finally:
            engine.dispose()
    with suppress(OSError):
        path.unlink(missing_ok=True)
