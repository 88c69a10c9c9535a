"""SigLIP's encoders of pictures and texts in torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from indexer.models.backends.devices import IN_INT8, choose, packs_bfloat16, pass_count, pass_threads
from indexer.models.backends.int8 import int8_layers
from indexer.models.backends.int8_products import ROWS
from indexer.models.backends.linear import PACKED_BFLOAT16, PLAIN, LinearLayers
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.errors import NumbersOverflowed
from indexer.models.protocols import Pictures
from indexer.models.tokenizers.tokenizer import Tokenizer

from .towers import DTYPES, TextTower, VisionTower

#: Pictures a pass. On a CPU larger batches gain nothing and cost memory.
_CPU_BATCH, _GPU_BATCH = 8, 64
#: Texts a pass.
_TEXT_BATCH = 32


class SiglipImageEncoder:
    """A checkpoint's image encoder, loaded. An embedding does not depend on which pictures share its batch.

    Pictures of one shape share a pass, so that none is padded.
    """

    def __init__(self, checkpoint: Checkpoint, device: str | None = None, precision: str | None = None) -> None:
        self.preprocessing = checkpoint.preprocessing
        self._dimension = checkpoint.dimension
        self.device, self.precision = choose(checkpoint, device, precision)
        self._model = VisionTower(checkpoint, self.device, self.precision, _linear_layers(self.device, self.precision))
        self._threads = pass_count(self.device)
        self._passes = pass_threads(self._threads)
        self._most = _CPU_BATCH if self.device == "cpu" else _GPU_BATCH
        self._patch = checkpoint.patch_size
        self._mean, self._std = (
            torch.tensor(each, device=self.device) for each in (self.preprocessing.mean, self.preprocessing.std)
        )

    @property
    def batch_size(self) -> int:
        """Pictures that all threads compute at once."""
        return self._threads * self._most

    def encode(self, pixels: Pictures) -> NDArray[np.float32]:
        """Embeddings of length one, float32 (n, d), of *pixels*, in their order.

        Raises `NumbersOverflowed` if the precision cannot hold the model's numbers.
        """
        of_shape = defaultdict(list)
        for place, picture in enumerate(pixels):
            of_shape[picture.shape].append(place)
        some = [
            places[start : start + size]
            for shape, places in of_shape.items()
            for size in [self._pass_size(shape)]
            for start in range(0, len(places), size)
        ]
        made = np.empty((len(pixels), self._dimension), np.float32)
        parts = self._passes.map(self._pass, ([pixels[place] for place in places] for places in some))
        for places, part in zip(some, parts, strict=True):
            made[places] = part
        return made

    def _pass_size(self, shape: tuple[int, ...]) -> int:
        """Number of pictures of that *shape*, (height, width, 3), in a pass."""
        if self.precision in IN_INT8:
            return max(1, ROWS // ((shape[0] // self._patch) * (shape[1] // self._patch)))
        return self._most

    @torch.inference_mode()
    def _pass(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        count, shape = len(pictures), pictures[0].shape
        if self.precision in IN_INT8:
            # A full batch always: rounding of floats depends on their number, and a step of 8 bits is large.
            pictures = [*pictures, *[np.zeros(shape, np.uint8)] * (self._pass_size(shape) - count)]
        # A copy: Pillow's arrays are read-only, and torch warns about those on standard error.
        batch = torch.from_numpy(np.stack(pictures)).to(self.device)
        # In float32 in every precision, as in the reference's image processor; by whole lines of pixels.
        mean, std = self._mean.repeat(shape[1]), self._std.repeat(shape[1])
        lines = batch.flatten(2).float().mul_(self.preprocessing.rescale).sub_(mean).div_(std)
        # By default CUDA rounds float32 convolutions to ten bits, and the patch embedding is one.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            pooled = self._model(lines.view(batch.shape).to(DTYPES[self.precision]))[:count].float()
        if not torch.isfinite(pooled).all():
            raise NumbersOverflowed(self.precision)
        unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
        return unit


class TorchTextEncoder:
    """A checkpoint's text encoder, loaded. Always float32: text is cheap, and scores stay exact."""

    def __init__(self, checkpoint: Checkpoint, device: str | None = None, tokenizer: Tokenizer | None = None) -> None:
        self._dimension = checkpoint.dimension
        self._tokenizer = tokenizer or Tokenizer(checkpoint)
        self._device, _ = choose(checkpoint, device, "float32")
        self._model = TextTower(checkpoint, self._device)
        self._passes = pass_threads(pass_count(self._device))

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d). A text too long for the model is truncated, and keeps its end mark."""
        return self.encode(self._tokenizer.tokens(texts))

    def encode(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d), of token ids, int64 (n, text_length)."""
        some = [ids[start : start + _TEXT_BATCH] for start in range(0, len(ids), _TEXT_BATCH)]
        # One text is faster with all threads.
        parts = list(self._passes.map(self._pass, some)) if len(some) > 1 else [self._pass(each) for each in some]
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), np.float32)

    @torch.inference_mode()
    def _pass(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        pooled = self._model(torch.from_numpy(ids).to(self._device))
        unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
        return unit


def _linear_layers(device: str, precision: str) -> LinearLayers:
    if precision in IN_INT8:
        return int8_layers(precision)
    return PACKED_BFLOAT16 if precision == "bfloat16" and device == "cpu" and packs_bfloat16() else PLAIN
