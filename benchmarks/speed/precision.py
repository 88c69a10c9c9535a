"""Speed of the image encoder in each precision, and its distance from float32.

    python benchmarks/speed/make_checkpoint.py /tmp/base
    python benchmarks/speed/precision.py /tmp/base FOLDER_OF_PICTURES

The baseline is float32 in the same run; the precisions alternate, and the best round of each counts. Rates are per CPU
second of one thread, so that other programs on the machine do not count. `--precisions transformers-float32 bnb-int8`
measures the backend transformers and bitsandbytes (extra photos[bnb]). "alone" is the greatest difference from the
vector of the picture encoded alone. ONEDNN_MAX_CPU_ISA=AVX2 and ATEN_CPU_CAPABILITY=avx2 in the environment show a
processor without AVX-512.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from indexer import Preprocessor
from indexer.decode import DecodeError, read_photo
from indexer.models import Checkpoint, open_checkpoint
from indexer.models.protocols import ImageEncoder
from indexer.models.siglip.encoders import OWN, TRANSFORMERS, image_encoder

PRECISIONS = ("float32", "bfloat16", "int8", "int8-narrow")
#: Begins the name of a precision that transformers computes in.
REFERENCE = "transformers-"


def pixels_of(folder: Path, preprocessing: Preprocessor, count: int) -> list[np.ndarray]:
    """Return the first *count* pictures of *folder* as pixels for the encoder."""
    found: list[np.ndarray] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            found.append(read_photo(path.read_bytes(), preprocessing).pixels)
        except DecodeError:
            continue
        if len(found) == count:
            break
    return found


def encoder_of(checkpoint: Checkpoint, name: str) -> ImageEncoder:
    """Return the encoder of the precision of that name."""
    backend = TRANSFORMERS if name.startswith(REFERENCE) else OWN
    return image_encoder(checkpoint, "cpu", name.removeprefix(REFERENCE), backend)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precisions", nargs="+", default=PRECISIONS, help="float32 is always among them")
    arguments = parser.parse_args()
    precisions = tuple(dict.fromkeys(("float32", *arguments.precisions)))
    torch.set_num_threads(1)
    checkpoint = open_checkpoint(arguments.checkpoint)
    pixels = pixels_of(arguments.folder, checkpoint.preprocessing, arguments.pictures)
    encoders = {precision: encoder_of(checkpoint, precision) for precision in precisions}
    vectors = {precision: encoder.encode(pixels) for precision, encoder in encoders.items()}
    best = dict.fromkeys(precisions, np.inf)
    for _ in range(arguments.rounds):
        for precision, encoder in encoders.items():
            start = time.process_time()
            encoder.encode(pixels)
            best[precision] = min(best[precision], time.process_time() - start)
    mean = vectors["float32"].mean(0)
    print(f"{len(pixels)} pictures, {checkpoint.name}, one thread")
    for precision in precisions:
        rate, ratio = len(pixels) / best[precision], best["float32"] / best[precision]
        cosine = (vectors[precision] * vectors["float32"]).sum(1).min()
        centred = [each - mean for each in (vectors[precision], vectors["float32"])]
        lengths = np.linalg.norm(centred[0], axis=1) * np.linalg.norm(centred[1], axis=1)
        apart = ((centred[0] * centred[1]).sum(1) / lengths).min()
        alone = np.concatenate([encoders[precision].encode([one]) for one in pixels[:6]])
        company = np.abs(alone - vectors[precision][:6]).max()
        near = f"cosine {cosine:.5f}, centred {apart:.4f}, alone {company:.0e}"
        print(f"{precision:<21} {rate:6.2f} images/s  {ratio:5.2f} x  {near}")


if __name__ == "__main__":
    main()
