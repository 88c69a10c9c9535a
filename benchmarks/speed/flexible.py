"""Speed of a NaFlex image encoder at each number of patches, beside one of fixed resolution.

    python benchmarks/speed/make_checkpoint.py /tmp/base
    python benchmarks/speed/make_checkpoint.py /tmp/naflex naflex
    python benchmarks/speed/flexible.py /tmp/base /tmp/naflex FOLDER_OF_PICTURES

The baseline is the fixed checkpoint in the same run; they alternate, and the best round of each counts. Rates are per
CPU second of one thread, so that other programs on the machine do not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.speed.precision import pixels_of
from indexer.models import open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from photos.config import PATCHES


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fixed", type=Path)
    parser.add_argument("flexible", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="float32")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    flexible = open_checkpoint(arguments.flexible)
    kinds = {"fixed": open_checkpoint(arguments.fixed)} | {
        f"{patches} patches": flexible.decoding(is_full=False, patches=patches) for patches in PATCHES
    }
    pixels = {name: pixels_of(arguments.folder, each.preprocessing, arguments.pictures) for name, each in kinds.items()}
    encoders = {name: SiglipImageEncoder(each, "cpu", arguments.precision) for name, each in kinds.items()}
    best = dict.fromkeys(kinds, np.inf)
    for _ in range(arguments.rounds):
        for name, encoder in encoders.items():
            start = time.process_time()
            encoder.encode(pixels[name])
            best[name] = min(best[name], time.process_time() - start)
    print(f"{len(pixels['fixed'])} pictures, {arguments.precision}, one thread")
    for name, seconds in best.items():
        shapes = len({each.shape for each in pixels[name]})
        rate = len(pixels[name]) / seconds
        print(f"{name:<13} {rate:6.2f} images/s  {best['fixed'] / seconds:5.2f} x  {shapes} shapes")


if __name__ == "__main__":
    main()
