"""Shrinking one photo's file to a thumbnail, a preview or plain pixels, in a decoder process."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from PIL import Image

from indexer.decode import SIDE, DecodedPhoto, DecodeError, Fit, jpeg_file, read_photo, shown_colours, webp
from indexer.decode.colours import srgb
from indexer.workers.file_reader import MOST_BYTES
from store.open_file import open_nonblocking


class Missing(Enum):
    """The kind of reason for which there is no picture."""

    #: The library has no such photo.
    UNKNOWN = "unknown"
    #: None of its files is there now, or each has changed since it was indexed.
    GONE = "gone"
    #: It cannot be decoded, or takes too much memory or time.
    BROKEN = "broken"
    #: Too many others are asked for at once.
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class NoPicture:
    """There is no picture, for that `reason`; `detail` says it as a clause, such as "it is damaged"."""

    reason: Missing
    detail: str


@dataclass(frozen=True, slots=True)
class ShrinkRequest:
    """A photo by its content's SHA-256, its files, absolute, and the longer side of the picture to make."""

    content_hash: bytes
    paths: Sequence[bytes]
    side: int


@dataclass(frozen=True, slots=True)
class PlainPicture:
    """Pixels of an upright picture and nothing else of its file: `width * height * 3` bytes, 8-bit sRGB by rows."""

    width: int
    height: int
    rgb: bytes

    def image(self) -> Image.Image:
        """The picture for Pillow."""
        return Image.frombytes("RGB", (self.width, self.height), self.rgb)


def shrink(request: ShrinkRequest) -> bytes | NoPicture:
    """Return the picture as a WebP file if it is a thumbnail, else as a JPEG file.

    It is made of the first file that has the photo's content now.
    """
    photo = _decoded(request)
    if isinstance(photo, NoPicture):
        return photo
    image, profile = shown_colours(Image.fromarray(photo.pixels), photo.profile)
    return webp(image, profile) if request.side == SIDE else jpeg_file(image, profile)


def shrink_to_pixels(request: ShrinkRequest) -> PlainPicture | NoPicture:
    """Return the picture as pixels, with its colour profile applied; otherwise as `shrink`."""
    photo = _decoded(request)
    if isinstance(photo, NoPicture):
        return photo
    image = srgb(Image.fromarray(photo.pixels), photo.profile)
    return PlainPicture(image.width, image.height, image.tobytes())


def _decoded(request: ShrinkRequest) -> DecodedPhoto | NoPicture:
    data = _content(request)
    if data is None:
        return NoPicture(Missing.GONE, "none of its files is there now as it was indexed")
    try:
        return read_photo(data, Fit(request.side), is_for_display=True)
    except DecodeError as error:
        return NoPicture(Missing.BROKEN, error.reason)


def _content(request: ShrinkRequest) -> bytes | None:
    for path in request.paths:
        try:
            data = _read(path)
        except OSError:
            continue
        if data is not None and hashlib.sha256(data).digest() == request.content_hash:
            return data
    return None


def _read(path: bytes) -> bytes | None:
    """The content of the regular file at *path*; None if indexing would not read it. Raises `OSError`."""
    with open_nonblocking(path) as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            return None
        return opened.read(MOST_BYTES + 1)
