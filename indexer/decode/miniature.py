"""Miniatures: a picture's pixels, kept small, to recognise the picture after an edit."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Pixels of a miniature's side.
SIDE: Final = 32
#: Shades of a stored miniature: four bits a pixel.
_SHADES: Final = 16
#: Bytes before the pixels of a stored miniature: its darkest and its lightest value.
_HEAD: Final = 2


def miniature(image: Image.Image) -> NDArray[np.uint8]:
    """Return *image*, RGB and upright, as grey pixels, uint8 (32, 32), whatever its proportions.

    Each pixel is the mean of its part of the picture, brightness by ITU-R BT.601.
    """
    # Reduced by whole pixels first, which takes half the time and moves a mean by one at most.
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=1.0).convert("L"))


def pack_miniature(pixels: NDArray[np.uint8]) -> bytes:
    """Return a miniature as it is stored, 514 bytes: two pixels a byte, in 16 shades of its range."""
    darkest, lightest = int(pixels.min()), int(pixels.max())
    scale = (_SHADES - 1) / max(lightest - darkest, 1)
    shades = np.rint((pixels.astype(np.float32) - darkest) * scale).astype(np.uint8).ravel()
    pairs: NDArray[np.uint8] = shades[::2] * np.uint8(_SHADES) + shades[1::2]
    return bytes([darkest, lightest]) + pairs.tobytes()


def unpack_miniature(stored: bytes) -> NDArray[np.float32]:
    """Return the grey pixels of a stored miniature, float32 (32, 32), from 0 to 255."""
    darkest, lightest = stored[0], stored[1]
    pairs = np.frombuffer(stored, np.uint8, offset=_HEAD)
    shades = np.stack([pairs // _SHADES, pairs % _SHADES], 1).reshape(SIDE, SIDE)
    return (darkest + shades * np.float32((lightest - darkest) / (_SHADES - 1))).astype(np.float32)
