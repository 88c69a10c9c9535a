"""Turning pictures upright by their EXIF orientation (CIPA DC-008, tag 0x0112)."""

from __future__ import annotations

from PIL import Image

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: Orientations in which width and height change places.
TURNED = frozenset({5, 6, 7, 8})


def upright(image: Image.Image, turn: int) -> Image.Image:
    """*image*, stored in orientation *turn*, as it is to be seen."""
    return image.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else image
