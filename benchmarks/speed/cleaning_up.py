"""Times two searches for duplicates, one after the other, of a made-up library: python cleaning_up.py PHOTOS [FOLDER].

Each search is a process of its own; CPU seconds, and the peak of its memory beyond what it takes to start. Of ten
photos three belong to clusters of near-duplicates of 2 to 12, and one in twenty to clusters of 200 to 500; of these
there are small JPEG files, some of which look otherwise than their embeddings say, and in a third of the clusters all
were taken at different moments. With FOLDER the library is made there, if it is not yet, and left.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.decode import Turn
from photos.config import load
from photos.duplicates.groups import Search, find_duplicates
from photos.duplicates.hashes import KnownLooks
from photos.duplicates.phash import Look, look_at
from photos.library import OpenLibrary
from query.search.grouping import NEAR
from query.search.near_pairs import near_pairs
from store import Catalog, Facts, FaissIndex, SpaceIdentity, Stamp

DIMENSION, PART = 768, 5000
NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001 - a camera's wall clock


def clusters(count: int, random: np.random.Generator) -> Iterator[int]:
    """How many photos each cluster has; together *count*."""
    large, small = count // 20, count * 3 // 10
    for total, least, most in ((large, 200, 500), (small, 2, 12)):
        left = total
        while left > 1:
            size = min(left, int(random.integers(least, most, endpoint=True)))
            left -= size
            yield size
    for _ in range(count - large - small):
        yield 1


def vectors(size: int, random: np.random.Generator) -> NDArray[np.float32]:
    """The unit vectors of a cluster, float32 (n, d): a spectrum as embeddings have, and cosines of 0.96 to 0.99."""
    scale = (1 / np.sqrt(np.arange(1, DIMENSION + 1))).astype(np.float32)
    centre = random.normal(size=DIMENSION).astype(np.float32) * scale
    centre[0] += 1.5
    length = np.linalg.norm(centre) * random.uniform(0.1, 0.2)
    rows = centre + length * random.normal(size=(size, DIMENSION)).astype(np.float32) / np.sqrt(np.float32(DIMENSION))
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def pictures(size: int, random: np.random.Generator) -> Iterator[Image.Image]:
    """The pictures of a cluster: of ten, nine alike and one another."""
    first = _textured(random)
    for _ in range(size):
        yield _textured(random) if random.random() < 0.1 else first


def _textured(random: np.random.Generator) -> Image.Image:
    pixels = random.integers(0, 255, (6, 8, 3), np.uint8)
    return Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC)


def make(library: Path, files: Path, count: int) -> None:
    """A library of *count* photos, in the order of chance, and the files of those that have near ones."""
    random = np.random.default_rng(0)
    files.mkdir(parents=True)
    sizes = random.permutation(list(clusters(count, random)))
    with Catalog.open(library / "catalog.sqlite3") as catalog:
        with catalog.write() as t:
            space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", DIMENSION, float(np.log(112.0)), -16.0))
            folder = t.folders.add(bytes(files))
            t.library.set_space(space.id)
        number = 0
        for some in np.array_split(sizes, max(1, len(sizes) // PART)):
            with catalog.write() as t:
                for size in some.tolist():
                    is_burst = number % 3 == 0
                    shown = pictures(size, random)
                    for at, (vector, picture) in enumerate(zip(vectors(size, random), shown, strict=True)):
                        name = f"{number}.jpg"
                        if size > 1:
                            picture.save(files / name, quality=int(random.integers(60, 95)))
                        taken = NOON + timedelta(seconds=number if is_burst else 0) if at % 2 or is_burst else None
                        facts = Facts(4000, 3000 + at % 5, "JPEG", taken_at=taken, camera=f"camera {number % 7}")
                        photo_id = t.photos.add(number.to_bytes(32, "big"), 1, facts)
                        t.embeddings.put(space.id, photo_id, vector)
                        t.files.indexed(folder.id, name.encode(), _stamp(files / name, number), photo_id)
                        number += 1
        FaissIndex(library / "index", catalog, space).refresh()


def _stamp(path: Path, number: int) -> Stamp:
    if not path.exists():
        return Stamp(1, 2, 3, number)
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class Counting:
    """Sees what there is to be seen, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, path: bytes, turn: Turn) -> Look | None:
        """As `look_at`."""
        self.count += 1
        return look_at(path, turn)


def search(library: Path, what: str) -> dict[str, float]:
    """Do that, and say what it took."""
    looker = Counting()
    with OpenLibrary(load({"library": library}, {})) as app:
        space = app.space
        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        cpu = time.process_time()
        if what == "pairs":
            with app.catalog.read() as t:
                ids = t.embeddings.ids(space.id).tolist()
            found = len(near_pairs(app.catalog, space, ids, NEAR))
        else:
            found = len(find_duplicates(app, Search(), KnownLooks(app.catalog, looker)))
        cpu = time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        seconds = time.monotonic() - started
    return {"found": found, "cpu": cpu, "seconds": seconds, "MiB": peak / 1024, "decoded": looker.count}


def measured(library: Path, what: str) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--measure", os.fspath(library), what]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return told


def compare(folder: Path, count: int) -> None:
    """Make the library in *folder*, unless it is there, and measure."""
    library = folder / "library"
    if not library.exists():
        make(library, folder / "files", count)
    with Catalog.open(library / "catalog.sqlite3") as catalog, catalog.write() as t:
        t.connection.exec_driver_sql("DELETE FROM look")
    pairs, first, again = (measured(library, what) for what in ("pairs", "first", "again"))
    print(f"{count} photos, {pairs['found']:.0f} near pairs, {first['found']:.0f} groups, {again['found']:.0f} again")
    for name, run in (("near pairs alone", pairs), ("first search", first), ("the same again", again)):
        took = f"{run['cpu']:7.1f} CPU s {run['seconds']:7.1f} s {run['MiB']:6.0f} MiB"
        print(f"{name:17}{took} {run['decoded']:7.0f} decoded")
    print(f"again takes {again['cpu'] / first['cpu']:.2f} of the first; {again['cpu'] / pairs['cpu']:.2f} of the pairs")


def main() -> None:
    """Measure, or do what is measured."""
    if sys.argv[1] == "--measure":
        print(json.dumps(search(Path(sys.argv[2]), sys.argv[3])))
    elif len(sys.argv) > 2:
        compare(Path(sys.argv[2]), int(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), int(sys.argv[1]))


if __name__ == "__main__":
    main()
