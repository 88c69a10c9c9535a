"""A PostgreSQL server for benchmarks, a synthetic library on it, and the CPU time of both sides.

The server is the one of the tests' wheel, with settings of its own; or another one, whose processes cannot be watched.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from store import Catalog, Space, SpaceIdentity, Vectors  # noqa: E402 - the checkout's own modules
from store.sql.postgres import driver_of  # noqa: E402
from tests.store import postgres  # noqa: E402

PART = 5000
_PHOTOS = (
    "INSERT INTO photo (id, content_hash, size, width, height, format, added_at) SELECT number,"
    " decode(lpad(to_hex(number), 64, '0'), 'hex'), 1, 4000, 3000, 'JPEG', now() FROM generate_series(%s::bigint, %s)"
    " AS number"
)
_FILES = (
    "INSERT INTO file (folder_id, path, size, mtime_ns, ctime_ns, inode, outcome, photo_id)"
    " SELECT %s, convert_to(number || '.jpg', 'UTF8'), 1, 1, 1, 1, 'indexed', number"
    " FROM generate_series(%s::bigint, %s) AS number"
)


@dataclass(frozen=True, slots=True)
class Watched:
    """A database for a benchmark: its address, and the server's first process, if it is on this machine."""

    address: str
    process: psutil.Process | None

    def cpu(self) -> float:
        """Return the CPU seconds of all processes of the server so far, also of those that have ended."""
        if self.process is None:
            return float("nan")
        ended = self.process.cpu_times()
        total = ended.children_user + ended.children_system
        for each in self.process.children():
            with suppress(psutil.NoSuchProcess):
                spent = each.cpu_times()
                total += spent.user + spent.system
        return float(total)


@contextmanager
def database(address: str | None, *options: str) -> Iterator[Watched]:
    """Yield a new database: on the server of *address*, a role of which may make some, or on one that is started."""
    if address is not None:
        postgres.ADDRESS = address
        with postgres.running() as server, server.database() as made:
            yield Watched(made, None)
        return
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with postgres.started(folder, "shared_buffers=1GB", "max_wal_size=8GB", *options) as server:
            first = int((folder / "data" / "postmaster.pid").read_text().split()[0])
            with server.database() as made:
                yield Watched(made, psutil.Process(first))


def add_photos(catalog: Catalog, count: int) -> None:
    """Add photos with ids from 1 on, each with a file, without embeddings."""
    with catalog.write() as t:
        folder = t.folders.add(b"/pictures")
        with driver_of(t.connection).cursor() as cursor:
            cursor.execute(_PHOTOS, [1, count])
            cursor.execute(_FILES, [folder.id, 1, count])


def embed(catalog: Catalog, space: Space, matrix: NDArray[np.float32], first: int = 1, part: int = PART) -> None:
    """Give the photos from *first* on the rows of *matrix*, so many of a *part* in a transaction."""
    for start in range(0, len(matrix), part):
        rows = matrix[start : start + part]
        ids = np.arange(first + start, first + start + len(rows), dtype=np.int64)
        with catalog.write() as t:
            t.embeddings.put_all(space.id, Vectors(ids, rows))


def settle(catalog: Catalog) -> None:
    """Let the server do now what it does after a while: count rows, and mark pages as seen by all."""
    with catalog.maintenance() as connection:
        driver_of(connection).execute("VACUUM (ANALYZE)")


def identity(dimension: int, name: str = "synthetic") -> SpaceIdentity:
    """Return the identity of a space of *dimension* dimensions."""
    return SpaceIdentity(name, name, "none", "float32", dimension, 4.7, -16.0)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, of this process's CPU, and of the server's."""

    clock: float
    client: float
    server: float


@contextmanager
def spent(watched: Watched) -> Iterator[list[Spent]]:
    """Time the block; the list has its result after it."""
    found: list[Spent] = []
    server, client, clock = watched.cpu(), time.process_time(), time.perf_counter()
    yield found
    found.append(Spent(time.perf_counter() - clock, time.process_time() - client, watched.cpu() - server))
