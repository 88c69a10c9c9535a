"""Decoding of a file's bytes to upright 8-bit RGB at the checkpoint's size, and its facts."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from indexer.metadata import adopt_exif
from store import Facts

from . import jpeg
from .bitmap import read_bitmap, with_whole_header
from .colours import profile_of, rgb, srgb
from .errors import Damaged, DecodeError, Incomplete, Unsupported
from .exif import SIDEWAYS, FileExif, HasExif, exif_of_tiff, orientation, upright
from .facts import read_facts
from .formats import CUT, HEAD, MOST_PIXELS, check_filled, check_pixels, identify, png_without_extras, zeros_before
from .iso_media import check_complete, has_short_header, with_known_brand, without_gain_map
from .miniature import miniature, pack_miniature
from .reasons import error_of
from .thumbnail import thumbnail

if TYPE_CHECKING:
    from indexer.models.protocols import Preprocessor

#: Raised when this program reads files that it refused before.
_VERSION = 3

#: Pixels. A JPEG is decoded at reduced size, a progressive one only after all its coefficients are in memory (6 bytes a
#: pixel). Everything else is decoded whole, up to `MOST_PIXELS`. A WebP file can promise 268 million in 34 bytes, and
#: takes twice the memory a pixel; the largest that are found in libraries have 50.
_MOST_REDUCED = 1_000_000_000
_MOST_WEBP = 80_000_000

#: Pixels of a picture that is decoded under the memory lock if it is decoded whole: at 8 to 20 bytes a pixel, the
#: workers must not decode several of them at once.
_LARGE = 40_000_000
#: Bytes of a RAW or BMP file that is decoded under the memory lock.
_LARGE_FILE = 60_000_000

#: The first chunk of PNG files that Xcode made for iOS.
_APPLE: Final = b"CgBI"

#: Returns the lock that is held while such a picture is decoded.
MemoryLock = Callable[[], AbstractContextManager[object]]

# Pillow's own limit is one number for all formats, and between once and twice that number it only warns. Ours are
# checked from the header, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
# Broken EXIF makes Pillow warn about every tag. (A filter for one call would not be thread-safe.)
warnings.filterwarnings("ignore", module=r"PIL\.")
# The embedded preview is not the photo.
pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """A photo ready for the image encoder: `pixels` uint8 (height, width, 3), its facts, and its miniature, packed.

    `profile` is the ICC profile of the pixels' colours; None for those of the screen (sRGB), and if it is unknown.
    `note` tells what a person should know of the file although it is a photo. `beside` are the pixels for a second
    preprocessing, where one was asked for and can be served. `thumbnail` is a WebP file, if one was asked for and the
    picture was decoded large enough.
    """

    pixels: NDArray[np.uint8]
    facts: Facts
    miniature: bytes
    profile: bytes | None = None
    note: str | None = None
    beside: NDArray[np.uint8] | None = None
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """A file to decode."""

    data: bytes
    picture_format: str
    preprocessing: Preprocessor
    memory_lock: MemoryLock
    #: Whether profiles of other colours than RGB are applied, and JPEG pictures reduced as far as the eye allows.
    is_for_display: bool
    #: A second preprocessing, for which the same decoded picture serves where it is the one that it would get alone.
    beside: Preprocessor | None = None
    with_thumbnail: bool = False

    def least_size(self, width: int, height: int) -> tuple[int, int]:
        """Least size at which a JPEG picture of that size is decoded, both as the file has them."""
        return jpeg.least_size(self.preprocessing, width, height, self.times)

    @property
    def times(self) -> int:
        """Times the wanted pixels each way that a JPEG picture is decoded at."""
        return 1 if self.is_for_display else jpeg.TIMES


def read_photo(
    data: bytes,
    preprocessing: Preprocessor,
    memory_lock: MemoryLock = nullcontext,
    *,
    is_for_display: bool = False,
    beside: Preprocessor | None = None,
    with_thumbnail: bool = False,
) -> DecodedPhoto:
    """Decode the photo in *data*, a whole file. Raises only `DecodeError`, whose class gives the file's outcome.

    With a second preprocessing *beside*, the pixels for both are those that each gets alone. The file is decoded once,
    unless they want a JPEG or a RAW photo at different sizes.

    The lock from *memory_lock* is held while a large picture is decoded. Colour profiles are not applied, as in the
    reference implementation; for display, pictures in CMYK, grey or Lab are converted by theirs. *with_thumbnail* makes
    one of the same pixels, which stay as they are without it.
    """
    picture_format = identify(data[:HEAD])
    task = _Task(data, picture_format, preprocessing, memory_lock, is_for_display, beside, with_thumbnail)
    photo = _decoded(task)
    if beside is None or photo.beside is not None:
        return photo
    with suppress(DecodeError):
        alone = replace(task, preprocessing=beside, beside=None, with_thumbnail=False)
        return replace(photo, beside=_decoded(alone).pixels)
    return photo


def _decoded(task: _Task) -> DecodedPhoto:
    with _named_errors(task.picture_format):
        return _READERS.get(task.picture_format, _read)(task)


def _is_alike(task: _Task, width: int, height: int) -> bool:
    """Return whether a picture of that size is decoded in the same way for both preprocessings of *task*."""
    own, beside = task.preprocessing, task.beside
    if beside is None or own.is_full != beside.is_full:
        return False
    if task.picture_format != "JPEG" or (own.is_full and width * height <= MOST_PIXELS):
        return True
    return jpeg.scale_of(own, width, height) == jpeg.scale_of(beside, width, height)


@contextmanager
def _named_errors(picture_format: str) -> Iterator[None]:
    """Turn every error of a decoder into a `DecodeError`."""
    try:
        yield
    except DecodeError:
        raise
    except MemoryError as error:
        # Not the file's fault, so it is tried again.
        raise DecodeError("there was not enough memory for it; the next pass tries again") from error
    except Exception as error:
        # Decoders raise ValueError, TypeError, SyntaxError and more; they cost one photo.
        raise error_of(error, picture_format) from error


def _read(task: _Task, data: bytes | None = None, *, is_whole: bool = False) -> DecodedPhoto:
    """Decode with Pillow, from *data* in place of the task's if it is given; a JPEG at full size if *is_whole*."""
    content = task.data if data is None else data
    with (
        _named_errors(task.picture_format),
        Image.open(io.BytesIO(content), formats=[task.picture_format]) as image,
    ):
        _check_size(image, task.picture_format, is_whole=is_whole)
        width, height = image.size
        if task.picture_format == "JPEG":
            _reduce(image, task, is_whole=is_whole)
        with task.memory_lock() if _is_large(image, width * height) else nullcontext():
            image.load()
            adopt_exif(image)
            if task.picture_format == "JPEG" and (jpeg.ended_early(image) or zeros_before(content, len(content))):
                jpeg.check_whole(content, task.least_size(width, height))
            if image.info.get("progressive") and task.picture_format == "JPEG":
                jpeg.check_scans(content)
            return _finished(task, image, image, (width, height))


def _finished(task: _Task, image: Image.Image, exif: HasExif, size: tuple[int, int]) -> DecodedPhoto:
    """The photo of a decoded *image*, whose file states *size*, with the facts in *exif*."""
    stored = orientation(exif)
    profile = profile_of(image)
    is_of_rgb = profile is None or profile[16:20] == b"RGB "
    is_alike = _is_alike(task, *size)
    colours = srgb(image, profile) if task.is_for_display and not is_of_rgb else rgb(image)
    picture = upright(colours, stored)
    if task.picture_format != "JPEG":
        # Some plugins turn the picture themselves when they load it.
        size = picture.size
    elif stored in SIDEWAYS:
        size = size[1], size[0]
    pixels = task.preprocessing.pixels(picture, size)
    facts = read_facts(exif, size, task.picture_format, task.data)
    beside = task.beside.pixels(picture, size) if task.beside is not None and is_alike else None
    small = pack_miniature(miniature(picture))
    seen = None
    if task.with_thumbnail:
        shown = picture if is_of_rgb else upright(srgb(image, profile), stored)
        seen = _thumbnail(shown, size, profile if is_of_rgb else None)
    return DecodedPhoto(pixels, facts, small, profile if is_of_rgb else None, beside=beside, thumbnail=seen)


def _thumbnail(picture: Image.Image, size: tuple[int, int], profile: bytes | None) -> bytes | None:
    """The thumbnail of *picture*; None if something goes wrong with it, which is no reason to lose the photo."""
    with suppress(Exception):
        return thumbnail(picture, size, profile)
    return None


def _reduce(image: Image.Image, task: _Task, *, is_whole: bool) -> None:
    """Have the JPEG *image* decoded at reduced size, unless it must be whole.

    One that is too large to be decoded in full is reduced for any preprocessing.
    """
    is_full = task.preprocessing.is_full and image.width * image.height <= MOST_PIXELS
    if not (is_whole or is_full):
        image.draft("RGB" if image.mode == "YCbCr" else image.mode, task.least_size(image.width, image.height))


def _read_png(task: _Task) -> DecodedPhoto:
    if task.data[12:16] == _APPLE:
        raise Unsupported("it is a PNG picture in a form for Apple's programs, which is not read")
    check_filled(task.data, "PNG")
    try:
        return _read(task)
    except Damaged:
        # Perhaps only its texts and profiles are broken, and those are not worth a photo.
        return _read(task, png_without_extras(task.data))


def _read_jpeg(task: _Task) -> DecodedPhoto:
    try:
        return _read(task)
    except (Damaged, Unsupported) as error:
        frame = jpeg.frame(task.data)
        if frame.is_rare:
            check_pixels(frame.width * frame.height, "JPEG", MOST_PIXELS)
            with task.memory_lock() if frame.width * frame.height > _LARGE else nullcontext():
                image = jpeg.decode_rare(task.data)
                return _finished(task, image, FileExif(jpeg.exif(task.data)), image.size)
        if frame.is_lossless:
            return _read(task, is_whole=True)
        for whole in jpeg.mended(task.data, task.least_size):
            try:
                # What is mended depends on the size that is wanted.
                return _read(replace(task, beside=None), whole)
            except Damaged:
                continue
        raise error from None


def _read_bmp(task: _Task) -> DecodedPhoto:
    try:
        return _read(task)
    except (Damaged, Unsupported):
        whole = with_whole_header(task.data)
        if whole is not None:
            return _read(task, whole)
        with task.memory_lock() if len(task.data) > _LARGE_FILE else nullcontext():
            image = read_bitmap(task.data, MOST_PIXELS)
            if image is None:
                raise
            return _finished(task, image, image, image.size)


def _read_iso_media(task: _Task) -> DecodedPhoto:
    check_complete(task.data)
    data = with_known_brand(task.data, task.picture_format)
    try:
        return _read(task, data)
    except (Damaged, Unsupported) as error:
        if has_short_header(data):
            raise Unsupported("it is a picture with a short header (mif3), which is not read") from error
        plain = without_gain_map(data)
        if plain == data:
            raise
        return _read(task, plain)


def _read_webp(task: _Task) -> DecodedPhoto:
    check_filled(task.data, "WEBP")
    return _read(task)


def _read_tiff(task: _Task) -> DecodedPhoto:
    # Loads a library that most folders never need.
    from . import tiff  # noqa: PLC0415

    found = tiff.outline(task.data)
    if found is None or found.is_plain:
        try:
            return _read(task)
        except (Damaged, Unsupported):
            if found is None:
                raise
    elif found.kind is tiff.Kind.RAW:
        return _read_raw(task, found.missing, is_in_strips=found.is_in_strips)
    elif found.kind is tiff.Kind.EITHER:
        try:
            return _read_raw(task, found.missing)
        except (Incomplete, Unsupported):
            if not found.has_picture:
                raise
    with task.memory_lock() if found.pixels > _LARGE else nullcontext():
        image, tags = tiff.read_page(task.data, MOST_PIXELS)
        return _finished(task, image, FileExif(exif_of_tiff(task.data), tags), image.size)


def _wants_alike(own: Preprocessor, other: Preprocessor, size: tuple[int, int]) -> bool:
    """Return whether both want the same of a RAW photo of that size: its preview is chosen and reduced for it."""
    return own.is_full == other.is_full and own.wanted(*size) == other.wanted(*size)


def _read_raw(task: _Task, missing: int = 0, *, is_in_strips: bool = False) -> DecodedPhoto:
    """Decode a RAW photo, of whose file *missing* bytes are known to be missing; see `develop`."""
    zeros = zeros_before(task.data, len(task.data))
    # Sensors give no zeros.
    missing += zeros if zeros > CUT * len(task.data) else 0
    # Loads a library that most folders never need.
    from .raw import develop  # noqa: PLC0415

    with task.memory_lock() if len(task.data) > _LARGE_FILE else nullcontext():
        developed = develop(task.data, task.preprocessing, missing, task.times, is_in_strips=is_in_strips)
    facts = read_facts(developed.exif, (developed.width, developed.height), "RAW", task.data)
    pixels = task.preprocessing.pixels(developed.image, developed.shown)
    small = pack_miniature(miniature(developed.image))
    beside = None
    if task.beside is not None and _wants_alike(task.preprocessing, task.beside, developed.shown):
        beside = task.beside.pixels(developed.image, developed.shown)
    profile = profile_of(developed.image)
    seen = _thumbnail(developed.image, developed.shown, profile) if task.with_thumbnail else None
    return DecodedPhoto(pixels, facts, small, profile, developed.note, beside, seen)


def _check_size(image: Image.Image, picture_format: str, *, is_whole: bool) -> None:
    if picture_format == "JPEG" and not is_whole:
        most = MOST_PIXELS if image.info.get("progressive") else _MOST_REDUCED
    else:
        most = _MOST_WEBP if picture_format == "WEBP" else MOST_PIXELS
    check_pixels(image.width * image.height, picture_format, most)


def _is_large(image: Image.Image, pixels: int) -> bool:
    """Return whether decoding *image*, whose file has that many *pixels*, takes much memory."""
    is_by_rows = image.format in {"JPEG", "MPO"} and not image.info.get("progressive")
    # The size of a JPEG that is reduced is the one that it is decoded at.
    return (image.width * image.height if is_by_rows else pixels) > _LARGE


#: Formats that need more than Pillow.
_READERS: Final[dict[str, Callable[[_Task], DecodedPhoto]]] = {
    "AVIF": _read_iso_media,
    "BMP": _read_bmp,
    "HEIF": _read_iso_media,
    "JPEG": _read_jpeg,
    "PNG": _read_png,
    "RAW": _read_raw,
    "TIFF": _read_tiff,
    "WEBP": _read_webp,
}


def decoders() -> str:
    """Versions of this program's decoder and of its libraries. If they change, files that failed are tried again."""
    heif = pillow_heif.libheif_version()
    others = ", ".join(f"{name} {version(name)}" for name in ("rawpy", "tifffile", "imagecodecs"))
    return f"photos {_VERSION}, pillow {version('pillow')}, libheif {heif}, {others}"
