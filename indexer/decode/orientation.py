"""EXIF orientation (CIPA DC-008, tag 0x0112): reading it, and turning pictures upright."""

from __future__ import annotations

from typing import Protocol

from PIL import ExifTags, Image

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: Orientations in which width and height are exchanged.
SIDEWAYS = frozenset({5, 6, 7, 8})


class HasExif(Protocol):
    """A picture, or another source of EXIF tags."""

    def getexif(self) -> Image.Exif:
        """The tags."""
        ...


def orientation(image: HasExif) -> int:
    """The EXIF orientation, 1 to 8; 1 if it is missing or broken."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - EXIF of cameras and converters breaks in every way, and is never worth a photo
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004 - the eight there are


def upright(image: Image.Image, stored: int) -> Image.Image:
    """*image*, which is in orientation *stored*, turned upright."""
    return image.transpose(_TRANSPOSE[stored]) if stored in _TRANSPOSE else image
