"""Draw the training pictures once: `python -m training.prepare FOLDER --count 60000`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from photos.demo.draw import draw_training
from photos.demo.splits import scene_at

SIZE = 96
_PART = 500


def draw_part(task: tuple[Path, int, int]) -> int:
    """Draw scenes *first* up to *last* into the file of pictures; returns their number."""
    path, first, last = task
    pictures = np.lib.format.open_memmap(path, "r+")
    for index in range(first, last):
        pictures[index] = draw_training(scene_at("train", index), SIZE)
    pictures.flush()
    return last - first


def prepare(folder: Path, count: int, workers: int) -> Path:
    """Draw the first *count* training scenes, uint8 (count, 96, 96, 3), into `pictures.npy`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pictures.npy"
    np.lib.format.open_memmap(path, "w+", np.uint8, (count, SIZE, SIZE, 3)).flush()
    tasks = [(path, first, min(first + _PART, count)) for first in range(0, count, _PART)]
    done = 0
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for drawn in pool.map(draw_part, tasks):
            done += drawn
            print(f"\r{done} of {count} drawn", end="", flush=True)
    print()
    return path


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=60_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    prepare(arguments.folder, arguments.count, arguments.workers)


if __name__ == "__main__":
    main()
