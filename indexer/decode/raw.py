"""RAW photos, through LibRaw: the preview that the camera made, where it is large enough, or else half the pixels."""

from __future__ import annotations

import io
from dataclasses import dataclass

import rawpy
from PIL import Image

from .errors import Damaged, TooLarge, Unsupported
from .facts import orientation
from .turning import TURNED, upright

#: Pixels. The largest cameras make 151 million.
_MOST = 155_000_000
#: LibRaw's flips as EXIF orientations.
_TURNS = {3: 3, 5: 8, 6: 6}
#: Beginnings of files that are TIFF but for these four bytes.
_ALMOST_TIFF = (b"IIRO", b"IIRS", b"IIU\0")


@dataclass(frozen=True, slots=True)
class Developed:
    """A RAW photo: `image` RGB and upright, the full picture's upright size, and the file's EXIF."""

    image: Image.Image
    width: int
    height: int
    exif: Exif


class Exif:
    """EXIF of a file that Pillow does not open as a picture, where a picture's is asked for."""

    def __init__(self, data: bytes, preview: bytes | None) -> None:
        self._found = _load(data)
        if not len(self._found) and preview is not None:
            with Image.open(io.BytesIO(preview), formats=["JPEG", "MPO"]) as image:
                self._found = image.getexif()

    def getexif(self) -> Image.Exif:
        """The tags."""
        return self._found


def develop(data: bytes, side: int) -> Developed:
    """The RAW photo in *data* for a square of *side* pixels. Raises `Unsupported`, `Damaged` or `TooLarge`."""
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            return _develop(raw, data, side)
    except rawpy.LibRawFileUnsupportedError as error:
        raise Unsupported("it is a RAW photo of a kind that LibRaw does not read") from error
    except rawpy.LibRawError as error:
        raise Damaged(f"it is a RAW photo that cannot be decoded ({_said(error)})") from error


def _develop(raw: rawpy.RawPy, data: bytes, side: int) -> Developed:
    sizes = raw.sizes
    if sizes.raw_width * sizes.raw_height > _MOST:
        megapixels = sizes.raw_width * sizes.raw_height / 1e6
        raise TooLarge(f"it has {megapixels:.0f} megapixels, and RAW is read up to {_MOST / 1e6:.0f}")
    turn = _TURNS.get(sizes.flip, 1)
    width, height = (sizes.height, sizes.width) if turn in TURNED else (sizes.width, sizes.height)
    preview = _preview(raw)
    image = None if preview is None else _seen(preview, turn, sizes.width > sizes.height, side)
    if image is None:
        # Half the pixels each way need no interpolation, and 8 bits are all that the embedder takes.
        image = Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8))
    return Developed(image, width, height, Exif(data, preview))


def _preview(raw: rawpy.RawPy) -> bytes | None:
    """The largest JPEG that the camera put into the file."""
    try:
        found = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    return found.data if found.format == rawpy.ThumbFormat.JPEG and isinstance(found.data, bytes) else None


def _seen(preview: bytes, turn: int, is_wide: bool, side: int) -> Image.Image | None:
    """*preview* upright, unless it is smaller than *side* or broken. Most cameras store it as the sensor lies."""
    try:
        with Image.open(io.BytesIO(preview), formats=["JPEG", "MPO"]) as image:
            if min(image.size) < side:
                return None
            own = orientation(image)
            is_stored_turned = (image.width > image.height) != is_wide
            image.draft("RGB", (2 * side, 2 * side))
            seen = image.convert("RGB")
    except Exception:  # noqa: BLE001 - decoders raise what they like, and the photo itself is still there
        return None
    # LibRaw gives a preview without EXIF one of its own, even where the camera has turned it already.
    return seen if is_stored_turned else upright(seen, own if own != 1 else turn)


def _load(data: bytes) -> Image.Exif:
    exif = Image.Exif()
    header = b"II*\0" + data[4:] if data[:4] in _ALMOST_TIFF else data
    if header[:4] in {b"II*\0", b"MM\0*"}:
        try:
            exif.load(header)
        except Exception:  # noqa: BLE001 - as everywhere with EXIF: it costs the facts alone
            return Image.Exif()
    return exif


def _said(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
