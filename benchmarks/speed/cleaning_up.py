"""Time two consecutive searches for duplicates in a synthetic library: python cleaning_up.py PHOTOS [FOLDER].

Each search runs in a process of its own; printed are CPU seconds and peak memory beyond the start. Three photos in ten
are in clusters of 2 to 12 near-duplicates, one in twenty in clusters of 200 to 500. Photos in clusters have small JPEG
files, some of which differ although their embeddings are near; in a third of the clusters all were taken at different
times. With FOLDER the library is made there once and kept.
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

from indexer.decode import MemoryLock
from photos.config import load
from photos.duplicates import HashCache
from photos.duplicates.perceptual_hash import PerceptualHash, hash_file
from photos.library import OpenLibrary
from photos.operations.duplicates import DuplicatesRequest, find_duplicates
from query.similarity import NEAR, near_pairs
from store import Catalog, Facts, FaissIndex, SpaceIdentity, Stamp

DIMENSION, PART = 768, 5000
NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001 - a camera's wall clock


def clusters(count: int, random: np.random.Generator) -> Iterator[int]:
    """Yield the sizes of the clusters; their sum is *count*."""
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
    """Return unit vectors of a cluster, float32 (n, d), with the spectrum of embeddings and cosines of 0.96 to 0.99."""
    scale = (1 / np.sqrt(np.arange(1, DIMENSION + 1))).astype(np.float32)
    centre = random.normal(size=DIMENSION).astype(np.float32) * scale
    centre[0] += 1.5
    length = np.linalg.norm(centre) * random.uniform(0.1, 0.2)
    rows = centre + length * random.normal(size=(size, DIMENSION)).astype(np.float32) / np.sqrt(np.float32(DIMENSION))
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def pictures(size: int, random: np.random.Generator) -> Iterator[Image.Image]:
    """Yield pictures of a cluster: nine in ten show the same, one in ten differs."""
    first = _textured(random)
    for _ in range(size):
        yield _textured(random) if random.random() < 0.1 else first


def _textured(random: np.random.Generator) -> Image.Image:
    pixels = random.integers(0, 255, (6, 8, 3), np.uint8)
    return Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC)


def make(library: Path, files: Path, count: int) -> None:
    """Make a library of *count* photos in random order, with files for the photos in clusters."""
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


class CountingHasher:
    """Hashes files and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, path: bytes, turn: MemoryLock) -> PerceptualHash | None:
        """Hash a file with `hash_file`."""
        self.count += 1
        return hash_file(path, turn)


def search(library: Path, what: str) -> dict[str, float]:
    """Run one search, and return its cost."""
    hasher = CountingHasher()
    with OpenLibrary(load({"library": library}, {})) as opened:
        space = opened.space
        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        cpu = time.process_time()
        if what == "pairs":
            with opened.catalog.read() as t:
                ids = t.embeddings.ids(space.id).tolist()
            found = len(near_pairs(opened.catalog, space, ids, NEAR))
        else:
            found = len(find_duplicates(opened, DuplicatesRequest(), hashes=HashCache(opened.catalog, hasher)).groups)
        cpu = time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        seconds = time.monotonic() - started
    return {"found": found, "cpu": cpu, "seconds": seconds, "MiB": peak / 1024, "decoded": hasher.count}


def measured(library: Path, what: str) -> dict[str, float]:
    """Run one search in a process of its own."""
    command = [sys.executable, __file__, "--measure", os.fspath(library), what]
    cost: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return cost


def compare(folder: Path, count: int) -> None:
    """Make the library in *folder* if it does not exist, and measure."""
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
    """Compare the searches, or run one of them in this process."""
    if sys.argv[1] == "--measure":
        print(json.dumps(search(Path(sys.argv[2]), sys.argv[3])))
    elif len(sys.argv) > 2:
        compare(Path(sys.argv[2]), int(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), int(sys.argv[1]))


if __name__ == "__main__":
    main()
