"""Preprocessing of pictures: resized to the checkpoint's square of pixels, then scaled and normalised."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.models.errors import CheckpointDamaged, CheckpointUnsupported

from .config import Json, read_json, real

if TYPE_CHECKING:
    from PIL import Image

#: Raise this whenever the same picture would give other pixels than before.
_VERSION = 1
#: Pillow's numbers for the filters that SigLIP checkpoints use: 3 in version 1, 2 in SigLIP 2.
_RESAMPLE = {2: "bilinear", 3: "bicubic"}
_CHANNELS = 3
_PROCESSOR = "its image processor"
#: Ends the name of a preprocessing with JPEG at full size.
_FULL = "-full"
#: Scaling of every released checkpoint: 0 to 255 becomes -1 to 1.
_USUAL = (1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
#: Values of settings that a checkpoint leaves out, as in transformers' image processor for SigLIP.
_DEFAULTS: Json = {"size": 224, "resample": 3, "image_mean": [0.5] * _CHANNELS, "image_std": [0.5] * _CHANNELS}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Settings of the checkpoint's image processor, which squashes to a square, scales and normalises."""

    size: int
    #: "bilinear" or "bicubic": Pillow's filters, which average over the area when they shrink.
    resample: str
    rescale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    #: Whether a JPEG is decoded at full size.
    is_full: bool = False

    @property
    def name(self) -> str:
        """Name that no other preprocessing has; part of a space's identity."""
        plain = f"squash-{self.size}-{self.resample}-{_VERSION}" + (_FULL if self.is_full else "")
        scaling = (self.rescale, self.mean, self.std)
        return plain if scaling == _USUAL else f"{plain}-{hashlib.sha256(repr(scaling).encode()).hexdigest()[:8]}"

    def wanted(self, width: int, height: int) -> tuple[int, int]:  # noqa: ARG002 - the same for every picture
        """Width and height of the pixels of any picture."""
        return self.size, self.size

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:  # noqa: ARG002 - as above
        """*image*, which must be RGB and upright, as uint8 (side, side, 3).

        Equal, bit for bit, to transformers' Pillow image processor before it scales and normalises.
        """
        from PIL.Image import Resampling  # noqa: PLC0415 - a search needs no Pillow

        assert image.mode == "RGB", image.mode
        return np.asarray(image.resize((self.size, self.size), Resampling[self.resample.upper()]))


def read_preprocessing(folder: Path, image_size: int) -> Preprocessing:
    """Read the settings of the checkpoint's image processor. Raises `CheckpointUnsupported` or `CheckpointDamaged`."""
    given = _processor_settings(folder)
    settings = {**_DEFAULTS, **{name: value for name, value in given.items() if value is not None}}
    if settings.get("do_resize") is False or settings.get("do_center_crop"):
        raise CheckpointUnsupported(folder, "its image processor does not squash pictures into a square")
    size = settings.get("size")
    if isinstance(size, dict):
        size = size.get("height") if size.get("height") == size.get("width") else None
    if size != image_size:
        raise CheckpointDamaged(folder, f"its image processor makes other pictures than {image_size} x {image_size}")
    resample = settings.get("resample")
    if not isinstance(resample, int) or resample not in _RESAMPLE:
        raise CheckpointUnsupported(folder, f"its pictures are resized by filter {resample!r}, not bilinear or bicubic")
    scaled, normalised = settings.get("do_rescale") is not False, settings.get("do_normalize") is not False
    std = _channels(folder, settings.get("image_std")) if normalised else (1.0, 1.0, 1.0)
    if not all(std):
        raise CheckpointDamaged(folder, "its image processor divides by zero")
    return Preprocessing(
        size=image_size,
        resample=_RESAMPLE[resample],
        rescale=real(folder, _PROCESSOR, settings.get("rescale_factor", 1 / 255)) if scaled else 1.0,
        mean=_channels(folder, settings.get("image_mean")) if normalised else (0.0, 0.0, 0.0),
        std=std,
    )


def _processor_settings(folder: Path) -> Json:
    if (folder / "preprocessor_config.json").is_file():
        return read_json(folder, "preprocessor_config.json")
    nested = read_json(folder, "processor_config.json").get("image_processor")
    if not isinstance(nested, dict):
        raise CheckpointDamaged(folder, "preprocessor_config.json is missing")
    return nested


def _channels(folder: Path, values: object) -> tuple[float, float, float]:
    if not isinstance(values, list) or len(values) != _CHANNELS:
        raise CheckpointDamaged(folder, "its image processor's mean or deviation is missing")
    red, green, blue = (real(folder, _PROCESSOR, value) for value in values)
    return red, green, blue
