"""Names of pictures: the endings that say a file is meant to be one."""

from __future__ import annotations

from typing import Final

from store.records import Outcome

from .companions import RAW

#: Besides RAW. Some are of formats that are not read: such a file is a picture all the same.
_ENDINGS: Final = frozenset(
    b"avif avifs bmp dds dib exr gif hdr heic heics heif heifs hif j2c j2k jfif jif jp2 jpc jpe jpeg jpg jpm jps jpx "
    b"jxl jxr mpo pbm pfm pgm png pnm ppm psb psd qoi tga tif tiff wdp webp".split()
)
#: Outcomes that a file has because it is something else, or may be.
_ELSE: Final = frozenset({Outcome.UNSUPPORTED, Outcome.TOO_LARGE})


def is_picture_name(path: bytes) -> bool:
    """Return whether the ending of *path* is that of a picture."""
    stem, dot, ending = path.rpartition(b"/")[2].rpartition(b".")
    return bool(stem and dot) and (ending.lower() in _ENDINGS or ending.lower() in RAW)


def outcome_by_name(outcome: Outcome, path: bytes, size: int) -> Outcome:
    """Return *outcome*, or `NOT_A_PICTURE` for a file of *size* bytes that neither its content nor its name makes one.

    So a video is no failure, but a web page that was saved as `photo.jpg` is.
    """
    if is_picture_name(path):
        return outcome
    return Outcome.NOT_A_PICTURE if outcome in _ELSE or (outcome is Outcome.DAMAGED and not size) else outcome
