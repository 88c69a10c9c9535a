"""CPU time of indexing, compared with decoding alone and encoding alone.

    python benchmarks/speed/make_pictures.py /tmp/pictures
    python benchmarks/speed/whole.py /tmp/pictures --model /tmp/base

The baseline, in the same run, is the same files through the decoder alone, and their pixels through the image encoder
alone. Indexing includes scanning, hashing, the decoder processes and SQLite. It does not include the start of those
processes, which does not depend on the number of files.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from indexer import PipelineRequest, ProcessReaders, index_folders
from indexer.decode import read_photo
from indexer.models import Checkpoint, open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from store import Catalog, Folder

BATCH = 32


class Silent:
    """Takes the indexer's events and does nothing."""

    def report(self, event: object) -> None:
        """Ignore *event*."""


def cpu() -> float:
    """Return the CPU seconds of this process and all its descendants."""
    total = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    return total


def alone(files: list[Path], checkpoint: Checkpoint, encoder: SiglipImageEncoder) -> tuple[float, float]:
    """Return the CPU seconds of decoding, and those of encoding."""
    start = time.process_time()
    pixels = np.stack([read_photo(path.read_bytes(), checkpoint.preprocessing).pixels for path in files])
    decoded = time.process_time()
    for first in range(0, len(pixels), BATCH):
        encoder.encode(pixels[first : first + BATCH])
    return decoded - start, time.process_time() - decoded


def whole(folder: Path, checkpoint: Checkpoint, encoder: SiglipImageEncoder, first: Path) -> float:
    """Return the CPU seconds of a pass over all files, minus those of a pass over one file."""
    with tempfile.TemporaryDirectory() as made, Catalog.open(Path(made) / "catalog.sqlite3") as catalog:
        with catalog.write() as t:
            space = t.spaces.ensure(checkpoint.identity(encoder.precision, checkpoint.weights_hash()))
            warm, all_of_them = t.folders.add(os.fsencode(first)), t.folders.add(os.fsencode(folder))
        with ProcessReaders(checkpoint.preprocessing) as readers:

            def index(added: Folder) -> None:
                request = PipelineRequest(folders=[added], space=space, batch_size=BATCH)
                stages = {"readers": readers, "image_encoder": lambda: encoder, "tagger": None, "progress": Silent()}
                index_folders(catalog, request, **stages)

            index(warm)
            start = cpu()
            index(all_of_them)
            return cpu() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--precision")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    checkpoint = open_checkpoint(arguments.model)
    encoder = SiglipImageEncoder(checkpoint, precision=arguments.precision)
    files = sorted(arguments.folder.resolve().iterdir())
    with tempfile.TemporaryDirectory() as first:
        for number in range(2 * (os.cpu_count() or 1)):
            # Others than those that are measured, so that every process has begun.
            with Image.open(files[number]) as picture:
                picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(Path(first) / f"{number}.jpg")
        alone(files[:4], checkpoint, encoder)
        rows = []
        for _ in range(arguments.rounds):
            decoding, encoding = alone(files, checkpoint, encoder)
            rows.append((decoding, encoding, whole(arguments.folder.resolve(), checkpoint, encoder, Path(first))))
    print(f"{len(files)} files, {checkpoint.name}, {encoder.precision}; CPU-seconds a round")
    for decoding, encoding, everything in rows:
        ratio = everything / (decoding + encoding)
        print(f"decode {decoding:6.2f}  encode {encoding:6.2f}  whole {everything:6.2f}  ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
