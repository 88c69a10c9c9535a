"""PostgreSQL with pgvector: addresses, connections, transactions, and names of errors.

One database holds one catalog, in its default schema.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

# Reflection, as Alembic does it, then knows the type of vectors.
import pgvector.sqlalchemy  # noqa: F401
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from store.errors import (
    BadCatalogAddress,
    CatalogBusy,
    CatalogDamaged,
    CatalogError,
    CatalogMoved,
    CatalogRefused,
    CatalogUnreachable,
    CatalogUpgraded,
    DatabaseForbidden,
    DatabaseNotUnicode,
    DatabaseReadOnly,
    DiskFailed,
    DiskFull,
    PgvectorMissing,
    PgvectorTooOld,
    UnfinishedCopy,
)
from store.server_address import ServerAddress

from .database import DanglingRow, is_of_stored_value
from .unfinished_copy import is_mark, source_of

if TYPE_CHECKING:
    from psycopg import Connection as Driver

__all__ = [
    "PostgresDatabase",
    "add_pgvector",
    "address_of",
    "check_server",
    "connect",
    "has_tables",
    "is_ours",
    "lock_tables",
    "mark_as_ours",
    "name_of",
    "own_connection",
    "transaction",
    "translated",
    "try_lock",
]

#: Seconds to wait for another process's write.
_PATIENCE: Final = 30.0
#: Seconds that a transaction waits at least.
_STEP: Final = 0.5
#: The advisory lock of a transaction that writes: "PHOT". Those that write beside others share it. Advisory locks
#: belong to one database.
_LOCK: Final = 0x50484F54
_MARK: Final = "photos catalog"
#: Earlier versions of pgvector may damage an index, or the server's memory: 0.8.2 fixed a buffer overflow
#: (CVE-2026-3172), 0.8.3 a corruption, and 0.8.4 a graph that a vacuum did not repair.
_OLDEST: Final = (0, 8, 4)
#: Libpq's parameters where the address has no others: a server that went away is noticed within about a minute. While
#: something that was sent is not acknowledged, TCP counts by the last of them alone: milliseconds.
_PARAMETERS: Final[dict[str, str | int]] = {
    "fallback_application_name": "photos",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
#: The server's for a connection that holds a lock. By default a lock outlives a power cut of its machine by two hours.
_ALIVE: Final = {"idle": 30, "interval": 10, "count": 3}
#: Such a connection is not used for hours. Some servers do not know this time-out.
_LASTING: Final = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
#: Seconds between two attempts at a lock.
_ATTEMPT: Final = 0.1
#: Name of an engine's option: the whole address.
_ADDRESS: Final = "photos_address"
# A writing transaction must see what was committed while it waited for its lock, so each statement reads the newest
# state. Nobody else writes the same rows, so that is always the same one.
_ISOLATION: Final = {False: "REPEATABLE READ", True: "READ COMMITTED"}

_ERRORS: Final[dict[str, type[CatalogError]]] = {
    "25006": DatabaseReadOnly,
    "25P03": CatalogUnreachable,
    "25P04": CatalogUnreachable,
    "3F000": DatabaseForbidden,
    "40001": CatalogBusy,
    "40P01": CatalogBusy,
    "42501": DatabaseReadOnly,
    "42703": CatalogDamaged,
    "42P01": CatalogDamaged,
    "53100": DiskFull,
    "55P03": CatalogBusy,
    "XX001": CatalogDamaged,
    "XX002": CatalogDamaged,
}
#: Classes of SQLSTATEs: of connections, of resources, and of an administrator's interventions.
_OF_SERVER: Final = ("08", "53", "57")
#: Of the server's files.
_OF_DISK: Final = "58"
#: A right that a role lacks.
_FORBIDDEN: Final = "42501"


class PostgresDatabase:
    """The catalog's database on a PostgreSQL server. It implements `Database`; threads may share it."""

    def __init__(self, path: str, engine: Engine, patience: float = _PATIENCE) -> None:
        #: The address without its password.
        self.path = path
        self._engine = engine
        self._patience = patience
        self._revision: str | None = None

    @classmethod
    def open(
        cls, address: str, upgrade: Callable[[Engine, str], None], patience: float | None = None
    ) -> PostgresDatabase:
        """Connect to the database at *address*, and bring its tables up to date with *upgrade*.

        A transaction waits half a minute for one of another process, or *patience* seconds.

        Raises `BadCatalogAddress`, `CatalogUnreachable`, and whatever *upgrade* raises.
        """
        opened = cls._opened(address, upgrade, patience, may_make=True)
        assert opened is not None
        return opened

    @classmethod
    def open_if_any(
        cls, address: str, upgrade: Callable[[Engine, str], None], patience: float | None = None
    ) -> PostgresDatabase | None:
        """Do as `open`, unless the database has no table: then nothing is made, and the value is None."""
        return cls._opened(address, upgrade, patience, may_make=False)

    @classmethod
    def _opened(
        cls, address: str, upgrade: Callable[[Engine, str], None], patience: float | None, *, may_make: bool
    ) -> PostgresDatabase | None:
        name, engine = name_of(address), connect(address)
        try:
            if not may_make and not _has_tables(engine, name):
                engine.dispose()
                return None
            with translated(name):
                upgrade(engine, name)
            return cls(name, engine, _PATIENCE if patience is None else patience)
        except BaseException:
            engine.dispose()
            raise

    @contextmanager
    def begin(self, *, writes: bool, patience: float | None = None, beside: bool = False) -> Iterator[Connection]:
        """Begin a transaction, as `Database` has it."""
        # As with SQLite, a writer that will not wait long waits for one of the short transactions.
        seconds = self._patience if patience is None else max(patience, min(_STEP, self._patience))
        with transaction(self._engine, self.path, writes=writes, patience=seconds, beside=beside) as connection:
            self._check_tables(connection)
            yield connection

    def _check_tables(self, connection: Connection) -> None:
        """Raise `CatalogUpgraded` if another program changed the tables since this one opened them.

        Raises `UnfinishedCopy` if another program copies a library to them.
        """
        # An upgrade waits for this lock, and this for an upgrade; the state that is read is chosen after that.
        both = "LOCK TABLE alembic_version IN ACCESS SHARE MODE; SELECT version_num FROM alembic_version"
        try:
            cursor = driver_of(connection).execute(both, prepare=False)
        except psycopg.errors.UndefinedTable as error:
            raise CatalogMoved(self.path) from error
        cursor.nextset()
        row = cursor.fetchone()
        revision = "" if row is None else str(row[0])
        if is_mark(revision):
            raise UnfinishedCopy(self.path, source=source_of(connection), target=self.path)
        if self._revision is not None and self._revision != revision:
            raise CatalogUpgraded(self.path, revision)
        self._revision = revision

    def stamp(self) -> str | None:
        """Return a text that differs after each commit of any process; None if the server does not answer."""
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                # The numbers of transactions go on after a restart, but not after a restored backup.
                both = "SELECT pg_postmaster_start_time()::text || ' ' || pg_current_snapshot()::text"
                return str(connection.exec_driver_sql(both).scalar_one())
        except (DBAPIError, NoConnectionLeft):
            return None

    def empty_log(self) -> None:
        """Write the table of searched texts anew, as `Database` has it; the server's log keeps them for a while."""
        with (
            translated(self.path),
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            driver = driver_of(connection)
            driver.execute("SET lock_timeout = '1s'", prepare=False)
            try:
                # Where others read, it is done after them, another time.
                with suppress(psycopg.errors.LockNotAvailable):
                    driver.execute("VACUUM (FULL) text_vector", prepare=False)
            finally:
                driver.execute("RESET lock_timeout", prepare=False)

    @contextmanager
    def maintenance(self) -> Iterator[Connection]:
        """Connect anew, for statements that no transaction may hold: each is one of its own.

        The connection is closed at the end, with its settings and locks.
        """
        with (
            translated(self.path),
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            try:
                yield connection
            finally:
                # Of a connection that went back to its pool, settings and locks would stay.
                connection.invalidate()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def name_of(address: str) -> str:
    """Return *address* without its password, for people. Raises `BadCatalogAddress`."""
    return ServerAddress.read(address).name


def connect(address: str) -> Engine:
    """Return an engine for the database at *address*, which libpq reads. Nothing is opened before first use.

    Raises `BadCatalogAddress`.
    """
    uri = ServerAddress.read(address).uri
    try:
        given = conninfo_to_dict(uri)
        whole = make_conninfo(uri, **{name: value for name, value in _PARAMETERS.items() if name not in given})
    except psycopg.ProgrammingError:
        # Its message may repeat a part of the password.
        raise BadCatalogAddress from None
    # SQLAlchemy's own addresses know neither several hosts nor services. Connections that were lost while nobody used
    # them are made anew without an error.
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(whole),
        use_native_hstore=False,
        pool_pre_ping=True,
        max_overflow=20,
        execution_options={_ADDRESS: whole},
    )


def _has_tables(engine: Engine, name: str) -> bool:
    with transaction(engine, name, writes=False) as connection:
        check_server(connection, name)
        return has_tables(connection)


@contextmanager
def transaction(
    engine: Engine, name: str, *, writes: bool, patience: float = _PATIENCE, beside: bool = False
) -> Iterator[Connection]:
    """Begin a transaction: committed at the end, rolled back on an exception. Driver errors become `CatalogError`s.

    A writing one excludes others, or, if it writes *beside* others, those that do not; it waits at most *patience*
    seconds for one, and then raises `CatalogBusy`.
    """
    wait = f"SET LOCAL lock_timeout = {max(1, round(patience * 1000))}"
    # SQLAlchemy's own option for this would let other transactions write where the server forbids it.
    lock = "pg_advisory_xact_lock_shared" if beside else "pg_advisory_xact_lock"
    alive = _kept_alive("LOCAL")
    first = f"{wait}; {alive}; SELECT {lock}({_LOCK})" if writes else f"SET TRANSACTION READ ONLY; {wait}"
    with (
        translated(name, reads=not writes),
        engine.connect().execution_options(isolation_level=_ISOLATION[writes]) as connection,
        connection.begin(),
    ):
        driver_of(connection).execute(first.encode(), prepare=False)
        yield connection


def address_of(connection: Connection, called: str) -> str:
    """Return what libpq needs for another connection to the same database, *called* so there; it has the password.

    All hosts of the address are in it, not only the one that *connection* was made to, which may fail.
    """
    return make_conninfo(connection.get_execution_options()[_ADDRESS], application_name=called)


def own_connection(connection: Connection, called: str) -> Driver:
    """Open another connection to the same database, *called* so there, in which each statement is a transaction.

    It may hold locks: the server notices within a minute that this machine is gone, and ends it for nothing else.
    """
    driver = psycopg.connect(address_of(connection, called), autocommit=True)
    driver.execute(f"{_kept_alive('SESSION')}; {_LASTING}".encode(), prepare=False)
    return driver


def try_lock(driver: Driver, lock: int, patience: float = 0) -> bool:
    """Take the advisory lock of that number until the connection ends; False if another one has it *patience* seconds.

    A statement that waits for it would be waited for by those that build an index while others write.
    """
    until = time.monotonic() + patience
    while True:
        row = driver.execute("SELECT pg_try_advisory_lock(%s)", [lock], prepare=False).fetchone()
        if row is not None and row[0]:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_ATTEMPT)


def _kept_alive(scope: str) -> str:
    return "; ".join(f"SET {scope} tcp_keepalives_{name} = {value}" for name, value in _ALIVE.items())


def driver_of(connection: Connection) -> Driver:
    """Return psycopg's connection, on which the transaction of *connection* is."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def check_server(connection: Connection, name: str) -> None:
    """Raise `DatabaseNotUnicode` or `PgvectorTooOld` if the database cannot hold a catalog.

    Raises `DatabaseForbidden` if the role may not see where its tables are: they would seem not to exist.
    """
    if connection.exec_driver_sql("SELECT current_schema()").scalar() is None:
        path = connection.exec_driver_sql("SHOW search_path").scalar_one()
        raise DatabaseForbidden(name, f"it may use no schema of {path}")
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise DatabaseNotUnicode(name, str(encoding))
    found = connection.exec_driver_sql("SELECT extversion FROM pg_extension WHERE extname = 'vector'").scalar()
    if found is not None and _numbers(found) < _OLDEST:
        raise PgvectorTooOld(name, str(found))


def add_pgvector(connection: Connection, name: str) -> None:
    """Make the extension in the database if there is none. Raises `PgvectorMissing` or `PgvectorTooOld`."""
    try:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.OperationalError) and error.connection_invalidated:
            raise
        raise PgvectorMissing(name, _message(error.orig)) from error
    check_server(connection, name)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def has_tables(connection: Connection) -> bool:
    """Return whether the default schema has any table, those of extensions aside."""
    found = (
        "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (SELECT FROM pg_depend"
        " WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'))"
    )
    return bool(connection.exec_driver_sql(found).scalar_one())


def is_ours(connection: Connection) -> bool:
    """Return whether the tables are those of a catalog."""
    comment = "SELECT obj_description(to_regclass('alembic_version'), 'pg_class')"
    return bool(connection.exec_driver_sql(comment).scalar() == _MARK)


def mark_as_ours(connection: Connection) -> None:
    """Mark the tables as those of a catalog, as part of the transaction; a dump keeps the mark."""
    connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{_MARK}'")


def lock_tables(connection: Connection) -> None:
    """Wait until no other transaction reads the catalog, and let none begin before this one ends."""
    connection.exec_driver_sql("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")


@contextmanager
def translated(name: str, *, reads: bool = False) -> Iterator[None]:
    """Turn the driver's errors into `CatalogError`s. A role without a right may not even read if this only *reads*."""
    try:
        yield
    except DanglingRow as error:
        raise CatalogDamaged(name, str(error)) from error
    except NoConnectionLeft as error:
        raise CatalogBusy(name, str(error)) from error
    except DBAPIError as error:
        raise (_by_state(error.orig, name, reads=reads) if isinstance(error.orig, psycopg.Error) else error) from error
    except psycopg.Error as error:
        raise _by_state(error, name, reads=reads) from error
    except (ValueError, TypeError) as error:
        if not is_of_stored_value(error):
            raise
        raise CatalogDamaged(name, f"a value in it cannot be read: {error}") from error


def _by_state(error: psycopg.Error, name: str, *, reads: bool) -> Exception:
    state = error.sqlstate
    if state is None:
        # The driver raises others without a state for the program's own mistakes.
        return _unconnected(error, name) if isinstance(error, psycopg.OperationalError) else error
    if reads and state == _FORBIDDEN:
        return DatabaseForbidden(name, _message(error))
    kind = _ERRORS.get(state)
    if kind is None and state.startswith((*_OF_SERVER, _OF_DISK)):
        kind = DiskFailed if state.startswith(_OF_DISK) else CatalogUnreachable
    return error if kind is None else kind(name, _message(error))


def _unconnected(error: psycopg.OperationalError, name: str) -> CatalogUnreachable:
    """Return the error that there is no connection. Libpq has the server's own words as a text alone."""
    refusal = re.search(r"(?:FATAL|fe_sendauth): *(.+)", str(error))
    return CatalogUnreachable(name, _message(error)) if refusal is None else CatalogRefused(name, refusal[1].strip())


def _message(error: BaseException | None) -> str:
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return primary or str(error).strip().partition("\n")[0]
