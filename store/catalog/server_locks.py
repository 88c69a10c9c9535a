"""Locks of work that only one process at a time does for a catalog on a server, on whatever machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalog import Catalog


class Work(IntEnum):
    """Work with a journal: who begins it ends runs that were killed, so no other one may be running.

    The numbers are those of advisory locks, which belong to one database.
    """

    #: "PHSC".
    SIDECARS = 0x50485343
    #: "PHMV".
    MOVES = 0x50484D56


@contextmanager
def alone_at(catalog: Catalog, work: Work) -> Iterator[bool]:
    """Hold the lock on *work*, and give whether it was free. It is, for a catalog in a file: that has locks beside it.

    The lock belongs to a connection of its own, and is lost with that. Raises `CatalogUnreachable`.
    """
    if not catalog.is_on_server:
        yield True
        return
    from store.sql.postgres import own_connection, translated  # noqa: PLC0415 - SQLite does not need it

    with translated(str(catalog.path)), catalog.read() as t:
        driver = own_connection(t.connection, f"photos {work.name.lower()}")
    with closing(driver):
        with translated(str(catalog.path)):
            row = driver.execute("SELECT pg_try_advisory_lock(%s)", (int(work),)).fetchone()
        yield row is not None and bool(row[0])
