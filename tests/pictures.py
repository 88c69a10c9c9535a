"""Makes picture files of every supported format, whole and broken."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageCms

FORMATS = {
    "jpg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "bmp": "BMP",
    "tif": "TIFF",
    "avif": "AVIF",
    "heic": "HEIF",
}


def scene(width: int = 96, height: int = 64, seed: int = 0) -> Image.Image:
    """A smooth picture with different corners, so that a rotation is visible."""
    random = np.random.default_rng(seed)
    corners = random.integers(0, 255, (2, 2, 3), np.uint8)
    corners[0, 0] = (250, 20, 20)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, ending: str = "jpg", **options: object) -> bytes:
    """*image* as a file's bytes."""
    stream = io.BytesIO()
    if ending == "heic":
        pillow_heif.from_pillow(image).save(stream, quality=90)
    else:
        image.save(stream, FORMATS[ending], **options)
    return stream.getvalue()


def write(path: Path, seed: int = 0, **options: object) -> Path:
    """Write a picture file in the format of its ending; *seed* sets its content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(scene(seed=seed), path.suffix[1:], **options))
    return path


def turned(image: Image.Image, orientation: int, ending: str = "jpg") -> bytes:
    """A file that stores *image* turned, with the EXIF orientation that corrects it."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = image.transpose(back[orientation]) if orientation in back else image
    options = {"quality": 98, "subsampling": 0} if ending == "jpg" else {}
    return encoded(stored, ending, exif=exif, **options)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One part of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb_webp(width: int, height: int) -> bytes:
    """A WebP of 34 bytes whose header promises *width* by *height* pixels."""
    bits = (width - 1) | (height - 1) << 14
    lossless = b"VP8L" + struct.pack("<I", 14) + b"\x2f" + struct.pack("<I", bits) + b"\0" * 9
    return b"RIFF" + struct.pack("<I", 4 + len(lossless)) + b"WEBP" + lossless


def bomb_png(width: int, height: int) -> bytes:
    """A PNG of few bytes whose header promises *width* by *height* pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + png_chunk(b"IEND", b"")
    )


def swapped_profile() -> bytes:
    """An ICC profile in which red is stored as green, green as blue, and blue as red: no viewer can overlook it."""
    whole = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tags = {whole[at : at + 4]: at for at in range(132, 132 + 12 * int.from_bytes(whole[128:132], "big"), 12)}
    places = [whole[tags[name] + 4 : tags[name] + 12] for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    swapped = bytearray(whole)
    # Red's place is told for the first channel's; each channel gets its neighbour's.
    for name, place in zip((b"rXYZ", b"gXYZ", b"bXYZ"), (places[1], places[2], places[0]), strict=True):
        swapped[tags[name] + 4 : tags[name] + 12] = place
    return bytes(swapped)


def exif_with(**facts: object) -> Image.Exif:
    """EXIF with the main tags named, the camera's under `camera`, the place's under `place`."""
    exif = Image.Exif()
    for name, value in facts.items():
        if name == "camera":
            exif.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base[key]: item for key, item in value.items()})
        elif name == "place":
            exif.get_ifd(ExifTags.IFD.GPSInfo).update({ExifTags.GPS[key]: item for key, item in value.items()})
        else:
            exif[ExifTags.Base[name]] = value
    return exif
