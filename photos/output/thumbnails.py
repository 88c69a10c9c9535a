"""Thumbnails: small upright pictures in their own colours, decoded with the indexer's decoder and limits."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer import DecodeError
from indexer.decode import read_photo, srgb
from store.open_file import open_file

_QUALITY = 80
#: Bytes. Colour profiles of cameras and screens have some hundreds; those of printers would outweigh the thumbnail.
_MOST_PROFILE = 1 << 14
#: Where Pillow keeps a picture's colour profile.
_PROFILE = "icc_profile"


@dataclass(frozen=True, slots=True)
class _Fit:
    """Preprocessing that keeps the whole picture, its longer side at most `size`, in place of a checkpoint's square."""

    size: int
    is_full: bool = False

    def wanted(self, width: int, height: int) -> tuple[int, int]:
        scale = min(1.0, self.size / max(width, height, 1))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:  # noqa: ARG002 - a thumbnail is not enlarged
        return np.asarray(image.resize(self.wanted(*image.size), Image.Resampling.LANCZOS))


def thumbnail(path: bytes, side: int) -> Image.Image | None:
    """The picture at *path*, upright, RGB, its longer side at most *side* pixels; None if it cannot be read now.

    Its `info` keeps the picture's colour profile, if it has one; see `in_srgb`.
    """
    try:
        with open_file(path) as opened:
            content = opened.read()
        photo = read_photo(content, _Fit(side), is_for_display=True)
    except (OSError, DecodeError):
        return None
    image = Image.fromarray(photo.pixels)
    if photo.profile is not None:
        image.info[_PROFILE] = photo.profile
    return in_srgb(image) if len(photo.profile or b"") > _MOST_PROFILE else image


def in_srgb(image: Image.Image) -> Image.Image:
    """A thumbnail in the colours of the screen, for viewers and pages that take no notice of colour profiles."""
    if _PROFILE not in image.info:
        return image
    shown = srgb(image, image.info[_PROFILE])
    shown.info.pop(_PROFILE, None)
    return shown


def jpeg(image: Image.Image, quality: int = _QUALITY) -> bytes:
    """*image* as a JPEG file, with its colour profile."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, optimize=True, icc_profile=image.info.get(_PROFILE))
    return stream.getvalue()
