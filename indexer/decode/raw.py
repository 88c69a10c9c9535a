"""RAW photos through LibRaw: the camera's preview if it is large enough, otherwise half the pixels each way."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import rawpy
from PIL import Image

from . import jpeg
from .errors import Damaged, Incomplete, Unsupported
from .exif import SIDEWAYS, FileExif, exif_of_tiff, orientation, upright
from .formats import MOST_PIXELS, check_pixels, lacking_end
from .iso_media import check_complete

if TYPE_CHECKING:
    from indexer.models.protocols import Preprocessor

#: LibRaw's flips as EXIF orientations.
_ORIENTATIONS = {3: 3, 5: 8, 6: 6}
#: Fujifilm's RAW files: their mark, and where the header tells the parts of the file.
_RAF: Final = b"FUJIFILMCCD-RAW"
_RAF_PARTS: Final = 84
#: The mark of Canon's CRW files, at byte 6.
_CRW: Final = b"HEAPCCDR"


@dataclass(frozen=True, slots=True)
class Developed:
    """A RAW photo: `image` RGB and upright, the full picture's upright size, the file's EXIF, and a note.

    `shown` is the upright size of the picture that `image` is, before it was reduced.
    """

    image: Image.Image
    shown: tuple[int, int]
    width: int
    height: int
    exif: FileExif
    note: str | None = None


def read_exif(data: bytes) -> FileExif:
    """The EXIF of the RAW photo in *data*, or of its preview; empty if there is none."""
    found = exif_of_tiff(data)
    if not len(found):
        try:
            with rawpy.imread(io.BytesIO(data)) as raw:
                found = _exif(data, _preview(raw))
        except rawpy.LibRawError:
            pass
    return FileExif(found)


def develop(
    data: bytes, preprocessing: Preprocessor, missing: int = 0, times: int = jpeg.TIMES, *, is_in_strips: bool = False
) -> Developed:
    """The RAW photo in *data* for *preprocessing*. Raises `Unsupported`, `Damaged` or `TooLarge`.

    If *missing* bytes of the file are known to be missing, its preview serves if that is whole and large enough. So it
    does if the photo *is_in_strips* of JPEG data, of which LibRaw reads the first alone. It is reduced to *times* the
    wanted pixels each way.
    """
    _check_raw_complete(data)
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            return _develop(raw, data, preprocessing, missing, times, is_in_strips=is_in_strips)
    except (rawpy.LibRawFileUnsupportedError, rawpy.LibRawNotImplementedError) as error:
        if missing:
            raise _incomplete(data, missing) from error
        if data[6 : 6 + len(_CRW)] == _CRW:
            # All kinds are read, and what tells them apart is at the end.
            raise Damaged("it is a RAW photo whose data are broken or incomplete") from error
        raise Unsupported("it is a RAW photo of a kind that LibRaw does not read") from error
    except rawpy.LibRawUnsufficientMemoryError as error:
        raise MemoryError from error
    except rawpy.LibRawError as error:
        if missing:
            raise _incomplete(data, missing) from error
        raise Damaged("it is a RAW photo whose data are broken or incomplete") from error


def _incomplete(data: bytes, missing: int) -> Incomplete:
    return lacking_end(missing, len(data) + missing, "it is a RAW photo that")


def _develop(
    raw: rawpy.RawPy, data: bytes, preprocessing: Preprocessor, missing: int, times: int, *, is_in_strips: bool
) -> Developed:
    sizes = raw.sizes
    check_pixels(sizes.raw_width * sizes.raw_height, "RAW", MOST_PIXELS)
    stored = _ORIENTATIONS.get(sizes.flip, 1)
    width, height = (sizes.height, sizes.width) if stored in SIDEWAYS else (sizes.width, sizes.height)
    preview = _preview(raw)
    size = sizes.width, sizes.height
    opened = None if preview is None else _opened(preview, stored, size, preprocessing, times)
    if opened is not None:
        image, shown = opened
    else:
        if missing:
            # LibRaw takes missing bytes for black.
            raise _incomplete(data, missing)
        if is_in_strips:
            raise Unsupported("it is a RAW photo in strips of JPEG data, of a kind that LibRaw does not read")
        # Half the pixels each way need no interpolation, and the encoder takes 8 bits.
        image = Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8))
        if image.getbbox() is None:
            raise Damaged("it is a RAW photo that decodes to nothing but black")
        shown = width, height
    note = "it was read from its preview, since the end of the file is missing" if missing else None
    return Developed(image, shown, width, height, FileExif(_exif(data, preview)), note)


def _exif(data: bytes, preview: bytes | None) -> Image.Exif:
    found = exif_of_tiff(data)
    return jpeg.exif(preview) if not len(found) and preview is not None else found


def _preview(raw: rawpy.RawPy) -> bytes | None:
    """The largest JPEG in the file."""
    try:
        found = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    return found.data if found.format == rawpy.ThumbFormat.JPEG and isinstance(found.data, bytes) else None


def _opened(
    preview: bytes, stored: int, size: tuple[int, int], preprocessing: Preprocessor, times: int
) -> tuple[Image.Image, tuple[int, int]] | None:
    """*preview* upright, and its upright size before it was reduced; None if it is smaller than wanted or broken.

    *stored* is the RAW photo's orientation, and *size* its size as the sensor has it. Most previews are stored so, too.
    """
    wanted = sorted(preprocessing.wanted(*size))
    try:
        with Image.open(io.BytesIO(preview), formats=["JPEG"]) as image:
            whole = image.size
            if any(side < least for side, least in zip(sorted(whole), wanted, strict=True)):
                return None
            own = orientation(image)
            is_turned = (image.width > image.height) != (size[0] > size[1])
            least = jpeg.least_size(preprocessing, *whole, times)
            if not preprocessing.is_full:
                image.draft("RGB", least)
            picture = image.convert("RGB")
            if jpeg.ended_early(picture):
                jpeg.check_whole(preview, least)
    except Exception:  # noqa: BLE001 - decoders raise anything, and the photo itself is still there
        return None
    # LibRaw adds EXIF to a preview without it, even if the camera has turned it already.
    turned = 1 if is_turned else own if own != 1 else stored
    return upright(picture, turned), whole[::-1] if turned in SIDEWAYS else whole


def _check_raw_complete(data: bytes) -> None:
    """Raise `Incomplete` if *data*, a CR3 or RAF file, lacks bytes. Of TIFF files, their pages tell."""
    if data[4:8] == b"ftyp":
        check_complete(data, "it is a RAW photo that")
    if data.startswith(_RAF):
        # Offset and length of the preview, of the tags, and of the sensor's data.
        parts = [int.from_bytes(data[at : at + 4], "big") for at in range(_RAF_PARTS, _RAF_PARTS + 24, 4)]
        missing = max(start + size for start, size in zip(parts[::2], parts[1::2], strict=True)) - len(data)
        if missing > 0:
            raise _incomplete(data, missing)
