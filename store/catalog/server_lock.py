"""Locks of a catalog on a server, for one process at a time on whatever machine.

A lock belongs to a connection of its own. When that ends, for whatever reason, the server frees it.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .catalog import Catalog

#: The upper half of the numbers of the advisory locks: "PHLK". The other half is made of a lock's name.
_LOCKS: Final = 0x50484C4B << 32


@contextmanager
def server_lock(catalog: Catalog, name: str, patience: float = 0) -> Iterator[bool]:
    """Hold the lock of that name in the database of *catalog*, which is on a server.

    Gives False if another process holds it for *patience* seconds. Raises `CatalogUnreachable` if the server does not
    answer.
    """
    from store.sql.postgres import own_connection, translated, try_lock  # noqa: PLC0415 - SQLite does not need it

    path = str(catalog.path)
    with catalog.read() as t, translated(path):
        driver = own_connection(t.connection, f"photos {name}")
    with closing(driver):
        with translated(path):
            is_held = try_lock(driver, _LOCKS | crc32(name.encode()), patience)
        yield is_held
