"""From a file's bytes to upright 8-bit RGB at the checkpoint's size."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from store import Facts

from .boxes import check_whole
from .errors import Damaged, DecodeError, TooLarge
from .facts import orientation, read_facts
from .formats import HEAD, identify
from .png import without_extras
from .tiff import is_raw
from .turning import TURNED, upright

#: Pillow's plugins that may look at a file of that format; no other is ever tried.
_PLUGINS = {"JPEG": ["JPEG", "MPO"], **{name: [name] for name in ("PNG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF", "BMP")}}

#: Pixels. A JPEG is decoded at reduced size, a progressive one only after all its coefficients are in memory (6 bytes a
#: pixel). Everything else is decoded whole: the largest cameras make 151 megapixels. A WebP file can promise 268 in 34
#: bytes, and takes twice the memory a pixel; the largest that are found in libraries have 50.
_MOST_REDUCED = 1_000_000_000
_MOST_PROGRESSIVE = 200_000_000
_MOST_WHOLE = 155_000_000
_MOST_WEBP = 80_000_000

#: Pixels from which pictures that are decoded whole take turns: at 8 to 20 bytes a pixel, the memory that one of them
#: takes must not be taken once for each worker.
_TAKES_TURNS = 40_000_000
#: The same for RAW photos, by the bytes of their files.
_TAKES_TURNS_RAW = 60_000_000

#: Gives what is held during such a turn.
Turn = Callable[[], AbstractContextManager[object]]

#: What shows through where a picture is transparent: most such pictures were made for white pages.
_BACKGROUND = (255, 255, 255)

# Pillow's own limit is one number for all formats, and between once and twice that number it only warns. Ours are
# checked from the header, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
# Broken EXIF makes Pillow warn, tag by tag; what comes of it is in the facts. (A filter for one call would not be
# safe among threads.)
warnings.filterwarnings("ignore", module=r"PIL\.")
# The embedded preview is not the photo.
pillow_heif.register_heif_opener(thumbnails=False)


class Squarer(Protocol):
    """What makes a checkpoint's square of pixels; `size` is its side."""

    @property
    def size(self) -> int:
        """Pixels a side."""
        ...

    def square(self, image: Image.Image) -> NDArray[np.uint8]:
        """*image*, RGB, as uint8 (size, size, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """A photo ready for the embedder: `pixels` uint8 (size, size, 3), and its facts."""

    pixels: NDArray[np.uint8]
    facts: Facts


def read_photo(data: bytes, preprocessing: Squarer, turn: Turn = nullcontext) -> DecodedPhoto:
    """The photo in *data*, a whole file. Raises `DecodeError` and nothing else: the kind says how the file ends.

    What *turn* gives is held while a picture is decoded that takes much memory.
    """
    picture_format = identify(data[:HEAD])
    if picture_format in {"HEIF", "AVIF"}:
        check_whole(data)
    if picture_format == "RAW" or (picture_format == "TIFF" and is_raw(data)):
        return _read_raw(data, preprocessing, turn)
    try:
        return _read(data, picture_format, preprocessing, turn)
    except Damaged:
        if picture_format != "PNG":
            raise
        # It may be its texts and profiles alone that are broken, and those are not worth a photo.
        return _read(without_extras(data), picture_format, preprocessing, turn)


def _read(data: bytes, picture_format: str, preprocessing: Squarer, turn: Turn) -> DecodedPhoto:
    try:
        with Image.open(io.BytesIO(data), formats=_PLUGINS[picture_format]) as image:
            return _decode(image, picture_format, preprocessing, turn)
    except DecodeError:
        raise
    except UnidentifiedImageError as error:
        raise Damaged(f"it begins as a {picture_format} picture, but is none that can be read") from error
    except MemoryError as error:
        # Not the file's fault, so not for ever.
        raise DecodeError("there was not enough memory for it; the next pass tries again") from error
    except Exception as error:
        # Decoders raise ValueError, TypeError, SyntaxError and more; and it is one photo.
        raise Damaged(_reason(error)) from error


def _decode(image: Image.Image, picture_format: str, preprocessing: Squarer, turn: Turn) -> DecodedPhoto:
    width, height = image.size
    _check_size(image, picture_format)
    if picture_format == "JPEG":
        # No less than twice the side that is wanted, so that the last step still averages over enough pixels.
        image.draft("RGB" if image.mode == "YCbCr" else image.mode, (2 * preprocessing.size, 2 * preprocessing.size))
    with turn() if _is_large(image, width * height) else nullcontext():
        image.load()
        turned = orientation(image)
        picture = upright(_rgb(image), turned)
        pixels = preprocessing.square(picture)
    if picture_format != "JPEG":
        # Some plugins turn the picture themselves when they load it.
        width, height = picture.size
    elif turned in TURNED:
        width, height = height, width
    return DecodedPhoto(pixels, read_facts(image, (width, height), picture_format))


def _read_raw(data: bytes, preprocessing: Squarer, turn: Turn) -> DecodedPhoto:
    # It loads a library that most folders never need.
    from .raw import develop  # noqa: PLC0415

    try:
        with turn() if len(data) > _TAKES_TURNS_RAW else nullcontext():
            developed = develop(data, preprocessing.size)
    except MemoryError as error:
        raise DecodeError("there was not enough memory for it; the next pass tries again") from error
    facts = read_facts(developed.exif, (developed.width, developed.height), "RAW")
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
    """Whether decoding *image*, whose file has that many pixels, takes much memory."""
    is_reduced = image.format in {"JPEG", "MPO"} and not image.info.get("progressive")
    return not is_reduced and pixels > _TAKES_TURNS


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
    """16-bit, 32-bit and floating-point grey as 8-bit: by the range that the numbers are made for."""
    # In place, because these are the pictures of the most bytes a pixel.
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
    said = " ".join(str(error).split())
    text = "".join(mark for mark in said if mark.isprintable())[:200]
    return f"it cannot be decoded ({text or type(error).__name__})"
