"""Seconds of indexing beyond those of an encoder that only waits, by this checkout and another one.

    python benchmarks/speed/encode_ahead.py FOLDER CHECKOUT [MILLISECONDS [ROUNDS]]

The encoder takes so many milliseconds a picture, 40 unless told, and no CPU, as a GPU does. The rest of a pass is what
the GPU waits: for the first pictures and the last transaction, and, if the two work by turns, for every transaction.
The checkouts take turns; CHECKOUT must not be older than NaFlex.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import indexer
from indexer import ThreadReaders, index_folders
from indexer.models import Preprocessing
from store import Catalog, SpaceIdentity

MILLISECONDS, ROUNDS = 40.0, 3
DIMENSION = 768
SQUARE = Preprocessing(256, "bilinear", 1 / 255, (0.5,) * 3, (0.5,) * 3)
_INSIDE = "--inside"
#: Checkouts that encoded by turns have the older name.
_Request = indexer.PipelineRequest if hasattr(indexer, "PipelineRequest") else indexer.IndexRequest


class WaitingEncoder:
    """Waits for each picture, and gives it a random vector."""

    batch_size = 64

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.waited = 0.0

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Return random unit vectors."""
        took = self._seconds * len(pixels)
        time.sleep(took)
        self.waited += took
        rows = np.random.default_rng().normal(size=(len(pixels), DIMENSION)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Silent:
    """Takes the indexer's events and does nothing."""

    def report(self, event: object) -> None:
        """Ignore *event*."""


def beyond(folder: Path, seconds: float) -> float:
    """Return the seconds of indexing *folder* in which the encoder did not work."""
    encoder = WaitingEncoder(seconds)
    with tempfile.TemporaryDirectory() as library, Catalog.open(Path(library) / "catalog.db") as catalog:
        with catalog.write() as t:
            space = t.spaces.ensure(SpaceIdentity("x", "h", SQUARE.name, "float32", DIMENSION, 4.7, -16.0))
            added = t.folders.add(os.fsencode(folder))
        start = time.perf_counter()
        index_folders(
            catalog,
            _Request(folders=[added], space=space, batch_size=32),
            readers=ThreadReaders(SQUARE),
            image_encoder=lambda: encoder,
            tagger=None,
            progress=Silent(),
        )
        return time.perf_counter() - start - encoder.waited


def main() -> None:
    """Measure both checkouts and print."""
    folder, checkout = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    milliseconds = sys.argv[3] if len(sys.argv) > 3 else str(MILLISECONDS)
    taken: dict[Path, list[float]] = {Path(__file__).resolve().parents[2]: [], checkout: []}
    for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else ROUNDS):
        for each, seconds in taken.items():
            command = [sys.executable, __file__, _INSIDE, str(folder), milliseconds]
            done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(each)}, check=True, capture_output=True)
            seconds.append(float(done.stdout))
    for each, seconds in taken.items():
        print(f"{each}: {', '.join(f'{one:.2f}' for one in seconds)} s beyond the encoder, least {min(seconds):.2f}")


if __name__ == "__main__":
    if sys.argv[1] == _INSIDE:
        print(beyond(Path(sys.argv[2]), float(sys.argv[3]) / 1000))
    else:
        main()
