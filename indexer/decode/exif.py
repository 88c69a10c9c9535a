"""EXIF (CIPA DC-008): tags of files and blocks that Pillow does not open as a picture, and orientations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from PIL import ExifTags, Image

#: Signatures of RAW files that are TIFF except for these four bytes.
_ALMOST_TIFF = (b"IIRO", b"IIRS", b"IIU\0")
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


class FileExif:
    """EXIF with the method of a picture; *tags* of the main directory have precedence."""

    def __init__(self, found: Image.Exif, tags: Mapping[int, object] | None = None) -> None:
        self._found = found
        for tag, value in (tags or {}).items():
            found[tag] = value

    def getexif(self) -> Image.Exif:
        """The tags."""
        return self._found


def exif_of_tiff(data: bytes) -> Image.Exif:
    """The tags of *data*, a TIFF file or a RAW photo that is nearly one; empty if they are missing or broken."""
    header = b"II*\0" + data[4:] if data[:4] in _ALMOST_TIFF else data
    return exif_of_block(header) if header[:4] in {b"II*\0", b"MM\0*"} else Image.Exif()


def exif_of_block(block: bytes) -> Image.Exif:
    """The tags in *block*, a TIFF header with its directories, perhaps marked as EXIF; empty if they are broken."""
    found = Image.Exif()
    try:
        found.load(block)
    except Exception:  # noqa: BLE001 - broken EXIF costs the facts alone
        return Image.Exif()
    return found


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
