"""Decoding of a file's bytes to upright 8-bit RGB at the checkpoint's size, and its facts."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from indexer.metadata import adopt_exif
from store import Facts

from .errors import Damaged, DecodeError, TooLarge
from .facts import read_facts
from .formats import HEAD, check_complete, identify, is_raw, png_without_extras
from .orientation import SIDEWAYS, orientation, upright

if TYPE_CHECKING:
    from indexer.models.protocols import Preprocessor

#: Raised when this program reads files that it refused before.
_VERSION = 1

#: Pillow's plugins that may look at a file of that format; no other is ever tried.
PLUGINS = {"JPEG": ["JPEG", "MPO"], **{name: [name] for name in ("PNG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF", "BMP")}}

#: Pixels. A JPEG is decoded at reduced size, a progressive one only after all its coefficients are in memory (6 bytes a
#: pixel). Everything else is decoded whole: the largest cameras make 151 megapixels. A WebP file can promise 268 in 34
#: bytes, and takes twice the memory a pixel; the largest that are found in libraries have 50.
_MOST_REDUCED = 1_000_000_000
_MOST_PROGRESSIVE = 200_000_000
_MOST_WHOLE = 155_000_000
_MOST_WEBP = 80_000_000

#: Pixels of a picture that is decoded under the memory lock if it is decoded whole: at 8 to 20 bytes a pixel, the
#: workers must not decode several of them at once.
_LARGE = 40_000_000
#: Bytes of a RAW file that is decoded under the memory lock.
_LARGE_RAW = 60_000_000

#: Returns the lock that is held while such a picture is decoded.
MemoryLock = Callable[[], AbstractContextManager[object]]

#: Shown where a picture is transparent: most such pictures were made for white pages.
_BACKGROUND = (255, 255, 255)

# Pillow's own limit is one number for all formats, and between once and twice that number it only warns. Ours are
# checked from the header, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
# Broken EXIF makes Pillow warn about every tag. (A filter for one call would not be thread-safe.)
warnings.filterwarnings("ignore", module=r"PIL\.")
# The embedded preview is not the photo.
pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """A photo ready for the image encoder: `pixels` uint8 (size, size, 3), and its facts."""

    pixels: NDArray[np.uint8]
    facts: Facts


def read_photo(data: bytes, preprocessing: Preprocessor, memory_lock: MemoryLock = nullcontext) -> DecodedPhoto:
    """Decode the photo in *data*, a whole file. Raises only `DecodeError`, whose class gives the file's outcome.

    The lock from *memory_lock* is held while a large picture is decoded.
    """
    picture_format = identify(data[:HEAD])
    if picture_format in {"HEIF", "AVIF"}:
        check_complete(data)
    if picture_format == "RAW" or (picture_format == "TIFF" and is_raw(data)):
        return _read_raw(data, preprocessing, memory_lock)
    try:
        return _read(data, picture_format, preprocessing, memory_lock)
    except Damaged:
        if picture_format != "PNG":
            raise
        # Perhaps only its texts and profiles are broken, and those are not worth a photo.
        return _read(png_without_extras(data), picture_format, preprocessing, memory_lock)


def _read(data: bytes, picture_format: str, preprocessing: Preprocessor, memory_lock: MemoryLock) -> DecodedPhoto:
    try:
        with Image.open(io.BytesIO(data), formats=PLUGINS[picture_format]) as image:
            return _decode(image, data, picture_format, preprocessing, memory_lock)
    except DecodeError:
        raise
    except UnidentifiedImageError as error:
        raise Damaged(f"it begins as a {picture_format} picture, but cannot be read as one") from error
    except MemoryError as error:
        # Not the file's fault, so it is tried again.
        raise DecodeError("there was not enough memory for it; the next pass tries again") from error
    except Exception as error:
        # Decoders raise ValueError, TypeError, SyntaxError and more; they cost one photo.
        raise Damaged(_reason(error)) from error


def _decode(
    image: Image.Image, data: bytes, picture_format: str, preprocessing: Preprocessor, memory_lock: MemoryLock
) -> DecodedPhoto:
    width, height = image.size
    _check_size(image, picture_format)
    if picture_format == "JPEG":
        # At least twice the wanted side, so that the last step still averages over enough pixels.
        image.draft("RGB" if image.mode == "YCbCr" else image.mode, (2 * preprocessing.size, 2 * preprocessing.size))
    with memory_lock() if _is_large(image, width * height) else nullcontext():
        image.load()
        adopt_exif(image)
        stored = orientation(image)
        picture = upright(_rgb(image), stored)
        pixels = preprocessing.square(picture)
    if picture_format != "JPEG":
        # Some plugins turn the picture themselves when they load it.
        width, height = picture.size
    elif stored in SIDEWAYS:
        width, height = height, width
    return DecodedPhoto(pixels, read_facts(image, (width, height), picture_format, data))


def _read_raw(data: bytes, preprocessing: Preprocessor, memory_lock: MemoryLock) -> DecodedPhoto:
    # Loads a library that most folders never need.
    from .raw import develop  # noqa: PLC0415

    try:
        with memory_lock() if len(data) > _LARGE_RAW else nullcontext():
            developed = develop(data, preprocessing.size)
    except MemoryError as error:
        raise DecodeError("there was not enough memory for it; the next pass tries again") from error
    facts = read_facts(developed.exif, (developed.width, developed.height), "RAW", data)
    return DecodedPhoto(preprocessing.square(developed.image), facts)


def _check_size(image: Image.Image, picture_format: str) -> None:
    pixels = image.width * image.height
    if picture_format == "JPEG":
        most = _MOST_PROGRESSIVE if image.info.get("progressive") else _MOST_REDUCED
    else:
        most = _MOST_WEBP if picture_format == "WEBP" else _MOST_WHOLE
    if pixels > most:
        raise TooLarge(f"it has {pixels / 1e6:.0f} megapixels, and {picture_format} is read up to {most / 1e6:.0f}")


def _is_large(image: Image.Image, pixels: int) -> bool:
    """Return whether decoding *image*, whose file has that many *pixels*, takes much memory."""
    is_reduced = image.format in {"JPEG", "MPO"} and not image.info.get("progressive")
    return not is_reduced and pixels > _LARGE


def _rgb(image: Image.Image) -> Image.Image:
    """*image* as 8-bit RGB; transparent parts show the background. No colour profile is applied."""
    if image.mode.startswith(("I", "F")):
        return _from_deep(image)
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        page = Image.new("RGB", layer.size, _BACKGROUND)
        page.paste(layer, mask=layer)
        return page
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating-point grey as 8-bit, scaled by the range of the number format."""
    # In place, because these pictures have the most bytes a pixel.
    values = np.array(image, np.float32)
    np.nan_to_num(values, copy=False, posinf=0, neginf=0)
    highest = float(values.max(initial=0))
    if image.mode == "F":
        full = 1.0 if highest <= 1 else 255.0 if highest <= 255 else 65535.0 if highest <= 65535 else highest  # noqa: PLR2004 - the ranges in use
    else:
        full = 65535.0 if image.mode.startswith("I;16") or highest <= 65535 else 4294967295.0  # noqa: PLR2004 - 16 and 32 bits
    values *= 255 / full
    np.rint(np.clip(values, 0, 255, out=values), out=values)
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")


def _reason(error: Exception) -> str:
    message = " ".join(str(error).split())
    text = "".join(mark for mark in message if mark.isprintable())[:200]
    return f"it cannot be decoded ({text or type(error).__name__})"


def decoders() -> str:
    """Versions of this program's decoder and of its libraries. If they change, files that failed are tried again."""
    heif = pillow_heif.libheif_version()
    return f"photos {_VERSION}, pillow {version('pillow')}, libheif {heif}, rawpy {version('rawpy')}"
