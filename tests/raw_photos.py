"""Makes RAW photos: uncompressed DNG files (Adobe DNG 1.4) with known content, with or without a preview."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

_TYPES = {"B": 1, "A": 2, "H": 3, "L": 4, "R": 5, "S": 10}
#: XYZ to linear sRGB (IEC 61966-2-1), the colour matrix of the camera of these files.
MATRIX = (3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572)
_PREVIEW_AT, _RAW_IFD_AT = 8192, 4096


def dng(image: Image.Image, preview: Image.Image | None = None, orientation: int = 1, model: str = "Camera") -> bytes:
    """*image* through a sensor's red, green, green and blue filter; its sides must be even."""
    sensor = _mosaic(np.asarray(image))
    camera = [
        (271, "A", "Test"),
        (272, "A", model),
        (274, "H", [orientation]),
        (306, "A", "2021:02:03 04:05:06"),
        (50706, "B", [1, 4, 0, 0]),
        (50707, "B", [1, 1, 0, 0]),
        (50708, "A", model),
        (50721, "S", [(round(value * 10_000), 10_000) for value in MATRIX]),
        (50728, "R", [(1, 1)] * 3),
        (50778, "H", [21]),
    ]
    out = bytearray(b"II*\0" + struct.pack("<I", 8))
    if preview is None:
        _directory(out, camera + _sensor_tags(sensor, _RAW_IFD_AT))
        _put(out, _RAW_IFD_AT, sensor.tobytes())
        return bytes(out)
    stream = io.BytesIO()
    preview.save(stream, "JPEG", quality=92)
    jpeg = stream.getvalue()
    raw_at = _PREVIEW_AT + len(jpeg) + len(jpeg) % 2
    _directory(out, camera + _preview_tags(preview, len(jpeg)))
    _put(out, _RAW_IFD_AT, b"")
    _directory(out, _sensor_tags(sensor, raw_at))
    _put(out, _PREVIEW_AT, jpeg)
    _put(out, raw_at, sensor.tobytes())
    return bytes(out)


def stamp_of_phase_one() -> bytes:
    """A RAW photo of Phase One whose first page is a stamp of one pixel, and whose sensor's data are missing."""
    out = bytearray(b"II*\0" + struct.pack("<I", 16) + b"IIIICwaR")
    tags = [(256, "L", [1]), (257, "L", [1]), (258, "H", [8] * 3), (259, "H", [1]), (262, "H", [2]), (271, "A", "Leaf")]
    _directory(out, [*tags, (273, "L", [300]), (277, "H", [3]), (278, "L", [1]), (279, "L", [3])])
    _put(out, 300, bytes((255, 0, 0)))
    return bytes(out)


def _mosaic(rgb: np.ndarray) -> np.ndarray:
    linear = ((rgb / 255) ** 2.2 * 60_000 + 1000).astype("<u2")
    sensor = np.empty(rgb.shape[:2], "<u2")
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        sensor[row::2, column::2] = linear[row::2, column::2, channel]
    return sensor


def _sensor_tags(sensor: np.ndarray, at: int) -> list[tuple[int, str, object]]:
    height, width = sensor.shape
    return [
        (254, "L", [0]),
        (256, "L", [width]),
        (257, "L", [height]),
        (258, "H", [16]),
        (259, "H", [1]),
        (262, "H", [32803]),
        (273, "L", [at]),
        (277, "H", [1]),
        (278, "L", [height]),
        (279, "L", [sensor.nbytes]),
        (284, "H", [1]),
        (33421, "H", [2, 2]),
        (33422, "B", [0, 1, 1, 2]),
        (50714, "H", [1000]),
        (50717, "L", [61_000]),
    ]


def _preview_tags(preview: Image.Image, size: int) -> list[tuple[int, str, object]]:
    return [
        (254, "L", [1]),
        (256, "L", [preview.width]),
        (257, "L", [preview.height]),
        (258, "H", [8, 8, 8]),
        (259, "H", [7]),
        (262, "H", [6]),
        (273, "L", [_PREVIEW_AT]),
        (277, "H", [3]),
        (278, "L", [preview.height]),
        (279, "L", [size]),
        (330, "L", [_RAW_IFD_AT]),
    ]


def _directory(out: bytearray, entries: list[tuple[int, str, object]]) -> None:
    """Append an image file directory (TIFF 6.0, section 2) to *out*."""
    after = len(out) + 2 + 12 * len(entries) + 4
    body, extra = b"", b""
    for tag, kind, values in sorted(entries):
        raw, count = _packed(kind, values)
        if len(raw) > 4:
            place = struct.pack("<I", after + len(extra))
            extra += raw + b"\0" * (len(raw) % 2)
            raw = place
        body += struct.pack("<HHI", tag, _TYPES[kind], count) + raw.ljust(4, b"\0")
    out += struct.pack("<H", len(entries)) + body + struct.pack("<I", 0) + extra


def _packed(kind: str, values: object) -> tuple[bytes, int]:
    if kind == "A":
        return values.encode() + b"\0", len(values) + 1
    if kind in "RS":
        return b"".join(struct.pack("<iI" if kind == "S" else "<II", *value) for value in values), len(values)
    return struct.pack(f"<{len(values)}{kind}", *values), len(values)


def _put(out: bytearray, at: int, data: bytes) -> None:
    out += bytes(at - len(out))
    out += data
