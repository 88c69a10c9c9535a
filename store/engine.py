"""What is special to SQLite: connections, transactions, and the names of its errors."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from .errors import (
    CatalogBusy,
    CatalogDamaged,
    CatalogError,
    CatalogReadOnly,
    DiskFull,
    NotACatalog,
)

#: Seconds to wait for another process's write. A batch takes far less; a first start runs the migrations.
_PATIENCE = 30
#: "PHOT": tells our files from other programs' databases.
APPLICATION_ID = 0x50484F54

_SENTENCES: dict[int, type[CatalogError]] = {
    sqlite3.SQLITE_BUSY: CatalogBusy,
    sqlite3.SQLITE_LOCKED: CatalogBusy,
    sqlite3.SQLITE_CANTOPEN: CatalogReadOnly,
    sqlite3.SQLITE_PERM: CatalogReadOnly,
    sqlite3.SQLITE_READONLY: CatalogReadOnly,
    sqlite3.SQLITE_CORRUPT: CatalogDamaged,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_IOERR: DiskFull,
    sqlite3.SQLITE_NOTADB: NotACatalog,
}


def connect(path: Path) -> Engine:
    """An engine for the catalog at *path*. Nothing is opened until it is used."""
    engine = create_engine(
        f"sqlite+pysqlite:///{path}", connect_args={"timeout": _PATIENCE, "check_same_thread": False}
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver commits by itself around DDL; transactions are ours alone (see begin below).
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA journal_mode = WAL")
        # With WAL this keeps the file whole through a power cut; the last batches may have to be done again.
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    def begin(connection: Connection) -> None:
        # A transaction that reads before it writes would fail at once if another has written meanwhile,
        # in spite of the timeout; so whoever will write says so at the start.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


@contextmanager
def transaction(engine: Engine, path: Path, *, writes: bool) -> Iterator[Connection]:
    """A transaction: committed at the end, rolled back on an exception. Database errors become ours."""
    with translated(path), engine.connect().execution_options(writes=writes) as connection, connection.begin():
        if not writes:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        try:
            yield connection
        finally:
            if not writes:
                connection.exec_driver_sql("PRAGMA query_only = OFF")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns the driver's errors into ours."""
    try:
        yield
    except DBAPIError as error:
        raise _ours(error, path) from error
    except sqlite3.Error as error:
        raise _by_code(error, path) from error


def _ours(error: DBAPIError, path: Path) -> Exception:
    original = error.orig
    return _by_code(original, path) if isinstance(original, sqlite3.Error) else error


def _by_code(error: sqlite3.Error, path: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", None)
    kind = _SENTENCES.get(code & 0xFF) if code is not None else None
    if kind is None:
        return error
    if kind is DiskFull and not _is_full(path) and code != sqlite3.SQLITE_FULL:
        kind = CatalogDamaged
    return kind(path, str(error))


def _is_full(path: Path) -> bool:
    # An I/O error while writing is nearly always a full disk or a quota; a megabyte free speaks against it.
    try:
        space = os.statvfs(path.parent)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < 1 << 20
