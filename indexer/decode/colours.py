"""Colours: pictures of every mode, and samples of every depth, as 8-bit RGB."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

#: Samples of any number format.
Samples = NDArray[np.generic]

#: Shown where a picture is transparent: most such pictures were made for white pages.
_BACKGROUND: Final = (255, 255, 255)
_HIGHEST: Final = 255
#: Rows that are scaled at once, so that no picture is in memory three times.
_BAND: Final = 512
#: Levels of 255 that a profile of sRGB may move a colour by: profiles have rounded numbers.
_SAME: Final = 2
#: Share of the samples that highlights of a floating-point picture may hold.
_HIGHLIGHTS: Final = 0.01
#: Highest values of 8 and 16 bits.
_SHORT_RANGES: Final = (255.0, 65535.0)
#: Formats in which an alpha of 0 everywhere is a field that a program left empty; None for pictures that are not
#: decoded by Pillow, which have these formats.
_UNUSED_ALPHA: Final = frozenset({"BMP", "TIFF", None})


def rgb(image: Image.Image) -> Image.Image:
    """*image* as 8-bit RGB; transparent parts show the background. No colour profile is applied."""
    if image.mode.startswith(("I", "F")):
        return _from_deep(image)
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        if image.format in _UNUSED_ALPHA and layer.getchannel("A").getextrema() == (0, 0):
            return layer.convert("RGB")
        page = Image.new("RGB", layer.size, _BACKGROUND)
        page.paste(layer, mask=layer)
        return page
    return image if image.mode == "RGB" else image.convert("RGB")


def profile_of(image: Image.Image) -> bytes | None:
    """The ICC colour profile that the file of *image* holds."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile else None


def srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """*image*, of any mode, as sRGB by its colour *profile*; by its mode alone if the profile is missing or broken."""
    if profile is None:
        return rgb(image)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return rgb(image)
    assert converted is not None
    return converted


@lru_cache(maxsize=16)
def is_srgb(profile: bytes) -> bool:
    """Return whether pixels with that ICC *profile* look as those without one: it says sRGB, or is broken."""
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    shown = np.asarray(srgb(Image.fromarray(colours), profile))
    return int(np.abs(shown.astype(int) - colours).max()) <= _SAME


def lab_as_rgb(samples: NDArray[np.uint8]) -> Image.Image:
    """CIE L*a*b* samples, (height, width, 3), L from 0 to 255, a and b with 128 as 0, as sRGB."""
    lab = Image.merge("LAB", [Image.fromarray(np.ascontiguousarray(samples[..., band])) for band in range(3)])
    to_srgb = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    converted = ImageCms.applyTransform(lab, to_srgb)
    assert converted is not None
    return converted


def eight_bits(samples: Samples, bits: int) -> NDArray[np.uint8]:
    """*samples*, (height, width, channels), from 0 to 255.

    Whole numbers are scaled by the range of *bits*; in 32 bits and more, by that of 8 or 16 bits if it holds them all.
    If some are negative, the lowest becomes 0 and the highest 255. Floating-point samples are from 0 to 1, with
    highlights beyond; if most are larger, the range is that of 8 or 16 bits for whole numbers, and the picture's own
    for others.
    """
    if samples.dtype == np.uint8 and bits == 8:  # noqa: PLR2004 - bits
        return np.asarray(samples, np.uint8)
    if samples.dtype == np.bool_:
        return np.where(samples, np.uint8(_HIGHEST), np.uint8(0))
    low, high = _range(samples, bits)
    scaled = np.empty(samples.shape, np.uint8)
    # 32-bit numbers have more digits than float32.
    is_short = samples.dtype.itemsize <= 2 or samples.dtype == np.float32  # noqa: PLR2004 - bytes
    for start in range(0, len(samples), _BAND):
        band: NDArray[np.floating] = samples[start : start + _BAND].astype(np.float32 if is_short else np.float64)
        if samples.dtype.kind == "f":
            np.nan_to_num(band, copy=False, nan=low, posinf=high, neginf=low)
        band -= low
        band *= _HIGHEST / (high - low)
        scaled[start : start + _BAND] = np.rint(np.clip(band, 0, _HIGHEST, out=band), out=band)
    return scaled


def _range(samples: Samples, bits: int) -> tuple[float, float]:
    """The values that become 0 and 255."""
    if samples.dtype.kind == "f":
        return 0.0, _brightest(samples)
    lowest, highest = float(samples.min(initial=0)), float(samples.max(initial=0))
    if lowest < 0:
        return lowest, max(highest, lowest + 1)
    full = float(2 ** (bits - (samples.dtype.kind == "i")) - 1)
    if bits >= 32:  # noqa: PLR2004 - bits
        return 0.0, next((some for some in _SHORT_RANGES if highest <= some), full)
    return 0.0, full


def _brightest(samples: Samples) -> float:
    """The value of white in floating-point *samples*."""
    # A million of them tell as much as all.
    flat = samples.reshape(-1)[:: max(1, samples.size // 1_000_000)].astype(np.float64)
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return 1.0
    highest, most = float(flat.max()), float(np.quantile(flat, 1 - _HIGHLIGHTS))
    if highest <= 1 or 0 < most <= 1:
        return 1.0
    if (flat == np.rint(flat)).all():
        return next((full for full in _SHORT_RANGES if highest <= full), highest)
    return max(most, float(np.finfo(np.float32).tiny))


def _from_deep(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating-point grey as 8-bit."""
    values = np.asarray(image)
    return Image.fromarray(eight_bits(values, 8 * values.dtype.itemsize)).convert("RGB")
