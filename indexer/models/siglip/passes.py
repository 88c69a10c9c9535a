"""Parts of a pass that all encoders in torch share: pictures by their shape, scaled pixels and unit vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from indexer.models.checkpoints.preprocessing import FlexiblePreprocessing, Preprocessing
from indexer.models.device_names import CPU
from indexer.models.errors import not_finite
from indexer.models.protocols import Pictures

#: Pictures of a pass on a CPU and on other devices. On a CPU twice or four times as many gain 1 to 4 % in transformers,
#: and nothing in our own encoders; half as many lose 2 to 4 %, and one alone a quarter.
_ON_CPU, _ON_OTHERS = 8, 64


def largest_pass(device: str) -> int:
    """Pictures of a pass on *device*, unless its memory or the precision asks for fewer."""
    return _ON_CPU if device == CPU else _ON_OTHERS


def places_by_shape(pixels: Pictures) -> Mapping[tuple[int, ...], list[int]]:
    """Places in *pixels* of the pictures of each shape: those of one shape share a pass, so that none is padded."""
    of_shape = defaultdict(list)
    for place, picture in enumerate(pixels):
        of_shape[picture.shape].append(place)
    return of_shape


class PixelScaling:
    """Scales pixels on *device*, in float32 for every precision, as the reference's image processor does."""

    def __init__(self, preprocessing: Preprocessing | FlexiblePreprocessing, device: str) -> None:
        self._rescale = preprocessing.rescale
        self._device = device
        self._mean, self._std = (torch.tensor(each, device=device) for each in (preprocessing.mean, preprocessing.std))

    def __call__(self, pictures: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        """Scaled pixels, float32 (n, height, width, 3), of pictures of one shape, at least one."""
        # A copy: Pillow's arrays are read-only, and torch warns about those on standard error.
        batch = torch.from_numpy(np.stack(pictures)).to(self._device)
        # By whole lines of pixels.
        mean, std = self._mean.repeat(batch.shape[2]), self._std.repeat(batch.shape[2])
        return batch.flatten(2).float().mul_(self._rescale).sub_(mean).div_(std).view(batch.shape)


def unit_vectors(pooled: torch.Tensor, folder: Path, precision: str) -> NDArray[np.float32]:
    """Vectors of length one, float32 (n, d), of a tower's output in *precision*, (n, d).

    Raises `NumbersOverflowed` or `CheckpointDamaged` for values that are no numbers; *folder* is the checkpoint's.
    """
    if not torch.isfinite(pooled).all():
        raise not_finite(folder, precision)
    unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled.float(), dim=-1).cpu().numpy()
    return unit
