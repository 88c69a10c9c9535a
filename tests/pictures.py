"""Makes picture files of every supported format, whole and broken."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageDraw

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


def detailed(seed: int = 0, width: int = 320, height: int = 240) -> Image.Image:
    """A picture with details everywhere, as photographs have; another *seed* makes another picture."""
    random = np.random.default_rng(seed)
    image = Image.fromarray(random.integers(40, 215, (3, 4, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(image)
    for _ in range(30):
        x, y = random.uniform(0, width), random.uniform(0, height)
        across, down = random.uniform(0.03, 0.15, 2) * width
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        shape((x, y, x + across, y + down), fill=tuple(random.integers(0, 255, 3).tolist()))
    return image


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
    red, green, blue = _places(_srgb_profile()).values()
    # Red's place is told for the first channel's; each channel gets its neighbour's.
    return _profile_with(green, blue, red)


def p3_profile() -> bytes:
    """A profile with the primaries of Display P3, which telephones use."""
    return _profile_of((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))


def adobe_profile() -> bytes:
    """A profile with the primaries of Adobe RGB (1998), which cameras offer."""
    return _profile_of((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def _profile_of(*primaries: tuple[float, float, float]) -> bytes:
    # An XYZ value of ICC: its kind, four zeros, and numbers with 16 bits after the point.
    packed = [struct.pack(">4s4x3i", b"XYZ ", *(round(part * 65536) for part in each)) for each in primaries]
    return _profile_with(*packed)


def _srgb_profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # The time at which it was made, and the checksum over that.
    profile[24:36], profile[84:100] = bytes(12), bytes(16)
    return bytes(profile)


def _tags(profile: bytes) -> dict[bytes, tuple[int, int, int]]:
    """Place of each tag in the table, and the offset and size of its value."""
    ends = 132 + 12 * int.from_bytes(profile[128:132], "big")
    return {profile[at : at + 4]: (at, *struct.unpack(">II", profile[at + 4 : at + 12])) for at in range(132, ends, 12)}


def _places(profile: bytes) -> dict[bytes, bytes]:
    """The values of the three primaries."""
    tags = _tags(profile)
    found = {name: tags[name][1:] for name in (b"rXYZ", b"gXYZ", b"bXYZ")}
    return {name: profile[start : start + size] for name, (start, size) in found.items()}


def _profile_with(*primaries: bytes) -> bytes:
    """The profile of sRGB with the values *primaries* of red, green and blue, appended to it."""
    profile = bytearray(_srgb_profile())
    tags = _tags(bytes(profile))
    for name, value in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        at = tags[name][0]
        profile[at + 4 : at + 12] = struct.pack(">II", len(profile), len(value))
        profile += value
    profile[:4] = struct.pack(">I", len(profile))
    return bytes(profile)


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
