"""The interface of a database that can hold a catalog."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection


class Database(Protocol):
    """One database with up-to-date tables. Threads may share it: every transaction has a connection of its own."""

    @property
    def path(self) -> Path:
        """The path that names the catalog in errors."""

    def begin(self, *, writes: bool, patience: float | None = None) -> AbstractContextManager[Connection]:
        """Begin a transaction: committed at the end, rolled back on an exception.

        A reading one sees what was committed when it began, and raises on a write. A writing one excludes others: it
        waits about *patience* seconds for one of another process, the database's default if None, and then raises
        `CatalogBusy`. Driver errors become `CatalogError`s; `CatalogMoved` if the database was replaced since it was
        opened, `CatalogUpgraded` if a newer program upgraded it.
        """

    def stamp(self) -> str | None:
        """Return a text that differs after each commit of any process; None while one may have happened just now."""

    def empty_log(self) -> None:
        """Move all changes into the database's file, and erase the copies elsewhere, as far as nobody reads them."""

    def close(self) -> None:
        """Close all connections."""
