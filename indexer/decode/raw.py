"""RAW photos through LibRaw: the camera's preview if it is large enough, otherwise half the pixels each way."""

from __future__ import annotations

import io
from dataclasses import dataclass

import rawpy
from PIL import Image

from .errors import Damaged, TooLarge, Unsupported
from .orientation import SIDEWAYS, orientation, upright

#: Pixels. The largest cameras make 151 million.
_MOST = 155_000_000
#: LibRaw's flips as EXIF orientations.
_ORIENTATIONS = {3: 3, 5: 8, 6: 6}
#: Signatures of files that are TIFF except for these four bytes.
_ALMOST_TIFF = (b"IIRO", b"IIRS", b"IIU\0")


@dataclass(frozen=True, slots=True)
class Developed:
    """A RAW photo: `image` RGB and upright, the full picture's upright size, and the file's EXIF."""

    image: Image.Image
    width: int
    height: int
    exif: Exif


class Exif:
    """EXIF of a file that Pillow does not open as a picture, with the method of a picture."""

    def __init__(self, data: bytes, preview: bytes | None) -> None:
        self._found = _load(data)
        if not len(self._found) and preview is not None:
            with Image.open(io.BytesIO(preview), formats=["JPEG", "MPO"]) as image:
                self._found = image.getexif()

    def getexif(self) -> Image.Exif:
        """The tags."""
        return self._found


def read_exif(data: bytes) -> Exif:
    """The EXIF of the RAW photo in *data*, also of its preview; empty if there is none."""
    exif = Exif(data, None)
    if not len(exif.getexif()):
        try:
            with rawpy.imread(io.BytesIO(data)) as raw:
                return Exif(data, _preview(raw))
        except rawpy.LibRawError:
            return exif
    return exif


def develop(data: bytes, side: int) -> Developed:
    """The RAW photo in *data* for a square of *side* pixels. Raises `Unsupported`, `Damaged` or `TooLarge`."""
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            return _develop(raw, data, side)
    except rawpy.LibRawFileUnsupportedError as error:
        raise Unsupported("it is a RAW photo of a kind that LibRaw does not read") from error
    except rawpy.LibRawError as error:
        raise Damaged(f"it is a RAW photo that cannot be decoded ({_message(error)})") from error


def _develop(raw: rawpy.RawPy, data: bytes, side: int) -> Developed:
    sizes = raw.sizes
    if sizes.raw_width * sizes.raw_height > _MOST:
        megapixels = sizes.raw_width * sizes.raw_height / 1e6
        raise TooLarge(f"it has {megapixels:.0f} megapixels, and RAW is read up to {_MOST / 1e6:.0f}")
    stored = _ORIENTATIONS.get(sizes.flip, 1)
    width, height = (sizes.height, sizes.width) if stored in SIDEWAYS else (sizes.width, sizes.height)
    preview = _preview(raw)
    image = None if preview is None else _opened(preview, stored, sizes.width > sizes.height, side)
    if image is None:
        # Half the pixels each way need no interpolation, and the encoder takes 8 bits.
        image = Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8))
    return Developed(image, width, height, Exif(data, preview))


def _preview(raw: rawpy.RawPy) -> bytes | None:
    """The largest JPEG in the file."""
    try:
        found = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    return found.data if found.format == rawpy.ThumbFormat.JPEG and isinstance(found.data, bytes) else None


def _opened(preview: bytes, stored: int, is_wide: bool, side: int) -> Image.Image | None:
    """*preview* upright; None if it is smaller than *side* or broken. *stored* is the RAW photo's orientation.

    Most cameras store the preview in the sensor's orientation.
    """
    try:
        with Image.open(io.BytesIO(preview), formats=["JPEG", "MPO"]) as image:
            if min(image.size) < side:
                return None
            own = orientation(image)
            is_turned = (image.width > image.height) != is_wide
            image.draft("RGB", (2 * side, 2 * side))
            picture = image.convert("RGB")
    except Exception:  # noqa: BLE001 - decoders raise anything, and the photo itself is still there
        return None
    # LibRaw adds EXIF to a preview without it, even if the camera has turned it already.
    return picture if is_turned else upright(picture, own if own != 1 else stored)


def _load(data: bytes) -> Image.Exif:
    exif = Image.Exif()
    header = b"II*\0" + data[4:] if data[:4] in _ALMOST_TIFF else data
    if header[:4] in {b"II*\0", b"MM\0*"}:
        try:
            exif.load(header)
        except Exception:  # noqa: BLE001 - broken EXIF costs the facts alone
            return Image.Exif()
    return exif


def _message(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
