"""Preprocessing of pictures: resized to a square or in proportion, then scaled and normalised."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.models.errors import CheckpointDamaged, CheckpointUnsupported

from .config import Json, positive_setting, read_json, real

if TYPE_CHECKING:
    from PIL import Image

#: Raise this whenever the same picture would give other pixels than before.
_VERSION = 1
#: Pillow's numbers for the filters that SigLIP checkpoints use: 3 in version 1, 2 in SigLIP 2.
_RESAMPLE = {2: "bilinear", 3: "bicubic"}
_CHANNELS = 3
_PROCESSOR = "its image processor"
#: Begins the name of a preprocessing that keeps proportions.
_FLEXIBLE = "naflex"
#: Ends the name of a preprocessing with JPEG at full size.
_FULL = "-full"
#: The largest scale of a picture in proportion, and how near the search for its scale gets.
_MOST_SCALE, _NEAR = 100.0, 1e-5
#: Scaling of every released checkpoint: 0 to 255 becomes -1 to 1.
_USUAL = (1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
#: Values of settings that a checkpoint leaves out, as in transformers' image processor for SigLIP.
_DEFAULTS: Json = {"size": 224, "resample": 3, "image_mean": [0.5] * _CHANNELS, "image_std": [0.5] * _CHANNELS}
#: As above, in its image processor for NaFlex.
_FLEXIBLE_DEFAULTS: Json = {"resample": 2, "patch_size": 16}


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
        return _name(f"squash-{self.size}", self)

    def wanted(self, width: int, height: int) -> tuple[int, int]:  # noqa: ARG002 - the same for every picture
        """Width and height of the pixels of any picture."""
        return self.size, self.size

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:  # noqa: ARG002 - as above
        """*image*, which must be RGB and upright, as uint8 (side, side, 3).

        Equal, bit for bit, to transformers' Pillow image processor before it scales and normalises.
        """
        return _resized(image, (self.size, self.size), self.resample)


@dataclass(frozen=True, slots=True)
class FlexiblePreprocessing:
    """Settings of a NaFlex checkpoint's image processor, which keeps proportions as nearly as whole patches allow."""

    #: Pixels of a patch's side.
    patch: int
    #: Patches that a picture has at most. Small pictures are enlarged to nearly as many.
    patches: int
    #: As in `Preprocessing`.
    resample: str
    rescale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    is_full: bool = False

    @property
    def name(self) -> str:
        """Name that no other preprocessing has; part of a space's identity."""
        return _name(f"{_FLEXIBLE}-{self.patches}", self)

    def wanted(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the pixels of a picture of that size, in whole patches.

        The bisection is that of transformers' `get_image_size_for_max_num_patches`, step by step: a formula for the
        largest scale gives other sizes for some pictures.
        """
        low, high = _NEAR / 10, _MOST_SCALE
        while high - low >= _NEAR:
            scale = (low + high) / 2
            columns, rows = self._patches(width, scale), self._patches(height, scale)
            if columns * rows <= self.patches:
                low = scale
            else:
                high = scale
        return self._patches(width, low) * self.patch, self._patches(height, low) * self.patch

    def _patches(self, side: int, scale: float) -> int:
        return max(1, math.ceil(side * scale / self.patch))

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """*image*, which must be RGB and upright, as uint8 (height, width, 3).

        *size* is the width and height of the whole picture, if *image* was decoded at reduced size. Equal, bit for bit,
        to transformers' Pillow image processor before it scales, normalises and cuts into patches.
        """
        return _resized(image, self.wanted(*(size or image.size)), self.resample)


def patches_in(name: str) -> int | None:
    """The most patches of a picture in the preprocessing of that *name*; None if it squashes."""
    found = re.match(rf"{_FLEXIBLE}-(\d+)-", name)
    return None if found is None else int(found[1])


def _name(kind: str, preprocessing: Preprocessing | FlexiblePreprocessing) -> str:
    plain = f"{kind}-{preprocessing.resample}-{_VERSION}" + (_FULL if preprocessing.is_full else "")
    scaling = (preprocessing.rescale, preprocessing.mean, preprocessing.std)
    return plain if scaling == _USUAL else f"{plain}-{hashlib.sha256(repr(scaling).encode()).hexdigest()[:8]}"


def _resized(image: Image.Image, size: tuple[int, int], resample: str) -> NDArray[np.uint8]:
    from PIL.Image import Resampling  # noqa: PLC0415 - a search needs no Pillow

    assert image.mode == "RGB", image.mode
    return np.asarray(image.resize(size, Resampling[resample.upper()]))


def read_preprocessing(folder: Path, image_size: int) -> Preprocessing:
    """Read the settings of an image processor that squashes to a square of *image_size* pixels a side.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    settings = {**_DEFAULTS, **_processor_settings(folder)}
    if settings.get("do_resize") is False or settings.get("do_center_crop"):
        raise CheckpointUnsupported(folder, "its image processor does not squash pictures into a square")
    size = settings.get("size")
    if isinstance(size, dict):
        size = size.get("height") if size.get("height") == size.get("width") else None
    if size != image_size:
        raise CheckpointDamaged(folder, f"its image processor makes other pictures than {image_size} x {image_size}")
    return Preprocessing(image_size, _filter(folder, settings), *_scaling(folder, settings))


def read_flexible_preprocessing(folder: Path, patch: int) -> FlexiblePreprocessing:
    """Read the settings of an image processor that keeps proportions, for patches of *patch* pixels a side.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    settings = {**_DEFAULTS, **_FLEXIBLE_DEFAULTS, **_processor_settings(folder)}
    if settings.get("do_resize") is False:
        raise CheckpointUnsupported(folder, "its image processor does not resize pictures")
    if settings.get("patch_size") != patch:
        raise CheckpointDamaged(folder, f"its image processor makes other patches than {patch} x {patch}")
    patches = positive_setting(folder, settings, "max_num_patches", 256, _PROCESSOR)
    return FlexiblePreprocessing(patch, patches, _filter(folder, settings), *_scaling(folder, settings))


def _filter(folder: Path, settings: Json) -> str:
    resample = settings.get("resample")
    if not isinstance(resample, int) or resample not in _RESAMPLE:
        raise CheckpointUnsupported(folder, f"its pictures are resized by filter {resample!r}, not bilinear or bicubic")
    return _RESAMPLE[resample]


def _scaling(folder: Path, settings: Json) -> tuple[float, tuple[float, float, float], tuple[float, float, float]]:
    """The factor of pixels, and the mean and the deviation of the channels."""
    scaled, normalised = settings.get("do_rescale") is not False, settings.get("do_normalize") is not False
    rescale = real(folder, _PROCESSOR, settings.get("rescale_factor", 1 / 255)) if scaled else 1.0
    mean = _channels(folder, settings.get("image_mean")) if normalised else (0.0, 0.0, 0.0)
    std = _channels(folder, settings.get("image_std")) if normalised else (1.0, 1.0, 1.0)
    if not all(std):
        raise CheckpointDamaged(folder, "its image processor divides by zero")
    return rescale, mean, std


def _processor_settings(folder: Path) -> Json:
    if (folder / "preprocessor_config.json").is_file():
        given = read_json(folder, "preprocessor_config.json")
    else:
        nested = read_json(folder, "processor_config.json").get("image_processor")
        if not isinstance(nested, dict):
            raise CheckpointDamaged(folder, "preprocessor_config.json is missing")
        given = nested
    return {name: value for name, value in given.items() if value is not None}


def _channels(folder: Path, values: object) -> tuple[float, float, float]:
    if not isinstance(values, list) or len(values) != _CHANNELS:
        raise CheckpointDamaged(folder, "its image processor's mean or deviation is missing")
    red, green, blue = (real(folder, _PROCESSOR, value) for value in values)
    return red, green, blue
