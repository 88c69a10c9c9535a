"""BMP files of the kinds that Pillow refuses: colours in fields of any width, and short headers of OS/2.

Format: BITMAPINFOHEADER and its later versions (Microsoft, "Bitmap Storage"), BITMAPINFOHEADER2 of OS/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .errors import Damaged, Incomplete, Unsupported
from .formats import check_pixels, lacking_end

_FILE_HEADER: Final = 14
#: Bytes of the common header, and of the first version that holds a mask for transparency too.
_INFO, _WITH_ALPHA = 40, 56
#: Values of the compression: colours in fields, with and without transparency; whole JPEG and PNG files.
_FIELDS, _ALPHA_FIELDS, _JPEG, _PNG = 3, 6, 4, 5
#: Rows that are converted at once.
_BAND: Final = 512
_DEPTHS: Final = frozenset({16, 32})


@dataclass(frozen=True, slots=True)
class _Header:
    """The fields of a BMP header; `pixels_at` is where the rows begin."""

    size: int
    pixels_at: int
    width: int
    height: int
    bits: int
    compression: int


def read_bitmap(data: bytes, most_pixels: int) -> Image.Image | None:
    """The picture in the BMP file *data*, RGB or RGBA, if its colours are in fields; None for other kinds.

    Raises `Unsupported`, `Damaged` or `TooLarge`.
    """
    header = _header(data)
    if header.compression in {_JPEG, _PNG}:
        raise Unsupported("it is a BMP file around a JPEG or PNG picture")
    if header.compression not in {_FIELDS, _ALPHA_FIELDS} or header.bits not in _DEPTHS or header.size < _INFO:
        return None
    if header.width <= 0 or header.height == 0:
        raise Damaged("it states no width or height")
    check_pixels(header.width * abs(header.height), "BMP", most_pixels)
    return _of_fields(header, data)


def with_whole_header(data: bytes) -> bytes | None:
    """The BMP file *data* with the header of OS/2, which may end after any field, filled up; None for other headers."""
    header = _header(data)
    if not 16 <= header.size < _INFO:  # noqa: PLR2004 - the shortest
        return None
    added = _INFO - header.size
    stored = data[_FILE_HEADER + 4 : _FILE_HEADER + header.size]
    at = (header.pixels_at + added).to_bytes(4, "little")
    info = _INFO.to_bytes(4, "little") + stored + bytes(added)
    return data[:10] + at + info + data[_FILE_HEADER + header.size :]


def _header(data: bytes) -> _Header:
    if len(data) < _FILE_HEADER + 16:
        raise Incomplete("it is incomplete: it ends within its header")

    def number(at: int, size: int = 4, *, signed: bool = False) -> int:
        return int.from_bytes(data[at : at + size], "little", signed=signed)

    size = number(14)
    compression = number(30) if size >= 20 else 0  # noqa: PLR2004 - a header that has this field
    return _Header(size, number(10), number(18, signed=True), number(22, signed=True), number(28, 2), compression)


def _of_fields(header: _Header, data: bytes) -> Image.Image:
    stride = (header.width * header.bits + 31) // 32 * 4
    end = header.pixels_at + stride * abs(header.height)
    if end > len(data):
        raise lacking_end(end - len(data), end)
    rows = np.frombuffer(data, np.uint8, stride * abs(header.height), header.pixels_at).reshape(-1, stride)
    words = rows.view(f"<u{header.bits // 8}")[:, : header.width]
    has_alpha = header.size >= _WITH_ALPHA or header.compression == _ALPHA_FIELDS
    # In the short header's file, the masks follow it.
    masks = np.frombuffer(data, "<u4", 4 if has_alpha else 3, _FILE_HEADER + _INFO)
    picture = np.empty((*words.shape, len(masks)), np.uint8)
    for start in range(0, len(words), _BAND):
        for channel, mask in enumerate(masks):
            picture[start : start + _BAND, :, channel] = _field(words[start : start + _BAND], int(mask))
    # The lowest row comes first, unless the height is negative.
    return Image.fromarray(np.ascontiguousarray(picture[::-1] if header.height > 0 else picture))


def _field(words: NDArray[np.unsignedinteger], mask: int) -> NDArray[np.uint8]:
    """The bits of *mask*, from 0 to 255."""
    if not mask:
        return np.zeros(words.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    most = mask >> shift
    fitting = mask & (2 ** (8 * words.dtype.itemsize) - 1)
    values: NDArray[np.float64] = ((words & fitting) >> shift) * (255 / most)
    return np.rint(values).astype(np.uint8)
