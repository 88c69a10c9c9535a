"""Whether two pictures look the same to the eye: a perceptual hash and the colours, of small decoded pictures.

The hash is the pHash of Zauner ("Implementation and Benchmarking of Perceptual Image Hash Functions", 2010) as the
ImageHash library computes it: brightness at 32 x 32, its discrete cosine transform, and of the 8 x 8 lowest
frequencies which are above their median. It sees no colours, and nothing in a picture without structure; so colours are
compared beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer import DecodeError
from indexer.decode import MemoryLock, read_photo
from indexer.files.open_file import open_file

_SIDE, _LOW = 32, 8
#: Colours are compared in so many parts a side.
_PARTS = 8
#: Of 64 bits. Krawetz ("Looks Like It", 2011), for a hash of this kind: up to 10 may be a variation, more is another.
LIKELY: Final = 10
#: Of 255: how much the colours of two may differ on average, and in the tenth of the picture that differs most. An
#: exposure corrected by a quarter of a stop moves them by 30.
_COLOURS, _PLACES = 32, 64
_TENTH = 7
#: Pairs that are compared at once: their colours take 8 MB.
_CHUNK = 8192
#: The number of what is made here of a picture. Whoever changes that, or what `look_of` is given, counts it up: looks
#: of another number are made anew.
METHOD: Final = 1


#: Formats, as Pillow calls them, of files that may hold pages, or move.
_OF_SEVERAL = ("GIF", "TIFF", "WEBP", "PNG", "HEIF", "AVIF")


@dataclass(frozen=True, slots=True, eq=False)
class PerceptualHashes:
    """What many pictures look like: `bits` uint8 (n, 8), eight in each, and mean `colours`, uint8 (n, 8, 8, 3), RGB.

    All that is said of them is reckoned in whole numbers, so that it does not depend on how many are compared at once.
    """

    bits: NDArray[np.uint8]
    colours: NDArray[np.uint8]

    def distances(self, firsts: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many bits of the hashes differ, (m,), of pairs that are given by their places, (m,)."""
        differ = np.bitwise_count(self.bits[firsts] ^ self.bits[seconds])
        counts: NDArray[np.int64] = differ.sum(-1, dtype=np.int64)
        return counts

    def are_like(self, firsts: NDArray[np.int64], seconds: NDArray[np.int64], most: int = LIKELY) -> NDArray[np.bool_]:
        """Of which pairs at most *most* bits differ, and the colours are about the same everywhere; bool (m,)."""
        plain = self.are_plain()
        # Where neither has structure there is nothing that a hash could tell apart: then it is the colours that count.
        alike = (self.distances(firsts, seconds) <= most) | (plain[firsts] & plain[seconds])
        left = np.flatnonzero(alike)
        for start in range(0, len(left), _CHUNK):
            some = left[start : start + _CHUNK]
            alike[some] = self._have_like_colours(firsts[some], seconds[some])
        return alike

    def are_plain(self) -> NDArray[np.bool_]:
        """In which there is nothing but a colour, or what is too small to be seen here; bool (n,)."""
        parts = self.colours.reshape(len(self.colours), _PARTS * _PARTS, 3).astype(np.int64)
        # The standard deviation of each colour is below 1.
        count = parts.shape[1]
        spread = count * (parts * parts).sum(1) - parts.sum(1) ** 2
        plain: NDArray[np.bool_] = (spread < count * count).all(-1)
        return plain

    def _have_like_colours(self, firsts: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.bool_]:
        apart = np.abs(self.colours[firsts].astype(np.int16) - self.colours[seconds]).sum(-1, dtype=np.int64)
        parts = apart.reshape(len(apart), _PARTS * _PARTS)
        farthest = np.partition(parts, -_TENTH, axis=1)[:, -_TENTH:]
        like: NDArray[np.bool_] = (parts.sum(1) <= _COLOURS * 3 * parts.shape[1]) & (
            farthest.sum(1) <= _PLACES * 3 * _TENTH
        )
        return like


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a picture looks like: `bits` bool (64,), and mean colours, `colours` uint8 (8, 8, 3)."""

    bits: NDArray[np.bool_]
    colours: NDArray[np.uint8]

    def distance(self, other: Look) -> int:
        """How many bits of the hashes differ."""
        return int(joined([self, other]).distances(*_PAIR)[0])

    def is_like(self, other: Look, most: int = LIKELY) -> bool:
        """Whether at most *most* bits differ, and the colours are about the same everywhere."""
        return bool(joined([self, other]).are_like(*_PAIR, most)[0])

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing in the picture but a colour, or what is too small to be seen here."""
        return bool(joined([self]).are_plain()[0])


#: The first with the second.
_PAIR = (np.array([0]), np.array([1]))


def joined(looks: Sequence[Look]) -> PerceptualHashes:
    """These looks, in their order."""
    bits = np.array([look.bits for look in looks], np.bool_).reshape(-1, _LOW * _LOW)
    colours = np.array([look.colours for look in looks], np.uint8).reshape(-1, _PARTS, _PARTS, 3)
    return PerceptualHashes(np.packbits(bits, axis=1), colours)


class _Whole:
    """Squashes a picture to the hash's square."""

    size = _SIDE

    def square(self, image: Image.Image) -> NDArray[np.uint8]:
        return np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS))


def look_at(path: bytes, turn: MemoryLock = nullcontext) -> Look | None:
    """What the picture at *path* looks like; None if it cannot be read now.

    What *turn* gives is held while a picture is decoded that takes much memory.
    """
    try:
        with open_file(path) as opened:
            content = opened.read()
        return look_of(read_photo(content, _Whole(), turn).pixels)
    except (OSError, DecodeError):
        return None


class _Digest:
    """Takes a picture as it is; in place of its pixels there is their digest."""

    #: No JPEG is reduced for a side so long.
    size = 1 << 20

    def square(self, image: Image.Image) -> NDArray[np.uint8]:
        shape = f"{image.width} {image.height} ".encode()
        return np.frombuffer(hashlib.sha256(shape + image.tobytes()).digest(), np.uint8)


def pixels_of(path: bytes) -> bytes | None:
    """A digest of all pixels of the picture at *path*, upright; None if it cannot be read now."""
    try:
        with open_file(path) as opened:
            content = opened.read()
        return read_photo(content, _Digest()).pixels.tobytes()
    except (OSError, DecodeError):
        return None


def holds_several(path: bytes) -> bool:
    """Whether the file at *path* has pages or moves: all that is compared is its first picture.

    The second picture in a camera's JPEG is a smaller one, or that of the other eye.
    """
    try:
        with open_file(path) as opened, Image.open(opened, formats=_OF_SEVERAL) as image:
            return int(getattr(image, "n_frames", 1)) > 1
    except Exception:  # noqa: BLE001 - decoders raise what they like, and the first picture was read
        return False


def look_of(pixels: NDArray[np.uint8]) -> Look:
    """The look of *pixels*, uint8 (32, 32, 3), RGB."""
    # Brightness as Pillow's mode L has it: ITU-R BT.601.
    grey = pixels.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    low = (_DCT @ grey @ _DCT.T)[:_LOW, :_LOW].ravel()
    step = _SIDE // _PARTS
    colours = pixels.astype(np.float32).reshape(_PARTS, step, _PARTS, step, 3).mean((1, 3))
    return Look(low > np.median(low), np.rint(colours).astype(np.uint8))


def _cosines() -> NDArray[np.float64]:
    """The matrix of the discrete cosine transform, type II, unscaled."""
    at = np.arange(_SIDE)
    matrix: NDArray[np.float64] = np.cos(np.pi * np.outer(at, 2 * at + 1) / (2 * _SIDE))
    return matrix


_DCT = _cosines()
