"""TIFF files as their pages, through tifffile: the kinds that Pillow refuses or reads wrongly, and RAW photos.

Format: TIFF 6.0, with TIFF/EP (ISO 12234-2) and DNG 1.7 for RAW photos.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .colours import Samples, eight_bits, lab_as_rgb
from .errors import Damaged, TooLarge, Unsupported
from .formats import check_pixels, lacking_end

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

#: Tags: Make, NewSubfileType with its bits for a reduced picture and a mask, SubfileType with its value for a reduced
#: picture, and DNGVersion.
_MAKE, _NEW_SUBFILE, _SUBFILE, _DNG_VERSION, _PROFILE = 271, 254, 255, 50706, 34675
#: Tags that are returned with a page: description, camera, orientation, time, artist and XMP.
_COPIED_TAGS: Final = (270, _MAKE, 272, 274, 306, 315, 700)
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2
#: Marks of a RAW photo at byte 8: Canon's, and Phase One's and Leaf's in either byte order.
_RAW_MARKS: Final = (b"CR", b"IIII", b"MMMM")
#: Values of PhotometricInterpretation.
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _MASKS, _CMYK, _YCBCR, _LAB, _ICC_LAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
_FILTERED, _LINEAR_RAW = 32803, 34892
_GREYS: Final = frozenset({_WHITE_IS_ZERO, _BLACK_IS_ZERO, _MASKS})
#: Values of SampleFormat: whole numbers without a sign, and floating-point ones.
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_PLANAR: Final = 2
#: The value of Compression for JPEG.
_JPEG: Final = 7
#: Words for number formats and colours in a reason.
_KINDS: Final = {_SIGNED: "signed ", _FLOAT: "float ", 5: "complex ", 6: "complex "}
_COLOURS: Final = {_CMYK: "CMYK ", _YCBCR: "YCbCr ", **dict.fromkeys((_LAB, _ICC_LAB, 10), "Lab "), 32845: "LogLuv "}
#: Values of ExtraSamples: alpha that the colours are multiplied by already, and alpha that they are not.
_ASSOCIATED, _UNASSOCIATED = 1, 2
#: Compressions whose decoders return RGB for YCbCr: JPEG, WebP, JPEG XL, and JPEG 2000 in its variants.
_TO_RGB: Final = frozenset({7, 33004, 33005, 34712, 34892, 34933, 34927, 50001, 50002, 52546})
#: Pages that are looked at. Scans and recordings have thousands, and the first few tell.
_PAGES: Final = 32
#: A first page with sides of at most so many pixels, at most this share of the second's and of its shape, is the
#: second's thumbnail, whether marked or not.
_THUMBNAIL, _SHARE, _SHAPE = 320, 0.25, 0.03
_ELSEWHERE: Final = 0xFFFFFFFF
#: Bytes of decoded samples. The decoded page, its 8-bit version and the file are in memory at once.
_MOST_BYTES: Final = 2_000_000_000
#: A camera's file whose pages hold less than this share of its bytes keeps its photo elsewhere.
_LEAST_HELD: Final = 0.25

# It reports every broken tag, and what costs a picture is in the error.
logging.getLogger("tifffile").addHandler(logging.NullHandler())
logging.getLogger("tifffile").propagate = False


class Kind(Enum):
    """A picture; a RAW photo; or a file that is one or the other, which only LibRaw can tell."""

    PICTURE = "picture"
    RAW = "RAW"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Outline:
    """Summary of the tags of a TIFF file."""

    kind: Kind
    #: True for a picture that Pillow reads rightly.
    is_plain: bool
    #: True if it holds more than a thumbnail.
    has_picture: bool
    #: Pixels of its picture.
    pixels: int
    #: Bytes of its pages that lie beyond its end.
    missing: int
    #: True for a RAW photo whose data are several strips of JPEG data.
    is_in_strips: bool = False


def outline(data: bytes) -> Outline | None:
    """The outline of the TIFF file *data*; None if its tags cannot be read."""
    # It takes as long to import as ten photos to decode, and most libraries have no such file.
    from tifffile import TiffFile  # noqa: PLC0415

    try:
        with TiffFile(io.BytesIO(data)) as file:
            pages = list(_pages(file))
            if not pages:
                return None
            page, kind = _best(pages), _kind(data, pages)
            return Outline(
                kind=kind,
                is_plain=kind is Kind.PICTURE and page is pages[0] and _is_plain(page),
                has_picture=not (_is_reduced(page) or _is_small_preview(data, pages)),
                pixels=page.imagewidth * page.imagelength,
                missing=_missing(data, pages),
                is_in_strips=any(map(_is_in_strips, pages)),
            )
    except Exception:  # noqa: BLE001 - a broken directory; the decoders report it
        return (
            Outline(Kind.RAW, is_plain=False, has_picture=False, pixels=0, missing=0) if _is_marked_raw(data) else None
        )


def read_page(data: bytes, most_pixels: int) -> tuple[Image.Image, dict[int, object]]:
    """The picture in the TIFF file *data*, as stored (not turned upright), RGB or RGBA; and its main tags by number.

    Raises `Unsupported`, `Damaged` or `TooLarge`.
    """
    from tifffile import TiffFile, TiffFileError  # noqa: PLC0415 - as above

    try:
        with TiffFile(io.BytesIO(data)) as file:
            pages = list(_pages(file))
            if not pages:
                raise Damaged("it begins as a TIFF picture, but has no page")
            page = _best(pages)
            _check(page, data, most_pixels)
            image = _image(page, _samples(page))
            image.info["icc_profile"] = page.tags.valueof(_PROFILE)
            return image, {tag: page.tags.valueof(tag) for tag in _COPIED_TAGS if tag in page.tags}
    except TiffFileError as error:
        raise Damaged("it begins as a TIFF picture, but its description is broken") from error


def _pages(file: TiffFile) -> Iterator[TiffPage]:
    """The first pages, each followed by those within it."""
    from tifffile import TiffPage  # noqa: PLC0415 - as above

    for at, page in enumerate(file.pages):
        if at == _PAGES:
            return
        if not isinstance(page, TiffPage):
            continue
        yield page
        if page.subifds:
            yield from (each for each in page.pages or () if isinstance(each, TiffPage))


def _kind(data: bytes, pages: Sequence[TiffPage]) -> Kind:
    first = pages[0]
    is_raw = _is_marked_raw(data) or _DNG_VERSION in first.tags
    if is_raw or any(page.photometric in {_FILTERED, _LINEAR_RAW} for page in pages):
        return Kind.RAW
    return Kind.EITHER if _is_reduced(first) or _is_small_preview(data, pages) else Kind.PICTURE


def _is_small_preview(data: bytes, pages: Sequence[TiffPage]) -> bool:
    """Return whether a camera made the file, and its pages are small and hold little of it."""
    first = pages[0]
    held = sum(sum(page.databytecounts) for page in pages)
    is_small = max(first.imagewidth, first.imagelength) <= _THUMBNAIL
    return _MAKE in first.tags and is_small and held < _LEAST_HELD * len(data)


def _is_in_strips(page: TiffPage) -> bool:
    is_of_sensor = page.photometric in {_FILTERED, _LINEAR_RAW} and not _is_reduced(page)
    return is_of_sensor and page.compression == _JPEG and not page.is_tiled and len(page.dataoffsets) > 1


def _is_marked_raw(data: bytes) -> bool:
    return data[8:12].startswith(_RAW_MARKS)


def _best(pages: Sequence[TiffPage]) -> TiffPage:
    """The first page that is no thumbnail of another, and no mask."""
    full = [page for page in pages if not _is_reduced(page)]
    if not full:
        return pages[0]
    if len(full) > 1 and _is_thumbnail_of(full[0], full[1]):
        return full[1]
    return full[0]


def _is_reduced(page: TiffPage) -> bool:
    new, old = page.tags.valueof(_NEW_SUBFILE, 0), page.tags.valueof(_SUBFILE, 0)
    return bool(isinstance(new, int) and new & (_REDUCED | _MASK)) or old == _OLD_REDUCED


def _is_thumbnail_of(one: TiffPage, other: TiffPage) -> bool:
    sides = (one.imagewidth, one.imagelength), (other.imagewidth, other.imagelength)
    if 0 in sides[0] + sides[1] or max(sides[0]) > _THUMBNAIL or max(sides[0]) > _SHARE * max(sides[1]):
        return False
    shapes = [width / height for width, height in sides]
    return abs(shapes[0] / shapes[1] - 1) <= _SHAPE


def _is_plain(page: TiffPage) -> bool:
    """Return whether Pillow reads the page as its tags say. It takes 16 bits of other kinds for something else.

    Of colours that are multiplied by an alpha of 0, it keeps nothing: an alpha that a program left empty needs them.
    """
    if page.sampleformat != _UNSIGNED or page.photometric not in {*range(_CMYK + 1), _YCBCR}:
        return False
    if _ASSOCIATED in page.extrasamples:
        return False
    if page.bitspersample > 8:  # noqa: PLR2004 - bits
        is_known = page.photometric in {_BLACK_IS_ZERO, _RGB, _CMYK}
        return page.bitspersample == 16 and is_known and page.planarconfig != _PLANAR  # noqa: PLR2004 - bits
    return True


def _missing(data: bytes, pages: Sequence[TiffPage]) -> int:
    """Bytes of the pages' pictures that lie beyond the end of *data*."""
    parts = (part for page in pages for part in zip(page.dataoffsets, page.databytecounts, strict=False))
    # Some cameras write the largest number for one that is elsewhere.
    ends = (offset + size for offset, size in parts if _ELSEWHERE not in {offset, size})
    return max(0, max(ends, default=0) - len(data))


def _check(page: TiffPage, data: bytes, most_pixels: int) -> None:
    pixels = page.imagewidth * page.imagelength
    if not pixels:
        raise Damaged("it states no width or height")
    if page.imagedepth != 1:
        raise Unsupported("it is a TIFF file of a volume, not of a picture")
    check_pixels(pixels, "TIFF", most_pixels)
    if page.dtype is None or page.sampleformat not in {_UNSIGNED, _SIGNED, _FLOAT}:
        raise Unsupported(f"it is {_description(page)}, which is not read")
    if pixels * page.samplesperpixel * page.dtype.itemsize > _MOST_BYTES:
        raise TooLarge(f"its samples take {pixels * page.samplesperpixel * page.dtype.itemsize / 1e9:.1f} GB")
    missing = _missing(data, [page])
    if missing:
        raise lacking_end(missing, len(data) + missing)
    if not page.dataoffsets:
        raise Damaged("it begins as a TIFF picture, but the place of its picture is missing")


def _samples(page: TiffPage) -> Samples:
    """The page's samples: (height, width, channels)."""
    try:
        array = page.asarray(squeeze=False, maxworkers=1)
    except MemoryError:
        raise
    except (NotImplementedError, KeyError) as error:
        raise Unsupported(f"it is {_description(page)}, which is not read") from error
    except Exception as error:
        # Its decoders raise errors of their own, one class each.
        if _is_unsupported(error):
            raise Unsupported(f"it is {_description(page)}, which is not read") from error
        raise Damaged(f"it is {_description(page)} whose data are broken") from error
    # Planes, depth, height, width, channels: either the planes or the channels are one.
    planes = array[:, 0]
    return planes[0] if len(planes) == 1 else np.moveaxis(planes[..., 0], 0, -1)


def _is_unsupported(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, ValueError) and any(word in text for word in ("not supported", "requires", "unsupported"))


def _description(page: TiffPage) -> str:
    """The page as people call it, such as "a float TIFF picture (LZW)"."""
    compression = getattr(page.compression, "name", str(page.compression))
    stored = "" if compression == "NONE" else f", {compression}"
    kind, colours = _KINDS.get(page.sampleformat, ""), _COLOURS.get(page.photometric, "")
    return f"a {kind}{colours}TIFF picture ({page.bitspersample} bits{stored})"


def _image(page: TiffPage, samples: Samples) -> Image.Image:
    """The samples as a picture, by what the page says they mean."""
    means, count = page.photometric, samples.shape[-1]
    is_converted = page.compression in _TO_RGB
    if means == _PALETTE and page.colormap is not None and count == 1 and samples.dtype.kind == "u":
        return Image.fromarray(_of_palette(page, samples[..., 0]))
    if means in {_LAB, _ICC_LAB} and count >= 3:  # noqa: PLR2004 - L, a and b
        return _with_alpha(page, lab_as_rgb(_lab(page, samples[..., :3], is_offset=means == _ICC_LAB)), samples)
    stored = eight_bits(samples, page.bitspersample)
    if means in _GREYS:
        return _grey(page, stored)
    if means == _CMYK and count >= 4:  # noqa: PLR2004 - inks
        return Image.fromarray(np.ascontiguousarray(stored[..., :4]), "CMYK").convert("RGB")
    if means == _YCBCR and count == 3 and not is_converted:  # noqa: PLR2004 - Y, Cb and Cr
        return Image.fromarray(np.ascontiguousarray(stored), "YCbCr").convert("RGB")
    if (means == _RGB or (means == _YCBCR and is_converted)) and count >= 3:  # noqa: PLR2004 - colours
        return _coloured(page, stored)
    raise Unsupported(f"it is {_description(page)} of {count} channels, which is not read")


def _with_alpha(page: TiffPage, image: Image.Image, samples: Samples) -> Image.Image:
    """*image* with the transparency that follows its three channels."""
    alpha = _alpha(page, 3)
    if alpha is not None:
        image.putalpha(Image.fromarray(eight_bits(samples[..., alpha], page.bitspersample)))
    return image


def _grey(page: TiffPage, stored: NDArray[np.uint8]) -> Image.Image:
    alpha = _alpha(page, 1)
    if stored.shape[-1] > 2:  # noqa: PLR2004 - grey and transparency
        raise Unsupported(f"it is {_description(page)} of {stored.shape[-1]} channels, which is not read")
    grey = stored[..., 0]
    if page.photometric == _WHITE_IS_ZERO:
        grey = 255 - grey
    if alpha is None:
        return Image.fromarray(np.ascontiguousarray(grey)).convert("RGB")
    return Image.fromarray(np.stack([grey, stored[..., alpha]], -1), "LA").convert("RGBA")


def _coloured(page: TiffPage, stored: NDArray[np.uint8]) -> Image.Image:
    alpha = _alpha(page, 3)
    if alpha is None:
        return Image.fromarray(np.ascontiguousarray(stored[..., :3]))
    layer = np.ascontiguousarray(stored[..., [0, 1, 2, alpha]])
    if page.extrasamples[alpha - 3] == _ASSOCIATED and layer[..., 3].any():
        return Image.frombytes("RGBa", (layer.shape[1], layer.shape[0]), layer.tobytes()).convert("RGBA")
    return Image.fromarray(layer)


def _alpha(page: TiffPage, colours: int) -> int | None:
    """The channel of the transparency behind so many *colours*."""
    kinds = (_ASSOCIATED, _UNASSOCIATED)
    return next((colours + at for at, kind in enumerate(page.extrasamples) if kind in kinds), None)


def _of_palette(page: TiffPage, stored: Samples) -> NDArray[np.uint8]:
    assert page.colormap is not None
    colours = np.asarray(page.colormap, np.uint32).T
    # Old programs wrote 8-bit colours into 16 bits.
    eight = colours if colours.max(initial=0) < 256 else np.rint(colours / 257)  # noqa: PLR2004 - 16 bits over 8
    return eight.astype(np.uint8)[np.minimum(stored, len(eight) - 1)]


def _lab(page: TiffPage, samples: Samples, *, is_offset: bool) -> NDArray[np.uint8]:
    """8-bit L, a and b with 128 as 0. Without an offset, a and b are stored with a sign."""
    if samples.dtype.kind == "f":
        scaled = samples.astype(np.float64) * (2.55, 1, 1) + (0, 128, 128)
        return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
    if samples.dtype.itemsize > 1:
        # Of 16 bits, the upper 8 are the 8-bit value, for L and for a and b.
        samples = samples.view(samples.dtype.str.replace("i", "u")) >> (page.bitspersample - 8)
    eight = samples.astype(np.uint8)
    if not is_offset:
        eight[..., 1:] ^= 0x80
    return eight
