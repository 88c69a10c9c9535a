"""From a file's bytes to upright 8-bit RGB at the checkpoint's size."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from store import Facts

from .boxes import check_whole
from .errors import Damaged, DecodeError, TooLarge, Unsupported
from .facts import orientation, read_facts
from .formats import HEAD, identify

#: Pillow's plugins that may look at a file of that format; no other is ever tried.
_PLUGINS = {"JPEG": ["JPEG", "MPO"], **{name: [name] for name in ("PNG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF", "BMP")}}

#: Pixels. A JPEG is decoded at reduced size, a progressive one only after all its coefficients are in memory (6 bytes a
#: pixel); everything else is decoded whole, at up to 7 bytes a pixel in all.
_MOST_REDUCED = 1_000_000_000
_MOST_PROGRESSIVE = 200_000_000
_MOST_WHOLE = 120_000_000

#: What shows through where a picture is transparent: most such pictures were made for white pages.
_BACKGROUND = (255, 255, 255)

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = frozenset({5, 6, 7, 8})

#: TIFF tags of camera files, whose first picture is a postage stamp: DNGVersion; and NewSubfileType with its bit for
#: "a reduced picture".
_DNG_VERSION, _SUBFILE_TYPE, _REDUCED = 50706, 254, 1
_CR2 = b"CR\x02"

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


def read_photo(data: bytes, preprocessing: Squarer) -> DecodedPhoto:
    """The photo in *data*, a whole file. Raises `Unsupported`, `Damaged` or `TooLarge`, and nothing else."""
    picture_format = identify(data[:HEAD])
    try:
        if picture_format in {"HEIF", "AVIF"}:
            check_whole(data)
        with Image.open(io.BytesIO(data), formats=_PLUGINS[picture_format]) as image:
            return _decode(image, data, picture_format, preprocessing)
    except DecodeError:
        raise
    except UnidentifiedImageError as error:
        raise Damaged(f"it begins like a {picture_format} picture and cannot be read") from error
    except MemoryError as error:
        raise TooLarge("there is not enough memory for it") from error
    except Exception as error:
        # Decoders raise ValueError, TypeError, SyntaxError and more; and it is one photo.
        raise Damaged(_reason(error)) from error


def _decode(image: Image.Image, data: bytes, picture_format: str, preprocessing: Squarer) -> DecodedPhoto:
    if picture_format == "TIFF":
        _refuse_raw(image, data)
    width, height = image.size
    _check_size(image, picture_format)
    if picture_format == "JPEG":
        # No less than twice the side that is wanted, so that the last step still averages over enough pixels.
        image.draft("RGB" if image.mode == "YCbCr" else image.mode, (2 * preprocessing.size, 2 * preprocessing.size))
    image.load()
    turn = orientation(image)
    upright = _rgb(image)
    if turn in _UPRIGHT:
        upright = upright.transpose(_UPRIGHT[turn])
    if picture_format != "JPEG":
        # Some plugins turn the picture themselves when they load it.
        width, height = upright.size
    elif turn in _TURNED:
        width, height = height, width
    return DecodedPhoto(preprocessing.square(upright), read_facts(image, (width, height), picture_format))


def _refuse_raw(image: Image.Image, data: bytes) -> None:
    tags = getattr(image, "tag_v2", {})
    if data[8:11] == _CR2 or _DNG_VERSION in tags or int(tags.get(_SUBFILE_TYPE, 0)) & _REDUCED:
        raise Unsupported("it is a RAW photo, which comes in a later version")


def _check_size(image: Image.Image, picture_format: str) -> None:
    pixels = image.width * image.height
    if picture_format == "JPEG":
        most = _MOST_PROGRESSIVE if image.info.get("progressive") else _MOST_REDUCED
    else:
        most = _MOST_WHOLE
    if pixels > most:
        raise TooLarge(f"it has {pixels / 1e6:.0f} megapixels, and {picture_format} is read up to {most / 1e6:.0f}")


def _rgb(image: Image.Image) -> Image.Image:
    """*image* as 8-bit RGB; transparent parts show the background."""
    if image.mode == "RGB":
        return image
    if image.mode.startswith(("I", "F")):
        return _from_deep(image)
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        page = Image.new("RGBA", layer.size, (*_BACKGROUND, 255))
        return Image.alpha_composite(page, layer).convert("RGB")
    return image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating-point grey as 8-bit: by the range that the numbers are made for."""
    values = np.nan_to_num(np.asarray(image, np.float32), posinf=0, neginf=0)
    highest = float(values.max(initial=0))
    if image.mode == "F":
        full = 1.0 if highest <= 1 else 255.0 if highest <= 255 else 65535.0 if highest <= 65535 else highest  # noqa: PLR2004 - the ranges in use
    else:
        full = 65535.0 if image.mode.startswith("I;16") or highest <= 65535 else 4294967295.0  # noqa: PLR2004 - 16 and 32 bits
    grey = (values * (255 / full)).clip(0, 255).round().astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _reason(error: Exception) -> str:
    said = " ".join(str(error).split())
    text = "".join(mark for mark in said if mark.isprintable())[:200]
    return f"it cannot be decoded ({text or type(error).__name__})"
