"""EXIF of files and blocks that Pillow does not open as a picture."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image

#: Signatures of RAW files that are TIFF except for these four bytes.
_ALMOST_TIFF = (b"IIRO", b"IIRS", b"IIU\0")


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
