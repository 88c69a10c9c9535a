"""From pixels to embeddings."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from indexer.models.backends.devices import choose, packs_bfloat16, pass_threads
from indexer.models.backends.int8 import ROWS, quantising_kit
from indexer.models.backends.packed_bfloat16 import PACKED
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.checkpoints.preprocessing import Preprocessing
from indexer.models.checkpoints.weights import DTYPES
from indexer.models.errors import NumbersOverflowed

from .layers import PLAIN, Kit
from .towers import VisionModel

#: Pictures a pass. On a CPU larger batches gain nothing and cost memory.
_BATCH = {"cpu": 8}
_GPU_BATCH = 64


class ImageTower:
    """A checkpoint's image tower, loaded. An embedding does not depend on which pictures share its batch."""

    def __init__(self, checkpoint: Checkpoint, device: str | None = None, precision: str | None = None) -> None:
        self.preprocessing: Preprocessing = checkpoint.preprocessing
        self._dimension = checkpoint.dimension
        self.device, self.precision = choose(checkpoint, device, precision)
        self._model = VisionModel(checkpoint, self.device, self.precision, _kit(self.device, self.precision))
        self._passes = pass_threads(self.device)
        self._size = _BATCH.get(self.device, _GPU_BATCH)
        if self.precision == "int8":
            self._size = max(1, ROWS // (checkpoint.image_size // checkpoint.patch_size) ** 2)
        self._mean, self._std = (
            torch.tensor(each, device=self.device).repeat(checkpoint.image_size)
            for each in (self.preprocessing.mean, self.preprocessing.std)
        )

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings of length one, float32 (n, d), of *pixels*, uint8 (n, size, size, 3).

        Raises `NumbersOverflowed` if the precision cannot hold the model's numbers.
        """
        some = [pixels[start : start + self._size] for start in range(0, len(pixels), self._size)]
        parts = list(self._passes.map(self._pass, some))
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), np.float32)

    @torch.inference_mode()
    def _pass(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        count = len(pixels)
        if self.precision == "int8" and count < self._size:
            # Always as many: what floats are rounded to depends on how many there are, and a step of 8 bits is large.
            pixels = np.concatenate([pixels, np.zeros((self._size - count, *pixels.shape[1:]), np.uint8)])
        # A copy: Pillow's arrays are read-only, and torch warns on standard error of those.
        batch = torch.from_numpy(np.array(pixels)).to(self.device)
        # In float32 whatever the tower's precision, as the reference's image processor does; by whole lines of pixels.
        lines = batch.flatten(2).float().mul_(self.preprocessing.rescale).sub_(self._mean).div_(self._std)
        # By default CUDA rounds float32 convolutions to ten bits, and the patch embedding is one.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            pooled = self._model(lines.view(batch.shape).to(DTYPES[self.precision]))[:count].float()
        if not torch.isfinite(pooled).all():
            raise NumbersOverflowed(self.precision)
        unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
        return unit


def _kit(device: str, precision: str) -> Kit:
    if precision == "int8":
        return quantising_kit()
    return PACKED if precision == "bfloat16" and device == "cpu" and packs_bfloat16() else PLAIN
