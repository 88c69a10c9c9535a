"""From a picture to the checkpoint's square of pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

#: Raise this whenever the same picture would give other pixels than before.
_VERSION = 1
#: How every released checkpoint scales: 0 to 255 becomes -1 to 1.
_USUAL = (1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What the checkpoint's own image processor does: squash to a square, scale, normalise."""

    size: int
    #: "bilinear" or "bicubic"; Pillow's, which average over the area when they shrink.
    resample: str
    rescale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def name(self) -> str:
        """What tells this preprocessing from every other; part of a space."""
        plain = f"squash-{self.size}-{self.resample}-{_VERSION}"
        scaling = (self.rescale, self.mean, self.std)
        return plain if scaling == _USUAL else f"{plain}-{hashlib.sha256(repr(scaling).encode()).hexdigest()[:8]}"

    def square(self, image: Image.Image) -> NDArray[np.uint8]:
        """*image*, which must be RGB and upright, as uint8 (size, size, 3).

        Equal, bit for bit, to transformers' Pillow image processor before it scales and normalises.
        """
        from PIL.Image import Resampling  # noqa: PLC0415 - a search makes no squares

        assert image.mode == "RGB", image.mode
        return np.asarray(image.resize((self.size, self.size), Resampling[self.resample.upper()]))
