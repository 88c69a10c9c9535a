"""Seconds of CPU that a copy of a library takes, in each direction, beside SQLite's own copy of the same file.

    python benchmarks/speed/moving.py --photos 100000

It makes a catalog of photos with random embeddings, files, entries of the log and miniatures, and copies it from file
to file, to a PostgreSQL server of its own, back, and from database to database. Each copy compares all rows at its end.
The baseline is `VACUUM INTO`, which compares nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import psutil
from sqlalchemy import insert

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from store import Catalog, SpaceIdentity  # noqa: E402 - the checkout's own modules
from store.copying.copy import CopyProgress, copy_catalog  # noqa: E402
from store.copying.places import open_source, open_target  # noqa: E402
from store.sql import schema  # noqa: E402
from store.sql.dialect import utc_now  # noqa: E402
from store.sql.sqlite import connect, copy  # noqa: E402
from tests.store import postgres  # noqa: E402

DIMENSION = 768
PART = 5000
NAMES = ("source", "target")


def fill(folder: Path, photos: int) -> None:
    """Make a library of so many photos in *folder*."""
    rng = np.random.default_rng(0)
    with Catalog.open(folder / "catalog.sqlite3") as catalog:
        with catalog.write() as t:
            space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", DIMENSION, 4.7, -16.0)).id
            folder_id = t.folders.add(b"/photos").id
        for start in range(0, photos, PART):
            ids = range(start + 1, min(photos, start + PART) + 1)
            matrix = rng.normal(size=(len(ids), DIMENSION)).astype(np.float32)
            matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
            packed = [row.tobytes() for row in matrix.astype("<f2")]
            sums = [zlib.crc32(each) for each in packed]
            with catalog.write() as t:
                for table, rows in (
                    (schema.photo, [_photo(each) for each in ids]),
                    (schema.file, [_file(each, folder_id) for each in ids]),
                    (schema.miniature, [{"photo_id": each, "pixels": rng.bytes(514)} for each in ids]),
                    (
                        schema.embedding,
                        [
                            {"space_id": space, "photo_id": each, "vector": vector, "checksum": checksum}
                            for each, vector, checksum in zip(ids, matrix, sums, strict=True)
                        ],
                    ),
                    (
                        schema.embedding_change,
                        [{"space_id": space, "photo_id": each, "op": "put", "token": each} for each in ids],
                    ),
                ):
                    t.connection.execute(insert(table), rows)


def _photo(number: int) -> dict[str, object]:
    shape = {"size": 4_000_000, "width": 4032, "height": 3024, "format": "JPEG"}
    facts = {"camera": "Canon EOS R6", "keywords": ["a", "b"], "taken_at": utc_now(), "added_at": utc_now()}
    return {"content_hash": number.to_bytes(32, "big"), **shape, **facts}


def _file(number: int, folder_id: int) -> dict[str, object]:
    stamp = {"size": 4_000_000, "mtime_ns": number, "ctime_ns": number, "inode": number}
    path = b"2019/summer/IMG_%07d.JPG" % number
    return {"folder_id": folder_id, "path": path, **stamp, "outcome": "indexed", "photo_id": number}


class ServerClock:
    """Seconds of CPU of a server that was started here, also of its processes that have ended."""

    def __init__(self, server: postgres.Server) -> None:
        folder = Path(server.end.partition("host=")[2])
        self._main = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))

    def seconds(self) -> float:
        """Return the seconds until now."""
        seconds = sum(self._main.cpu_times()[:4])
        for process in self._main.children():
            with contextlib.suppress(psutil.Error):
                seconds += sum(process.cpu_times()[:2])
        return seconds


def measured(what: str, source: Path | str, target: Path | str, baseline: float, server: ServerClock) -> None:
    """Copy a library, and print what it took."""
    start, of_server, clock = time.process_time(), server.seconds(), time.perf_counter()
    with open_source(source) as catalog, contextlib.closing(open_target(target)) as place:
        rows = copy_catalog(catalog, place, NAMES, CopyProgress(quiet, quiet)).rows
        seconds, of_server = time.process_time() - start, server.seconds() - of_server
    ratio = (seconds + of_server) / baseline
    print(
        f"{what:22} {rows:>9} rows: {seconds:5.1f} s and {of_server:5.1f} s of the server,"
        f" {ratio:5.1f} times VACUUM INTO; {time.perf_counter() - clock:5.1f} s by the clock"
    )


def quiet(_done: int, _total: int) -> None:
    """Take the progress."""


def main() -> None:
    """Measure every direction."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=20_000)
    photos = parser.parse_args().photos
    with (
        tempfile.TemporaryDirectory() as name,
        postgres.running() as server,
        server.database(server.template) as one,
        server.database(server.template) as two,
    ):
        clock = ServerClock(server)
        place = Path(name)
        fill(place / "a", photos)
        engine, start = connect(place / "a" / "catalog.sqlite3"), time.process_time()
        copy(engine, place / "a" / "catalog.sqlite3", place / "plain.sqlite3")
        baseline = time.process_time() - start
        engine.dispose()
        print(f"VACUUM INTO: {baseline:.2f} s of CPU")
        measured("SQLite to SQLite", place / "a", place / "b", baseline, clock)
        measured("SQLite to PostgreSQL", place / "a", one, baseline, clock)
        measured("PostgreSQL to SQLite", one, place / "c", baseline, clock)
        measured("PostgreSQL to itself", one, two, baseline, clock)
        print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
