"""SQLite: connections, transactions, and names of errors."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
)
from sqlalchemy.engine.interfaces import DBAPICursor, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError

from store.errors import (
    CatalogBusy,
    CatalogDamaged,
    CatalogError,
    CatalogMoved,
    CatalogReadOnly,
    CatalogUpgraded,
    DiskFailed,
    DiskFull,
    NotACatalog,
    WordIndexDamaged,
)
from store.fsync import sync
from store.private_files import as_catalog, make_catalog_file, make_folder

from .database import DanglingRow, is_of_stored_value

__all__ = [
    "SQLiteDatabase",
    "by_kind",
    "connect",
    "copy",
    "is_ours",
    "mark_as_ours",
    "restructuring",
    "transaction",
    "translated",
    "write_ahead",
    "writes_ahead",
]

#: Seconds to wait for another process's write. A batch takes far less; a first start runs the migrations.
_PATIENCE = 30.0
#: Seconds of that in which SQLite waits by itself. Nothing can interrupt it then, Ctrl-C included.
_STEP = 0.5
#: Nanoseconds of a tick of a file system's clock, and some more.
_TICK = 50_000_000
#: "PHOT": marks our files among other programs' databases.
_APPLICATION_ID = 0x50484F54

_ERRORS: dict[int, type[CatalogError]] = {
    sqlite3.SQLITE_BUSY: CatalogBusy,
    sqlite3.SQLITE_LOCKED: CatalogBusy,
    sqlite3.SQLITE_CANTOPEN: CatalogReadOnly,
    sqlite3.SQLITE_PERM: CatalogReadOnly,
    sqlite3.SQLITE_READONLY: CatalogReadOnly,
    sqlite3.SQLITE_CORRUPT: CatalogDamaged,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_IOERR: DiskFailed,
    sqlite3.SQLITE_NOTADB: NotACatalog,
    sqlite3.SQLITE_FORMAT: CatalogDamaged,
    sqlite3.SQLITE_PROTOCOL: CatalogBusy,
    sqlite3.SQLITE_NOLFS: DiskFailed,
    sqlite3.SQLITE_TOOBIG: CatalogDamaged,
}
#: Starts of messages without a code of their own: a text with a flipped bit, and tables that are not as we made them.
_OF_DAMAGE = (
    "Could not decode",
    "malformed",
    "no such table",
    "no such column",
    "database schema",
    "invalid fts5",
    "vtable",
)
#: Those of them about the full-text index, which is our only virtual table.
_OF_INDEX = ("invalid fts5", "vtable")


class SQLiteDatabase:
    """The catalog's database in the file at *path*. It implements `Database`; threads may share it."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        self._identity = _identity(path)
        #: SQLite's counter of changes of tables, and the revision that belongs to it.
        self._schema: tuple[int, str] | None = None

    @classmethod
    def open(cls, path: Path, upgrade: Callable[[Engine, Path], None], patience: float | None = None) -> SQLiteDatabase:
        """Open the file at *path*, made if there is none, and bring its tables up to date with *upgrade*.

        A transaction waits half a minute for one of another process, or *patience* seconds.

        Raises `CatalogReadOnly` if its folder cannot be made, and whatever *upgrade* raises.
        """
        try:
            make_folder(path.parent)
        except OSError as error:
            raise CatalogReadOnly(path, str(error)) from error
        make_catalog_file(path)
        engine = connect(path, patience=_PATIENCE if patience is None else patience)
        try:
            with translated(path):
                upgrade(engine, path)
            return cls(path, engine)
        except BaseException:
            engine.dispose()
            raise

    @contextmanager
    def begin(self, *, writes: bool, patience: float | None = None, beside: bool = False) -> Iterator[Connection]:
        """Begin a transaction, as `Database` has it; one that writes excludes all others."""
        del beside
        # SQLite would go on writing, without complaint, into a file that has been deleted.
        if writes and _identity(self.path) != self._identity:
            raise CatalogMoved(self.path)
        with transaction(self._engine, self.path, writes=writes, patience=patience) as connection:
            self._check_tables(connection)
            yield connection

    def _check_tables(self, connection: Connection) -> None:
        """Raise `CatalogUpgraded` if another program changed the tables since this one opened them."""
        number: int = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
        if self._schema is not None and self._schema[0] == number:
            return
        revision: str = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        # A repair by SQLite's own tools counts as a change, too, and has the same revision.
        if self._schema is not None and self._schema[1] != revision:
            raise CatalogUpgraded(self.path, revision)
        self._schema = number, revision

    def stamp(self) -> str | None:
        """Return a text that differs after each commit of any process; None while one may have happened just now."""
        moments, now = [], time.time_ns()
        for path in (f"{self.path}", f"{self.path}-wal"):
            with suppress(OSError):
                status = os.stat(path)
                moments.append((status.st_mtime_ns, status.st_size, status.st_ino))
        # Two commits within a tick of the file system's clock may leave the same times and sizes.
        is_settled = all(now - written >= _TICK for written, _, _ in moments)
        return "-".join(f"{part:x}" for each in moments for part in each) if moments and is_settled else None

    def empty_log(self) -> None:
        """Move the log of changes into the file, as `Database` has it."""
        with translated(self.path):
            connection = self._engine.raw_connection()
            try:
                # Where others read, it is emptied after them.
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def connect(path: Path, *, patience: float = _PATIENCE) -> Engine:
    """Return an engine for the catalog at *path*. Nothing is opened before first use.

    A transaction waits at most *patience* seconds for one of another process.
    """
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=os.fspath(path)),
        connect_args={"timeout": min(_STEP, patience), "check_same_thread": False},
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would commit by itself around DDL; begin below starts every transaction.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        # Committed work survives a power cut, at one sync (3 ms) for each batch of photos. The pragma reads the file,
        # which another process may be checkpointing just now.
        _patiently(lambda: cursor.execute("PRAGMA synchronous = FULL"), patience)
        cursor.close()

    def begin(connection: Connection) -> None:
        # A transaction that reads before it writes fails at once if another has written meanwhile, in spite of the
        # timeout; so a transaction that will write takes the lock at its start.
        options = connection.get_execution_options()
        writes = options.get("writes", False)
        if options.get("restructures", False):
            # Within a transaction the pragma has no effect.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        _patiently(lambda: _begin(connection, writes=writes), options.get("patience", patience))

    def keep_if_interrupted(context: ExceptionContext) -> None:
        # A signal raises between two calls of SQLite, so the connection is whole and its transaction can be rolled
        # back. SQLAlchemy would drop it, as is right for protocols, and refuse every statement that ends something.
        if not isinstance(context.original_exception, Exception):
            context.is_disconnect = False

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    event.listen(engine, "handle_error", keep_if_interrupted)
    return engine


@contextmanager
def transaction(engine: Engine, path: Path, *, writes: bool, patience: float | None = None) -> Iterator[Connection]:
    """Begin a transaction: committed at the end, rolled back on an exception. Driver errors become `CatalogError`s.

    It waits at most *patience* seconds for one of another process; None is the engine's own patience.
    """
    options = {"writes": writes} if patience is None else {"writes": writes, "patience": patience}
    with translated(path), engine.connect().execution_options(**options) as connection, connection.begin():
        if writes:
            yield connection
            return
        try:
            connection.exec_driver_sql("PRAGMA query_only = ON")
            yield connection
        finally:
            connection.exec_driver_sql("PRAGMA query_only = OFF")


@contextmanager
def restructuring(engine: Engine, path: Path) -> Iterator[Connection]:
    """Begin a write transaction that may rebuild tables that others refer to, as most migrations do.

    Raises `CatalogDamaged` if a row refers to nothing at the end.
    """
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
        # New connections check foreign keys again.
        engine.dispose()


def is_ours(connection: Connection) -> bool:
    """Return whether the file has the application id of a catalog."""
    mark: int = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    return mark == _APPLICATION_ID


def mark_as_ours(connection: Connection) -> None:
    """Set the application id of a catalog, as part of the transaction."""
    connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION_ID}")


def writes_ahead(connection: Connection) -> bool:
    """Return whether the file is in WAL mode, so that readers and a writer can work at once.

    The file keeps the mode; a restored copy may not have it.
    """
    mode: str = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    return mode == "wal"


def write_ahead(engine: Engine, path: Path) -> None:
    """Set WAL mode on *path*, which must be a catalog or empty. Raises `CatalogBusy` or `DiskFailed`."""
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
    """Copy the committed content of *path* to *target*, all or nothing."""
    temporary_path = target.with_name(f"{target.name}.tmp")
    try:
        temporary_path.unlink(missing_ok=True)
        # SQLite takes an empty file, too, which has the permissions of the catalog.
        os.close(as_catalog(os.fspath(temporary_path), os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        with translated(path):
            connection = engine.raw_connection()
            try:
                connection.cursor().execute("VACUUM INTO ?", (os.fspath(temporary_path),))
            finally:
                connection.close()
        # SQLite does not sync the copy.
        sync(temporary_path)
        temporary_path.replace(target)
        with suppress(OSError):
            sync(target.parent)
    finally:
        with suppress(OSError):
            temporary_path.unlink(missing_ok=True)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the driver's errors into `CatalogError`s."""
    try:
        yield
    except DanglingRow as error:
        raise CatalogDamaged(path, str(error)) from error
    except DBAPIError as error:
        raise by_kind(error, path) from error
    except sqlite3.Error as error:
        raise _by_code(error, path) from error
    except (ValueError, TypeError) as error:
        if not is_of_stored_value(error):
            raise
        raise CatalogDamaged(path, f"a value in it cannot be read: {error}") from error


def by_kind(error: DBAPIError, path: Path) -> Exception:
    """Return the `CatalogError` that *error* means for the catalog at *path*; *error* itself if it means none."""
    original = error.orig
    return _by_code(original, path) if isinstance(original, sqlite3.Error) else error


def _by_code(error: sqlite3.Error, path: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", None)
    kind = _ERRORS.get(code & 0xFF) if code is not None else None
    if kind is None and (code in {None, sqlite3.SQLITE_ERROR}) and str(error).startswith(_OF_DAMAGE):
        kind = CatalogDamaged
    if kind is None:
        return error
    if code in {sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}:
        kind = CatalogDamaged
    elif kind is DiskFailed and _is_full(path):
        kind = DiskFull
    if kind is CatalogDamaged and (code == sqlite3.SQLITE_CORRUPT_VTAB or str(error).startswith(_OF_INDEX)):
        kind = WordIndexDamaged
    return kind(path, str(error))


def _is_full(path: Path) -> bool:
    # SQLite reports a disk that fills up while the log grows as an I/O error. With a megabyte free it is another one.
    try:
        space = os.statvfs(path.parent)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < 1 << 20


def _set_write_ahead(cursor: DBAPICursor, path: Path) -> bool:
    """Set WAL mode. Returns False if another process is in the way."""
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
        (mode,) = cursor.fetchone() or ("none",)
    except sqlite3.OperationalError as error:
        # While another process sets the mode, SQLite gives up at once, without waiting.
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
        # The file is first read here, so this is where to wait for a lock.
        connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first()
    except BaseException:
        # After a signal it may have been rolled back. Unlike the statement, the driver's call allows for that.
        connection.connection.rollback()
        raise


def _patiently(attempt: Callable[[], object], patience: float) -> None:
    """Repeat *attempt* while another process holds a lock, for about *patience* seconds."""
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


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
