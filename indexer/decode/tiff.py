"""Telling RAW photos that are TIFF files from other TIFF files."""

from __future__ import annotations

from typing import Final

from PIL import Image

#: Tags of the first directory (TIFF 6.0, DNG 1.4): DNGVersion; PhotometricInterpretation, which is 32803 for what a
#: filtered sensor saw; and NewSubfileType, with its bit for "a reduced picture": camera files begin with a stamp.
_DNG_VERSION: Final = 50706
_PHOTOMETRIC: Final = 262
_FILTERED: Final = 32803
_SUBFILE_TYPE: Final = 254
_REDUCED: Final = 1
_CR2: Final = b"CR\x02"


def is_raw(data: bytes) -> bool:
    """Whether the TIFF file *data* is a RAW photo. Pillow would read the postage stamp in it, or nothing."""
    if data[8:11] == _CR2:
        return True
    tags = Image.Exif()
    try:
        tags.load(data)
        kind = int(tags.get(_SUBFILE_TYPE, 0))
    except Exception:  # noqa: BLE001 - a broken directory; the decoder will say so
        return False
    return _DNG_VERSION in tags or tags.get(_PHOTOMETRIC) == _FILTERED or bool(kind & _REDUCED)
