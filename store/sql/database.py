"""The interface of a database that can hold a catalog, and the signs of damage that all of them share."""

from __future__ import annotations

import traceback
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

#: Functions of SQLAlchemy that run a statement.
_EXECUTING = frozenset({"do_execute", "do_executemany", "_execute_context", "_exec_single_context"})


class Database(Protocol):
    """One database with up-to-date tables. Threads may share it: every transaction has a connection of its own."""

    @property
    def path(self) -> Path | str:
        """The name of the catalog in errors: a file's path, or an address without its password."""

    def begin(
        self, *, writes: bool, patience: float | None = None, beside: bool = False
    ) -> AbstractContextManager[Connection]:
        """Begin a transaction: committed at the end, rolled back on an exception.

        A reading one sees what was committed when it began, and raises on a write. A writing one excludes others: it
        waits about *patience* seconds for one of another process, the database's default if None, and then raises
        `CatalogBusy`. One that writes *beside* others excludes only those that do not; it holds what it writes, see
        `dialect.hold`. Driver errors become `CatalogError`s; `CatalogMoved` if the database was replaced since it was
        opened, `CatalogUpgraded` if a newer program upgraded it.
        """

    def stamp(self) -> str | None:
        """Return a text that differs after each commit of any process; None while one may have happened just now."""

    def empty_log(self) -> None:
        """Leave no copy of what was erased, as far as nobody reads it: neither in a log of changes nor in the tables.

        A server's own archives and backups are its administrator's.
        """

    def close(self) -> None:
        """Close all connections."""


class DanglingRow(Exception):
    """A row refers to nothing, which only damage can bring about; it becomes `CatalogDamaged`."""

    def __init__(self, table: str) -> None:
        super().__init__(f"a row of the table {table} refers to nothing")


def is_of_stored_value(error: BaseException) -> bool:
    """Return whether a value of a row could not be converted, as a flipped bit in a stored time cannot.

    The conversion is the database library's, on the way from the driver, or an enumeration's. A value on the way to the
    driver is converted within the execution of a statement, and a mistake of the program.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if any(frame.f_code.co_name in _EXECUTING for frame in frames):
        return False
    return any(str(frame.f_globals.get("__name__")).partition(".")[0] in {"sqlalchemy", "enum"} for frame in frames)
