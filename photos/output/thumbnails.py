"""Thumbnails: small upright pictures, decoded with the indexer's decoder and limits."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer import DecodeError
from indexer.decode import read_photo
from indexer.files.open_file import open_file

_QUALITY = 80


@dataclass(frozen=True, slots=True)
class _Fit:
    """Preprocessing that keeps the whole picture, its longer side at most `size`, in place of a checkpoint's square."""

    size: int

    def square(self, image: Image.Image) -> NDArray[np.uint8]:
        scale = min(1.0, self.size / max(image.size))
        width, height = (max(1, round(side * scale)) for side in image.size)
        return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


def thumbnail(path: bytes, side: int) -> Image.Image | None:
    """The picture at *path*, upright, RGB, its longer side at most *side* pixels; None if it cannot be read now."""
    try:
        with open_file(path) as opened:
            content = opened.read()
        return Image.fromarray(read_photo(content, _Fit(side)).pixels)
    except (OSError, DecodeError):
        return None


def jpeg(image: Image.Image, quality: int = _QUALITY) -> bytes:
    """*image* as a JPEG file."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, optimize=True)
    return stream.getvalue()
