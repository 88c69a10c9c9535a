"""SigLIP's encoders of pictures and texts in torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from indexer.models.backends.accelerators import THIS_MACHINE, Machine, empty_cache
from indexer.models.backends.devices import IN_INT8, choose_device, packs_bfloat16, pass_count, pass_threads
from indexer.models.backends.fitting_passes import TEXT_ENCODER, CpuFallback, FittingPasses
from indexer.models.backends.int8 import int8_layers
from indexer.models.backends.int8_products import ROWS
from indexer.models.backends.linear import JOINED, PACKED_BFLOAT16, PLAIN, Layer, LinearLayers
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.device_names import CPU
from indexer.models.protocols import Pictures
from indexer.models.tokenizers.tokenizer import Tokenizer

from .passes import PixelScaling, largest_pass, places_by_shape, unit_vectors
from .towers import DTYPES, TextTower, VisionTower

#: Texts a pass.
_TEXT_BATCH = 32


class MakeTower(Protocol):
    """Loads an image tower; `VisionTower` does."""

    def __call__(self, checkpoint: Checkpoint, device: str, precision: str, layers: LinearLayers) -> Layer:
        """The tower, which makes vectors of scaled pixels."""
        ...


class MakeTextTower(Protocol):
    """Loads a text tower; `TextTower` does."""

    def __call__(self, checkpoint: Checkpoint, device: str) -> Layer:
        """The tower, which makes vectors of token ids."""
        ...


class SiglipImageEncoder:
    """A checkpoint's image encoder, loaded. An embedding does not depend on which pictures share its batch.

    Pictures of one shape share a pass, so that none is padded. Where a device's memory does not suffice, passes have
    fewer pictures; if not even one fits, *on_notice* is called with a sentence, and the CPU goes on in the same
    precision. A pass has *most* pictures at most, or a number that suits the device.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str | None = None,
        precision: str | None = None,
        *,
        machine: Machine = THIS_MACHINE,
        on_notice: Callable[[str], None] = lambda _sentence: None,
        make_tower: MakeTower = VisionTower,
        most: int | None = None,
    ) -> None:
        self.preprocessing = checkpoint.preprocessing
        self._checkpoint = checkpoint
        self._make_tower = make_tower
        self._most = most
        self._folder = checkpoint.folder
        self._patch = checkpoint.patch_size
        chosen, self.precision = choose_device(checkpoint, device, precision, machine=machine, on_notice=on_notice)
        self._fallback = CpuFallback(chosen, self._load, on_notice)

    @property
    def device(self) -> str:
        """The device that it computes on."""
        return self._fallback.device

    @property
    def batch_size(self) -> int:
        """Pictures that all threads compute at once."""
        return self._threads * self._fitting.most

    def encode(self, pixels: Pictures) -> NDArray[np.float32]:
        """Embeddings of length one, float32 (n, d), of *pixels*, in their order.

        Raises `NumbersOverflowed` if the precision cannot hold the model's numbers.
        """
        return self._fallback.call(partial(self._encoded, pixels))

    def _load(self, device: str) -> None:
        layers = _linear_layers(device, self.precision)
        self._model = self._make_tower(self._checkpoint, device, self.precision, layers)
        self._scaled = PixelScaling(self.preprocessing, device)
        self._threads = pass_count(device)
        self._passes = pass_threads(self._threads)
        most = self._most or largest_pass(device)
        self._fitting = FittingPasses(self._pass, most, partial(empty_cache, device))

    def _encoded(self, pixels: Pictures) -> NDArray[np.float32]:
        some = [
            places[start : start + size]
            for shape, places in places_by_shape(pixels).items()
            for size in [self._pass_size(shape)]
            for start in range(0, len(places), size)
        ]
        made = np.empty((len(pixels), self._checkpoint.dimension), np.float32)
        compute = self._pass if self.device == CPU else self._fitting
        parts = self._passes.map(compute, ([pixels[place] for place in places] for places in some))
        for places, part in zip(some, parts, strict=True):
            made[places] = part
        return made

    def _pass_size(self, shape: tuple[int, ...]) -> int:
        """Number of pictures of that *shape*, (height, width, 3), in a pass."""
        if self.precision in IN_INT8:
            return max(1, ROWS // ((shape[0] // self._patch) * (shape[1] // self._patch)))
        return self._fitting.most

    @torch.inference_mode()
    def _pass(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        count, shape = len(pictures), pictures[0].shape
        if self.precision in IN_INT8:
            # A full batch always: rounding of floats depends on their number, and a step of 8 bits is large.
            pictures = [*pictures, *[np.zeros(shape, np.uint8)] * (self._pass_size(shape) - count)]
        pooled = self._model(self._scaled(pictures).to(DTYPES[self.precision]))[:count]
        return unit_vectors(pooled, self._folder, self.precision)


class TorchTextEncoder:
    """A checkpoint's text encoder, loaded. Always float32: text is cheap, and scores stay exact.

    Where a device's memory does not suffice, it does as `SiglipImageEncoder`.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str | None = None,
        tokenizer: Tokenizer | None = None,
        *,
        machine: Machine = THIS_MACHINE,
        on_notice: Callable[[str], None] = lambda _sentence: None,
        make_tower: MakeTextTower = TextTower,
    ) -> None:
        self._checkpoint = checkpoint
        self._make_tower = make_tower
        self._dimension = checkpoint.dimension
        self._folder = checkpoint.folder
        self._tokenizer = tokenizer or Tokenizer(checkpoint)
        chosen, _ = choose_device(checkpoint, device, "float32", machine=machine, on_notice=on_notice)
        self._fallback = CpuFallback(chosen, self._load, on_notice, TEXT_ENCODER)

    @property
    def device(self) -> str:
        """The device that it computes on."""
        return self._fallback.device

    def _load(self, device: str) -> None:
        self._model = self._make_tower(self._checkpoint, device)
        self._passes = pass_threads(pass_count(device))
        self._fitting = FittingPasses(self._pass, _TEXT_BATCH, partial(empty_cache, device))

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d). A text too long for the model is truncated, and keeps its end mark."""
        return self.encode(self._tokenizer.tokens(texts))

    def encode(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d), of token ids, int64 (n, text_length)."""
        return self._fallback.call(partial(self._encoded, ids))

    def _encoded(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.device != CPU and len(ids):
            return self._fitting(list(ids))
        some = [list(ids[start : start + _TEXT_BATCH]) for start in range(0, len(ids), _TEXT_BATCH)]
        # One text is faster with all threads.
        parts = list(self._passes.map(self._pass, some)) if len(some) > 1 else [self._pass(each) for each in some]
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), np.float32)

    @torch.inference_mode()
    def _pass(self, ids: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
        pooled = self._model(torch.from_numpy(np.stack(ids)).to(self.device))
        return unit_vectors(pooled, self._folder, "float32")


def _linear_layers(device: str, precision: str) -> LinearLayers:
    if precision in IN_INT8:
        return int8_layers(precision)
    if device != CPU:
        return JOINED
    return PACKED_BFLOAT16 if precision == "bfloat16" and packs_bfloat16() else PLAIN
