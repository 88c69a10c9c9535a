"""Memory of an indexing pass over very many files, or over many pictures.

    python benchmarks/speed/memory.py --files 1000000
    python benchmarks/speed/memory.py --pictures 10000

With --files the files are empty, so only scanning, reading and rows count. There are two passes: all files are new in
the first, none in the second. With --pictures the files are small JPEGs, decoded in processes and "embedded" by an
encoder that does nothing; the growth of this process between the first tenth and the end is printed.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from indexer import FileDone, IndexRequest, ProcessReaders, Readers, ThreadReaders, index_folders
from indexer.models import Preprocessing
from store import Catalog, SpaceIdentity

SQUARE = Preprocessing(256, "bilinear", 1 / 255, (0.5,) * 3, (0.5,) * 3)
DIMENSION = 768


class Watcher:
    """Records the memory of this process while files are finished."""

    def __init__(self) -> None:
        self.done = 0
        self.sizes: list[int] = []

    def report(self, event: object) -> None:
        """Record the memory at every hundredth finished file."""
        if isinstance(event, FileDone):
            self.done += 1
            if self.done % 100 == 0:
                self.sizes.append(psutil.Process().memory_info().rss)


class Nothing:
    """An encoder that takes no time."""

    batch_size = 64

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Return random unit vectors."""
        rows = np.random.default_rng(int(pixels.sum())).normal(size=(len(pixels), DIMENSION)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def make(folder: Path, count: int, *, empty: bool) -> None:
    """Write *count* files, five hundred to a folder."""
    random = np.random.default_rng(0)
    for number in range(count):
        below = folder / f"{number // 500:05}"
        if number % 500 == 0:
            below.mkdir()
        path = below / f"IMG_{number:07}.jpg"
        if empty:
            path.touch()
        else:
            Image.fromarray(random.integers(0, 255, (40, 60, 3), np.uint8)).resize((480, 320)).save(path)


def index(catalog: Catalog, folder: Path, readers: Readers) -> Watcher:
    """Run one pass."""
    watcher = Watcher()
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("none", "hash", SQUARE.name, "float32", DIMENSION, 4.7, -16.0))
        added = t.folders.add(os.fsencode(folder))
    request = IndexRequest(folders=[added], space=space, batch_size=32)
    index_folders(catalog, request, readers=readers, image_encoder=Nothing, tagger=None, progress=watcher)
    return watcher


def peak() -> float:
    """Return the peak memory of this process in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int)
    parser.add_argument("--pictures", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "photos"
        folder.mkdir()
        make(folder, arguments.files or arguments.pictures, empty=arguments.files is not None)
        before = peak()
        with Catalog.open(Path(made) / "catalog.sqlite3") as catalog:
            start = time.perf_counter()
            if arguments.files is not None:
                for what in ("all new", "none new"):
                    index(catalog, folder, ThreadReaders(SQUARE))
                    print(f"{arguments.files} files, {what}: {peak():.0f} MB peak, {before:.0f} before")
            else:
                with ProcessReaders(SQUARE) as readers:
                    sizes = index(catalog, folder, readers).sizes
                    print(f"{time.perf_counter() - start:.0f} s")
                warm, end = sizes[len(sizes) // 10], max(sizes)
                print(f"{arguments.pictures} pictures: {warm / 1e6:.0f} MB after a tenth, {end / 1e6:.0f} MB peak")


if __name__ == "__main__":
    main()
