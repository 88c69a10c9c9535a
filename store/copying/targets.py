"""Places that a catalog is copied to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, inspect

from store.sql import schema
from store.sql.plain_rows import has_rows
from store.sql.unfinished_copy import Unfinished


class CopyTarget(Protocol):
    """A place that a catalog is copied to. It must be closed."""

    @property
    def path(self) -> Path | str:
        """The name of the catalog in errors."""

    def found(self) -> Unfinished | None:
        """Return the unfinished copy that is there; None if the place is free. Nothing is changed.

        Raises `CatalogNotEmpty` if there is a library, and `NotACatalog` if there is something else.
        """

    def held(self) -> AbstractContextManager[None]:
        """Keep other copies to the same place away. Raises `CopyRunning` if there is one."""

    def prepare(self, source: str, *, restart: bool) -> None:
        """Make the tables and mark them as an unfinished copy of *source*, unless they are from an earlier run.

        With *restart*, and where that run was one of another version, what it copied is deleted.
        """

    def begin(self, *, checks: bool = True) -> AbstractContextManager[Connection]:
        """Begin a transaction that writes to the unfinished copy; without *checks* of foreign keys before its end."""

    def publish(self) -> None:
        """Make the finished copy a catalog that can be opened."""

    def close(self) -> None:
        """Close all connections."""


def is_used(connection: Connection) -> bool:
    """Return whether a catalog, of whatever revision, has any row."""
    there = set(inspect(connection).get_table_names())
    return has_rows(connection, [table for table in schema.metadata.sorted_tables if table.name in there])
