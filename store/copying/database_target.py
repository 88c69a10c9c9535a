"""A PostgreSQL database that a catalog is copied to; see `targets`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Final

from sqlalchemy import Connection, inspect

from store.errors import CatalogNotEmpty, CopyRunning, ForeignDatabase
from store.sql import schema
from store.sql.plain_rows import delete_rows
from store.sql.postgres import (
    check_server,
    connect,
    has_tables,
    is_ours,
    lock_tables,
    name_of,
    own_connection,
    transaction,
    translated,
    try_lock,
)
from store.sql.unfinished_copy import Unfinished, find_unfinished, mark_unfinished, unmark
from store.sql.upgrade import HEAD, upgrade_server

from .targets import is_used

#: The advisory lock of a copy to the database: "PHOC".
_LOCK: Final = 0x50484F43


class DatabaseTarget:
    """A database on a server. It implements `CopyTarget`."""

    def __init__(self, address: str) -> None:
        self.path = name_of(address)
        self._engine = connect(address)

    def found(self) -> Unfinished | None:
        """Return the unfinished copy that is there, as `CopyTarget` has it."""
        with transaction(self._engine, self.path, writes=False) as connection:
            check_server(connection, self.path)
            return self._found(connection)

    def _found(self, connection: Connection) -> Unfinished | None:
        if not has_tables(connection):
            return None
        if not is_ours(connection):
            raise ForeignDatabase(self.path)
        found = find_unfinished(connection)
        if found is None and is_used(connection):
            raise CatalogNotEmpty(self.path)
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other copies away, as `CopyTarget` has it."""
        with transaction(self._engine, self.path, writes=False) as connection:
            driver = own_connection(connection, "photos catalog copy")
        with translated(self.path), closing(driver):
            if not try_lock(driver, _LOCK):
                raise CopyRunning(self.path)
            yield

    def prepare(self, source: str, *, restart: bool) -> None:
        """Make the tables, as `CopyTarget` has it."""
        found = self.found()
        if found is not None and (restart or found.revision != HEAD):
            self._forget(found)
            found = None
        if found is None:
            upgrade_server(self._engine, self.path)
            with transaction(self._engine, self.path, writes=True) as connection:
                # It waits for those who have the empty catalog open, and they find the mark then.
                lock_tables(connection)
                if self._found(connection) is None:
                    mark_unfinished(connection, source, HEAD)

    def _forget(self, found: Unfinished) -> None:
        """Make an empty catalog, of its revision, of an unfinished copy."""
        with transaction(self._engine, self.path, writes=True) as connection:
            lock_tables(connection)
            there = set(inspect(connection).get_table_names())
            delete_rows(connection, [table for table in schema.metadata.sorted_tables if table.name in there])
            unmark(connection, found.revision)

    def begin(self, *, checks: bool = True) -> AbstractContextManager[Connection]:
        """Begin a transaction, as `CopyTarget` has it. The server always checks foreign keys."""
        del checks
        return transaction(self._engine, self.path, writes=True)

    def publish(self) -> None:
        """Let the server count what it holds, so that it plans its first queries well."""
        with (
            translated(self.path),
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            connection.exec_driver_sql("ANALYZE")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
