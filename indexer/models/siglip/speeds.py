"""Speeds of an image encoder on this machine in each precision, measured in seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.models.backends.devices import IN_INT8, choose_device
from indexer.models.backends.int8 import fastest_int8
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.errors import DeviceUnavailable
from indexer.models.protocols import ImageEncoder

from .encoders import OWN, image_encoder

#: Layers that are run; the others take as long each.
LAYERS = 2
#: Tokens of the pictures of a pass, at least.
_TOKENS = 512
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds that a picture takes in *precision*: those of one core on a CPU, and of the clock elsewhere."""

    precision: str
    seconds: float


def speeds(
    checkpoint: Checkpoint, device: str | None = None, also: Sequence[str] = (), *, layers: int = LAYERS
) -> tuple[Speed, ...]:
    """Measure the precisions that suit the device, and those in *also*; float32 is the first.

    The first *layers* of the encoder run on noise; the time is that of as many layers as it has. The precisions take
    turns, and the best of three rounds counts. Raises `DeviceUnavailable` and `CheckpointDamaged`.
    """
    device, _ = choose_device(checkpoint, device)
    shape = checkpoint.vision
    depth = min(layers, shape.layers)
    short = replace(checkpoint, vision=replace(shape, layers=depth))
    encoders = {each: image_encoder(short, device, each, OWN) for each in _precisions(device, also)}
    pixels = _noise(checkpoint)
    best = dict.fromkeys(encoders, float("inf"))
    # The first round warms caches up and makes oneDNN's code.
    for number in range(_ROUNDS + 1):
        for precision, encoder in encoders.items():
            seconds = _seconds(encoder, pixels, device)
            if number:
                best[precision] = min(best[precision], seconds)
    whole = shape.layers / depth / len(pixels)
    return tuple(Speed(precision, seconds * whole) for precision, seconds in best.items())


def _precisions(device: str, also: Sequence[str]) -> tuple[str, ...]:
    # float16 on a CPU is slower than anything else.
    suitable = ("float32", "bfloat16", *_int8()) if device == "cpu" else ("float32", "bfloat16", "float16")
    fitting = [each for each in also if device == "cpu" or each not in IN_INT8]
    return tuple(dict.fromkeys((*suitable, *fitting)))


def _int8() -> tuple[str, ...]:
    try:
        return (fastest_int8(),)
    except DeviceUnavailable:
        return ()


def _noise(checkpoint: Checkpoint) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    one = checkpoint.preprocessing.pixels(Image.fromarray(noise))
    tokens = (one.shape[0] // checkpoint.patch_size) * (one.shape[1] // checkpoint.patch_size)
    return np.stack([one] * max(1, _TOKENS // tokens))


def _seconds(encoder: ImageEncoder, pixels: NDArray[np.uint8], device: str) -> float:
    clock = time.process_time if device == "cpu" else time.perf_counter
    start = clock()
    encoder.encode(pixels)
    return clock() - start
