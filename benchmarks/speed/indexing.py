"""Index a folder end to end, compared with decoding alone and encoding alone, in one run.

    python benchmarks/speed/indexing.py FOLDER --model CHECKPOINT

The baseline is the slower of the two parts: an indexer that overlaps them perfectly would reach it.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from indexer import PipelineRequest, ProcessReaders, index_folders
from indexer.decode import DecodeError, read_photo
from indexer.models import open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from store import Catalog

BATCH = 16


class Silent:
    """Takes the indexer's events and does nothing."""

    def report(self, event: object) -> None:
        """Ignore *event*."""


def decode_alone(files: list[Path], preprocessing: object, workers: int) -> tuple[float, np.ndarray]:
    """Return the images a second of the decoder, and the pixels."""

    def pixels(path: Path) -> np.ndarray | None:
        try:
            return read_photo(path.read_bytes(), preprocessing).pixels
        except DecodeError:
            return None

    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        decoded = [square for square in pool.map(pixels, files) if square is not None]
    return len(decoded) / (time.perf_counter() - start), np.stack(decoded)


def encode_alone(encoder: SiglipImageEncoder, pixels: np.ndarray) -> float:
    """Return the images a second of the image encoder, after a first batch."""
    encoder.encode(pixels[:BATCH])
    start = time.perf_counter()
    for first in range(0, len(pixels), BATCH):
        encoder.encode(pixels[first : first + BATCH])
    return len(pixels) / (time.perf_counter() - start)


def end_to_end(folder: Path, checkpoint: object, encoder: SiglipImageEncoder, readers: int | None = None) -> float:
    """Return the photos a second from files to committed embeddings, in an empty catalog."""
    with tempfile.TemporaryDirectory() as directory, Catalog.open(Path(directory) / "catalog.db") as catalog:
        with catalog.write() as t:
            space = t.spaces.ensure(checkpoint.identity(encoder.precision, checkpoint.weights_hash()))
            added = t.folders.add(os.fsencode(folder))
        start = time.perf_counter()
        with ProcessReaders(checkpoint.preprocessing, readers) as pool:
            index_folders(
                catalog,
                PipelineRequest(folders=[added], space=space),
                readers=pool,
                image_encoder=lambda: encoder,
                tagger=None,
                progress=Silent(),
            )
        seconds = time.perf_counter() - start
        with catalog.read() as t:
            return t.photos.count() / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--precision")
    arguments = parser.parse_args()
    checkpoint = open_checkpoint(arguments.model)
    encoder = SiglipImageEncoder(checkpoint, precision=arguments.precision)
    files = sorted(path for path in arguments.folder.resolve().rglob("*") if path.is_file())
    decoding, pixels = decode_alone(files, checkpoint.preprocessing, os.cpu_count() or 1)
    encoding = encode_alone(encoder, pixels)
    both = end_to_end(arguments.folder.resolve(), checkpoint, encoder)
    # Again, since a shared machine is not equally fast at every moment.
    encoding = max(encoding, encode_alone(encoder, pixels))
    print(
        f"{len(pixels)} pictures of {len(files)} files, {checkpoint.name}, {encoder.precision}, {os.cpu_count()} cores"
    )
    print(f"decode alone  {decoding:8.1f} images/s")
    print(f"encode alone  {encoding:8.1f} images/s")
    print(f"end to end    {both:8.1f} photos/s   {both / min(decoding, encoding):.2f} of the slower part alone")
    print(f"peak memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:8.2f} GiB")


if __name__ == "__main__":
    main()
