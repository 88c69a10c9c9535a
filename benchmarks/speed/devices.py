"""An accelerator beside the CPU: agreement, images a second by batch size, indexing, and full memory.

    python benchmarks/speed/make_pictures.py /tmp/pictures 500
    python benchmarks/speed/devices.py --folder /tmp/pictures [--device cuda:0]

It makes checkpoints with random weights of the true size in a temporary folder (4 GB): the image encoders of
base-patch16-256 and so400m-patch16-384, with small text encoders. Then it prints

1. agreement: the least cosine of each precision on the device with float32 on the CPU, also after the mean was taken
   off, and the greatest difference of a number;
2. images a second by batch size, pixels in and vectors out, in the device's own precision and in float32;
3. with --folder, photos a second from files to committed embeddings, beside decoding alone and encoding alone;
4. what happens when memory is capped just above the weights: the batch that fits, and whether vectors stay the same. On
   a CPU an error takes the place of full memory.

It runs on a CPU too, slowly, or quickly with --small, so that it can be tested. Please send the output, which names
card and versions, to the project: its authors had no GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from indexing import decode_alone, encode_alone, end_to_end
from transformers import SiglipConfig, SiglipModel
from transformers.utils import logging

from indexer.models import Checkpoint, DeviceFailed, open_checkpoint
from indexer.models.backends.accelerators import THIS_MACHINE, Accelerator, empty_cache, label_of
from indexer.models.backends.devices import choose_device
from indexer.models.backends.linear import LinearLayers
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from indexer.models.siglip.towers import VisionTower

#: Image encoders: width, MLP, layers, heads, side of a picture, side of a patch.
MODELS = {
    "base-patch16-256": (768, 3072, 12, 12, 256, 16),
    "so400m-patch16-384": (1152, 4304, 27, 16, 384, 16),
    "small": (64, 128, 2, 4, 64, 16),
}
PRECISIONS = ("float32", "bfloat16", "float16")
BATCHES = (1, 8, 32, 64, 128, 256)
#: Bytes that a capped device has beside the weights.
ROOM = 192 << 20
#: Pictures that fit where an error takes the place of full memory.
FITTING = 9
#: CPU memory under another name.
OTHER = "cpu:1"


def make(folder: Path, name: str) -> Checkpoint:
    """Write the checkpoint of that name to *folder* and open it."""
    width, wide, layers, heads, side, patch = MODELS[name]
    vision = {
        "hidden_size": width,
        "intermediate_size": wide,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "image_size": side,
        "patch_size": patch,
    }
    small = {"num_hidden_layers": 1, "num_attention_heads": heads, "intermediate_size": 64, "vocab_size": 64}
    special = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    text = {"hidden_size": width, "projection_size": width, **small, **special}
    torch.manual_seed(0)
    SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    scale = {"resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    processor = {"size": {"height": side, "width": side}, **scale}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    (folder / "tokenizer.json").write_text("{}")
    return open_checkpoint(folder, name)


def noise(checkpoint: Checkpoint, count: int) -> np.ndarray:
    """Pictures of smooth noise, uint8 (*count*, side, side, 3)."""
    side = checkpoint.image_size or 256
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (count, 8, 8, 3)).repeat(side // 8, 1).repeat(side // 8, 2)
    return np.clip(coarse + random.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)


def agreement(checkpoint: Checkpoint, device: str, count: int) -> None:
    """Print how near each precision on *device* is to float32 on the CPU."""
    pixels = noise(checkpoint, count)
    expected = SiglipImageEncoder(checkpoint, "cpu", "float32").encode(pixels)
    mean = expected.mean(0)
    for precision in PRECISIONS:
        try:
            found = SiglipImageEncoder(checkpoint, device, precision).encode(pixels)
        except DeviceFailed as error:
            print(f"  {precision:<9} {error}")
            continue
        centred = [(each - mean) / np.linalg.norm(each - mean, axis=1, keepdims=True) for each in (found, expected)]
        print(
            f"  {precision:<9} cosine {(found * expected).sum(1).min():.6f}"
            f"  centred {(centred[0] * centred[1]).sum(1).min():.5f}  difference {np.abs(found - expected).max():.1e}"
        )


def rate(encode: Callable[[np.ndarray], object], pixels: np.ndarray, seconds: float) -> float:
    """Images a second of *encode* over about so many *seconds*, after a first call."""
    encode(pixels)
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        encode(pixels)
        done += len(pixels)
    return done / (time.perf_counter() - start)


def by_batch(checkpoint: Checkpoint, device: str, batches: tuple[int, ...], seconds: float) -> None:
    """Print images a second by batch size, in the device's own precision and in float32."""
    own = choose_device(checkpoint, device)[1]
    for precision in dict.fromkeys((own, "float32")):
        encoder = SiglipImageEncoder(checkpoint, device, precision, most=max(batches))
        rates = [(size, rate(encoder.encode, noise(checkpoint, size), seconds)) for size in batches]
        print(f"  {precision:<9} " + "  ".join(f"{size}: {each:.1f}/s" for size, each in rates))


class Limited:
    """Makes towers of which those on the accelerator have room for a few pictures."""

    def __call__(self, checkpoint: Checkpoint, device: str, precision: str, layers: LinearLayers) -> Callable:
        """The tower, or one that raises the error of full memory."""
        tower = VisionTower(checkpoint, device, precision, layers)

        def limited(pixels: torch.Tensor) -> torch.Tensor:
            if len(pixels) > FITTING:
                raise torch.OutOfMemoryError("as if memory were full")
            return tower(pixels)

        return limited if device == OTHER else tower


class OneCard:
    """A machine whose CPU has a second name, which stands for a card."""

    def accelerators(self) -> tuple[Accelerator, ...]:
        """The card."""
        return (Accelerator(OTHER, "a stand-in"),)

    def fault(self, _accelerator: Accelerator, _precision: str) -> str | None:
        """None: the CPU works."""
        return None


def full_memory(checkpoint: Checkpoint, device: str, count: int) -> None:
    """Print the batch that fits into little memory, and how its vectors differ from those with much."""
    pixels, told = noise(checkpoint, count), []
    precision = choose_device(checkpoint, device)[1]
    expected = SiglipImageEncoder(checkpoint, device, precision).encode(pixels)
    empty_cache(device)
    if device == "cpu":
        encoder = SiglipImageEncoder(
            checkpoint, OTHER, precision, machine=OneCard(), on_notice=told.append, make_tower=Limited()
        )
        found, what = encoder.encode(pixels), "an error above 9 pictures"
    else:
        encoder = SiglipImageEncoder(checkpoint, device, precision, on_notice=told.append)
        found, what = _capped(encoder, device, pixels)
    print(
        f"  {what}: {encoder.batch_size} at once on {encoder.device}, difference {np.abs(found - expected).max():.1e}"
        f"{''.join(f'; {each}' for each in told)}"
    )


def _capped(encoder: SiglipImageEncoder, device: str, pixels: np.ndarray) -> tuple[np.ndarray, str]:
    kind = getattr(torch, torch.device(device).type)
    place = () if device == "mps" else (torch.device(device),)
    if device == "mps":
        total, used = torch.mps.recommended_max_memory(), torch.mps.current_allocated_memory()
    else:
        total, used = kind.get_device_properties(*place).total_memory, kind.memory_allocated(*place)
    fraction = (used + ROOM) / total
    kind.set_per_process_memory_fraction(fraction, *place)
    try:
        return encoder.encode(pixels), f"capped at {fraction:.4f} of {total / 2**30:.0f} GiB"
    finally:
        kind.set_per_process_memory_fraction(1.0, *place)


def indexing(checkpoint: Checkpoint, device: str, folder: Path) -> None:
    """Print photos a second from files to committed embeddings, beside each part alone."""
    encoder = SiglipImageEncoder(checkpoint, device)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    decoding, pixels = decode_alone(files, checkpoint.preprocessing, os.cpu_count() or 1)
    encoding = encode_alone(encoder, pixels)
    both = end_to_end(folder, checkpoint, encoder, os.cpu_count())
    print(
        f"  {len(pixels)} pictures: decode alone {decoding:.1f}/s, encode alone {encoding:.1f}/s,"
        f" end to end {both:.1f}/s, {both / min(decoding, encoding):.2f} of the slower part"
    )


def heading(device: str) -> Iterator[str]:
    """The machine and the versions."""
    card = label_of(device)
    yield f"device {device}{'' if card is None else f' ({card})'}, {os.cpu_count()} cores, {platform.machine()}"
    runtime = torch.version.cuda or torch.version.hip or "no GPU runtime"
    yield f"torch {torch.__version__} ({runtime}), Python {platform.python_version()}, {platform.system()}"
    yield from (f"found: {each.device} {each.label} {each.capability or ''}" for each in THIS_MACHINE.accelerators())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--folder", type=Path, help="pictures to index")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["base-patch16-256", "so400m-patch16-384"])
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument("--pictures", type=int, default=64, help="for agreement and full memory")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--small", action="store_true", help="a tiny model and few pictures: a test of this script")
    arguments = parser.parse_args()
    if arguments.small:
        arguments.models, arguments.batches, arguments.pictures, arguments.seconds = ["small"], (1, 8), 20, 0.01
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(arguments.models):
            checkpoint = make(Path(folder) / name, name)
            device = choose_device(checkpoint, arguments.device, on_notice=print)[0]
            if not number:
                print(*heading(device), sep="\n")
            print(f"\n{name}: agreement with float32 on the CPU")
            agreement(checkpoint, device, arguments.pictures)
            print(f"{name}: images a second by batch size")
            by_batch(checkpoint, device, tuple(arguments.batches), arguments.seconds)
            if arguments.folder is not None:
                print(f"{name}: indexing")
                indexing(checkpoint, device, arguments.folder.resolve())
            print(f"{name}: full memory")
            full_memory(checkpoint, device, arguments.pictures)


if __name__ == "__main__":
    main()
