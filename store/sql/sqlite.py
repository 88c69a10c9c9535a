"""What is special to SQLite: connections, transactions, and the names of its errors."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, OperationalError

from store.errors import CatalogBusy, CatalogDamaged, CatalogError, CatalogReadOnly, DiskFailed, DiskFull, NotACatalog
from store.vectors.faiss.fsync import sync

#: Seconds to wait for another process's write. A batch takes far less; a first start runs the migrations.
_PATIENCE = 30.0
#: Seconds of that which SQLite waits by itself: nothing can interrupt it meanwhile, Ctrl-C included.
_STEP = 0.5
#: "PHOT": tells our files from other programs' databases.
_APPLICATION_ID = 0x50484F54

_SENTENCES: dict[int, type[CatalogError]] = {
    sqlite3.SQLITE_BUSY: CatalogBusy,
    sqlite3.SQLITE_LOCKED: CatalogBusy,
    sqlite3.SQLITE_CANTOPEN: CatalogReadOnly,
    sqlite3.SQLITE_PERM: CatalogReadOnly,
    sqlite3.SQLITE_READONLY: CatalogReadOnly,
    sqlite3.SQLITE_CORRUPT: CatalogDamaged,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_IOERR: DiskFailed,
    sqlite3.SQLITE_NOTADB: NotACatalog,
}


def connect(path: Path, *, patience: float = _PATIENCE) -> Engine:
    """An engine for the catalog at *path*. Nothing is opened until it is used.

    A transaction waits for another process's at most *patience* seconds.
    """
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=os.fspath(path)),
        connect_args={"timeout": min(_STEP, patience), "check_same_thread": False},
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver commits by itself around DDL; transactions are ours alone (see begin below).
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        # What was reported done survives a power cut; that costs one sync (3 ms) for each batch of photos. It reads the
        # file, which another process may just be tidying up.
        _patiently(lambda: cursor.execute("PRAGMA synchronous = FULL"), patience)
        cursor.close()

    def begin(connection: Connection) -> None:
        # A transaction that reads before it writes would fail at once if another has written meanwhile,
        # in spite of the timeout; so whoever will write says so at the start.
        options = connection.get_execution_options()
        writes = options.get("writes", False)
        if options.get("restructures", False):
            # Within a transaction this would do nothing.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        _patiently(lambda: _begin(connection, writes=writes), options.get("patience", patience))

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


@contextmanager
def transaction(engine: Engine, path: Path, *, writes: bool, patience: float | None = None) -> Iterator[Connection]:
    """A transaction: committed at the end, rolled back on an exception. Database errors become ours.

    Another process's is waited for at most *patience* seconds, if it is given, and as long as the engine does if not.
    """
    options = {"writes": writes} if patience is None else {"writes": writes, "patience": patience}
    with translated(path), engine.connect().execution_options(**options) as connection, connection.begin():
        if not writes:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        try:
            yield connection
        finally:
            if not writes:
                connection.exec_driver_sql("PRAGMA query_only = OFF")


@contextmanager
def restructuring(engine: Engine, path: Path) -> Iterator[Connection]:
    """A write transaction in which a table that others refer to can be made anew, as most changes to one need."""
    try:
        with (
            translated(path),
            engine.connect().execution_options(writes=True, restructures=True) as connection,
            connection.begin(),
        ):
            yield connection
            orphan = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if orphan is not None:
                raise CatalogDamaged(path, f"a row of the table {orphan[0]} refers to nothing")
    finally:
        # Connections made from now on check foreign keys again.
        engine.dispose()


def is_ours(connection: Connection) -> bool:
    """Whether the file bears our mark."""
    mark: int = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    return mark == _APPLICATION_ID


def mark_as_ours(connection: Connection) -> None:
    """Put our mark on the file, with the transaction."""
    connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION_ID}")


def writes_ahead(connection: Connection) -> bool:
    """Whether readers and a writer can work at once (WAL). The file remembers it; a copy that was restored does not."""
    mode: str = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    return mode == "wal"


def write_ahead(engine: Engine, path: Path) -> None:
    """Let readers and a writer of *path*, which must be ours, work at once. Raises `CatalogBusy` or `DiskFailed`."""
    with translated(path):
        connection = engine.raw_connection()
        try:
            deadline = time.monotonic() + _PATIENCE
            while not _set_write_ahead(connection.cursor(), path):
                if time.monotonic() >= deadline:
                    raise CatalogBusy(path)
                time.sleep(_STEP / 10)
        finally:
            connection.close()


def copy(engine: Engine, path: Path, target: Path) -> None:
    """A copy, at *target*, of what is committed in *path*: the whole or none."""
    beside = target.with_name(f"{target.name}.tmp")
    try:
        beside.unlink(missing_ok=True)
        with translated(path):
            connection = engine.raw_connection()
            try:
                connection.cursor().execute("VACUUM INTO ?", (os.fspath(beside),))
            finally:
                connection.close()
        # SQLite leaves that to the system.
        sync(beside)
        beside.replace(target)
        with suppress(OSError):
            sync(target.parent)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


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
    if code in {sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}:
        kind = CatalogDamaged
    elif kind is DiskFailed and _is_full(path):
        kind = DiskFull
    return kind(path, str(error))


def _is_full(path: Path) -> bool:
    # SQLite calls a disk that fills up while the log grows an I/O error; a megabyte free speaks against it.
    try:
        space = os.statvfs(path.parent)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < 1 << 20


def _set_write_ahead(cursor: DBAPICursor, path: Path) -> bool:
    """Whether it is so now; not yet, if another process is in the way."""
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
        (mode,) = cursor.fetchone() or ("none",)
    except sqlite3.OperationalError as error:
        # While another process asks for the same, SQLite gives up at once, without waiting.
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    if mode != "wal":
        raise DiskFailed(path, f"its file system allows the journal mode {mode} alone")
    return True


def _begin(connection: Connection, *, writes: bool) -> None:
    if writes:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql("BEGIN")
    try:
        # Only now is the file read, and only here can a lock that stands in the way be waited for.
        connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first()
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise


def _patiently(attempt: Callable[[], object], patience: float) -> None:
    """*attempt*, again and again while another process is in the way."""
    deadline = time.monotonic() + patience
    while True:
        try:
            attempt()
        except (OperationalError, sqlite3.OperationalError) as error:
            original = error.orig if isinstance(error, OperationalError) else error
            is_busy = getattr(original, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= deadline:
                raise
        else:
            return
