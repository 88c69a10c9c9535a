"""Cost of a pass over an unchanged library, compared with a walk that only calls os.stat on every file.

    python benchmarks/speed/rescanning.py [--files 100000]

The files are empty, in folders of 500, and have rows in the catalog: nothing is decoded, hashed or encoded.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from indexer import PipelineRequest, ThreadReaders, index_folders
from indexer.decode import FACTS_READER
from indexer.files.scan import FoundFile, scan
from indexer.models import Preprocessing
from store import Catalog, Facts, Folder, Space, SpaceIdentity

SQUARE = Preprocessing(32, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
DIMENSION = 768


class Silent:
    """Takes the indexer's events and does nothing."""

    def report(self, event: object) -> None:
        """Ignore *event*."""


def make(folder: Path, files: int) -> None:
    """Write *files* empty files."""
    for number in range(files):
        if number % 500 == 0:
            below = folder / f"{number // 500:05}"
            below.mkdir()
        (below / f"IMG_{number:07}.jpg").touch()


def fill(catalog: Catalog, folder: Path) -> tuple[Folder, Space]:
    """Add every file as an indexed photo with an embedding."""
    random = np.random.default_rng(0)
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("none", "hash", SQUARE.name, "float32", DIMENSION, 4.7, -16.0))
        added = t.folders.add(os.fsencode(folder))
        t.folders.seen_on(added.id, folder.stat().st_dev)
        for found in scan(added.path):
            assert isinstance(found, FoundFile)
            photo = t.photos.add(random.bytes(32), 1, Facts(4000, 3000, "JPEG"), FACTS_READER)
            vector = random.normal(size=DIMENSION).astype(np.float32)
            t.embeddings.put(space.id, photo, vector / np.linalg.norm(vector))
            t.files.indexed(added.id, found.path, found.stamp, photo)
        return t.folders.all()[0], space


def cost(work: Callable[[], object], runs: int = 3) -> float:
    """Return the minimum CPU seconds of several runs."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "photos"
        root.mkdir()
        make(root, arguments.files)
        with Catalog.open(Path(directory) / "catalog.sqlite3") as catalog:
            folder, space = fill(catalog, root)

            def walk() -> None:
                for below, _, names in os.walk(root):
                    for name in names:
                        os.stat(os.path.join(below, name))

            def scan_again() -> None:
                report = index_folders(
                    catalog,
                    PipelineRequest(folders=[folder], space=space),
                    readers=ThreadReaders(SQUARE),
                    image_encoder=lambda: None,
                    tagger=None,
                    progress=Silent(),
                )
                assert (report.unchanged, report.embedded) == (arguments.files, 0)

            walking, scanning = cost(walk), cost(scan_again)
    print(f"{arguments.files} files: {scanning:.2f} CPU-seconds, {scanning / walking:.1f} x a walk with os.stat")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
