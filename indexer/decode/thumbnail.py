"""Pictures for display, made smaller: upright, in their own colours, and without anything else of the file.

They hold no EXIF, no place and no comment. A colour profile is kept, so that the screen shows the picture's colours.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .colours import is_srgb, srgb

#: Pixels of a thumbnail's longer side.
SIDE: Final = 320
#: Number of the way in which thumbnails are made. Raise it, and all are made again.
METHOD: Final = 1
#: WebP's quality, and its least effort: a quarter of the time of the usual one, for a third more bytes.
_QUALITY, _EFFORT = 75, 0
_JPEG_QUALITY: Final = 82
#: Bytes. Colour profiles of cameras and screens have some hundreds; those of printers would outweigh the thumbnail.
_MOST_PROFILE: Final = 1 << 14
#: Times the wanted size that a large picture is first reduced to by whole pixels, which takes a fraction of the time.
_GAP: Final = 2.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Preprocessing that keeps the whole picture, its longer side at most `size`, in place of a checkpoint's square."""

    size: int
    is_full: bool = False

    def wanted(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a picture of that size, made to fit. Small ones stay as they are."""
        scale = min(1.0, self.size / max(width, height, 1))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """*image*, RGB and upright, as uint8 (height, width, 3); *size* is that of the whole picture.

        It is not enlarged if it was decoded at a smaller size than it could have.
        """
        wanted = self.wanted(*(size or image.size))
        if wanted[0] >= image.width or wanted[1] >= image.height:
            return np.asarray(image)
        return np.asarray(image.resize(wanted, Image.Resampling.BICUBIC, reducing_gap=_GAP))


def thumbnail(picture: Image.Image, size: tuple[int, int], profile: bytes | None) -> bytes | None:
    """Return *picture*, RGB and upright, as a WebP file whose longer side has at most `SIDE` pixels.

    *size* is the upright size of the whole picture, and *profile* that of its colours. The result is None if *picture*
    was decoded at a smaller size than a thumbnail has.
    """
    wanted = Fit(SIDE).wanted(*size)
    if picture.width < wanted[0] or picture.height < wanted[1]:
        return None
    # At a third of the size no eye tells this filter from the slower ones.
    small = picture.resize(wanted, Image.Resampling.HAMMING, reducing_gap=_GAP)
    return webp(*shown_colours(small, profile))


def shown_colours(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Return *image* and the *profile* to keep with it: None for the colours of the screen, or a broken profile.

    A long one is applied instead.
    """
    if profile is None:
        return image, None
    if len(profile) > _MOST_PROFILE:
        return srgb(image, profile), None
    return image, None if is_srgb(profile) else profile


def webp(image: Image.Image, profile: bytes | None) -> bytes:
    """Return a WebP file of *image*, with its *profile* and nothing else."""
    stream = io.BytesIO()
    _bare(image).save(stream, "WEBP", quality=_QUALITY, method=_EFFORT, icc_profile=profile or b"")
    return stream.getvalue()


def jpeg_file(image: Image.Image, profile: bytes | None, quality: int = _JPEG_QUALITY) -> bytes:
    """Return a JPEG file of *image*, with its *profile* and nothing else."""
    stream = io.BytesIO()
    _bare(image).save(stream, "JPEG", quality=quality, icc_profile=profile)
    return stream.getvalue()


def _bare(image: Image.Image) -> Image.Image:
    """*image* without the comments, EXIF and XMP that Pillow would write again."""
    bare = image.copy()
    bare.info = {}
    return bare
