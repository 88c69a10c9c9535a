"""From pixels to embeddings."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from .checkpoint import Checkpoint
from .devices import choose, pass_threads
from .errors import NumbersOverflowed
from .layers import linear
from .loading import DTYPES
from .preprocessing import Preprocessing
from .quantising import quantised
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
        make = quantised if self.precision == "int8" else linear
        self._model = VisionModel(checkpoint, self.device, self.precision, make)
        self._passes = pass_threads(self.device)
        self._mean = torch.tensor(self.preprocessing.mean, device=self.device).view(1, 3, 1, 1)
        self._std = torch.tensor(self.preprocessing.std, device=self.device).view(1, 3, 1, 1)

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings of length one, float32 (n, d), of *pixels*, uint8 (n, size, size, 3).

        Raises `NumbersOverflowed` if the precision cannot hold the model's numbers.
        """
        # One by one in 8 bits: what floats are rounded to depends on how many there are, and a step of 8 bits is large.
        size = 1 if self.precision == "int8" else _BATCH.get(self.device, _GPU_BATCH)
        some = [pixels[start : start + size] for start in range(0, len(pixels), size)]
        parts = list(self._passes.map(self._pass, some))
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), np.float32)

    @torch.inference_mode()
    def _pass(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        # A copy: Pillow's arrays are read-only, and torch warns on standard error of those.
        batch = torch.from_numpy(np.array(pixels)).to(self.device).permute(0, 3, 1, 2)
        # In float32 whatever the tower's precision, as the reference's image processor does.
        scaled = (batch.float() * self.preprocessing.rescale - self._mean) / self._std
        # By default CUDA rounds float32 convolutions to ten bits, and the patch embedding is one.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            pooled = self._model(scaled.to(DTYPES[self.precision])).float()
        if not torch.isfinite(pooled).all():
            raise NumbersOverflowed(self.precision)
        unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
        return unit
