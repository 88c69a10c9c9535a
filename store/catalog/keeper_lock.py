"""The lock of the process that keeps a catalog on a server up to date: it scans the folders, on whatever machine.

The lock belongs to a connection of its own. When that ends, for whatever reason, the server frees it.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from store.sql.dialect import is_postgres

if TYPE_CHECKING:
    from psycopg import Connection as Driver

    from .catalog import Catalog, Transaction

#: The advisory lock: "PHKE". Advisory locks belong to one database.
_LOCK: Final = 0x50484B45
_NAME: Final = "photos watch "
#: Bytes of a connection's name.
_LONGEST: Final = 63
_HOLDER: Final = (
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = %s AND objsubid = 1"
    " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Keeper(NamedTuple):
    """The machine and the process that keep a catalog up to date; None for what this role may not see."""

    host: str | None = None
    process: int | None = None

    @property
    def name(self) -> str:
        """The process, for people."""
        return "another process" if self.host is None else f"process {self.process} on {self.host}"


def keeper_of(t: Transaction) -> Keeper | None:
    """The process that holds the lock of a catalog on a server, on any machine; None if there is none."""
    if not is_postgres(t.connection.dialect):
        return None
    name = t.connection.exec_driver_sql(_HOLDER, (_LOCK,)).scalar()
    if name is None:
        return None
    host, _, process = str(name).removeprefix(_NAME).rpartition(" ")
    return Keeper(host, int(process)) if str(name).startswith(_NAME) and process.isdigit() else Keeper()


class KeeperLock:
    """The lock of the catalog on a server. `take` it again from time to time: it is lost with its connection."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._driver: Driver | None = None

    def take(self) -> Keeper | None:
        """Take the lock, or see that it is held still. Returns None, or the process that has it instead.

        Raises `CatalogUnreachable` if the server does not answer.
        """
        from store.sql.postgres import own_connection, translated, try_lock  # noqa: PLC0415 - SQLite does not need it

        name = str(self._catalog.path)
        if self._driver is not None:
            try:
                self._driver.execute("SELECT 1")
            except Exception:  # noqa: BLE001 - whatever it is, the connection is made anew
                self.release()
            else:
                return None
        with self._catalog.read() as t, translated(name):
            called = f"{_NAME}{socket.gethostname()[:30]} {os.getpid()}"[:_LONGEST]
            with ExitStack() as stack:
                driver = stack.enter_context(closing(own_connection(t.connection, called)))
                if try_lock(driver, _LOCK):
                    # Kept only now: a connection without the lock must not pass for one that has it.
                    self._driver = driver
                    stack.pop_all()
                    return None
            return keeper_of(t) or Keeper()

    def release(self) -> None:
        """Give the lock back."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
