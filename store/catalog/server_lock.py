"""Locks of a catalog on a server, for one process at a time on whatever machine.

A lock belongs to a connection of its own. When that ends, for whatever reason, the server frees it.
"""

from __future__ import annotations

import time
from binascii import crc32
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .catalog import Catalog

#: The first half of the advisory locks: "PHLK". The other half is made of the lock's name.
_LOCK: Final = 0x50484C4B
#: Seconds between two tries.
_STEP: Final = 0.1


@contextmanager
def server_lock(catalog: Catalog, name: str, patience: float = 0) -> Iterator[bool]:
    """Hold the lock of that name in the database of *catalog*, which is on a server.

    Gives False if another process holds it for *patience* seconds. Raises `CatalogUnreachable` if the server does not
    answer.
    """
    from store.sql.postgres import own_connection, translated  # noqa: PLC0415 - SQLite does not need it

    with catalog.read() as t, translated(str(catalog.path)):
        driver = own_connection(t.connection, f"photos {name}")
    key = crc32(name.encode()) - (1 << 31)
    until = time.monotonic() + patience
    with driver:
        while True:
            with translated(str(catalog.path)):
                row = driver.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, key]).fetchone()
            is_held = row is not None and bool(row[0])
            if is_held or time.monotonic() >= until:
                break
            time.sleep(_STEP)
        yield is_held
