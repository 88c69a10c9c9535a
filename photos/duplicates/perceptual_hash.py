"""Perceptual hashes of pictures, and the colours that are compared with them.

The hash is the pHash of Zauner ("Implementation and Benchmarking of Perceptual Image Hash Functions", 2010) as the
ImageHash library computes it: brightness at 32 x 32, its discrete cosine transform, and for each of the 8 x 8 lowest
frequencies one bit: whether it is above their median. The hash ignores colours, and is noise where a picture has no
structure, so mean colours are stored and compared as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer import DecodeError
from indexer.decode import MemoryLock, read_photo
from store import Catalog, CatalogBusy, CatalogReadOnly, DiskFailed, DiskFull, IndexedFile, StoredHashes
from store.open_file import open_file

from .file_state import FileState, file_state

#: Version of the hash and the colours. Count it up with any change to `hash_pixels` or to the pixels that it is given:
#: stored hashes of another version are computed again.
HASH_VERSION: Final = 1
#: Bits of 64 that may differ. Krawetz ("Looks Like It", 2011), for a hash of this kind: up to 10 may be a variation,
#: more is another picture.
MAX_BITS: Final = 10
_SIDE, _LOW = 32, 8
#: Mean colours are taken of 8 x 8 tiles.
_TILES = 8
#: Of 255: how much the colours of two pictures may differ on average, and in the tenth of the tiles that differs most.
#: An exposure corrected by a quarter of a stop moves them by 30.
_MEAN_DIFFERENCE, _PEAK_DIFFERENCE = 32, 64
_TENTH = 7
#: Of 255: the difference from the median colour up to which a tile is ground, and from which it has structure. Ink on a
#: page changes a tile by 48 at most, since letters cover a fifth of it; of 125 real pictures two blank ones are plain.
_SAME, _STRONG, _SIXTEENTH = 3, 48, 16
#: Bits of 64 that may differ between faint pictures. Pages of different text differ in 10 or more.
_FAINT_BITS = 4
#: Pairs that are compared at once: their colours take 8 MB.
_PAIRS_AT_ONCE = 8192
#: Pictures that are decoded at once, and pictures whose hashes are stored in one transaction.
_THREADS: Final = 4
_BATCH: Final = 128
#: Formats, as Pillow calls them, of files that may have several pages or frames.
_MULTI_FRAME = ("GIF", "TIFF", "WEBP", "PNG", "HEIF", "AVIF")


@dataclass(frozen=True, slots=True, eq=False)
class PerceptualHash:
    """Hash of one picture: `bits` bool (64,), and mean `colours` of its tiles, uint8 (8, 8, 3), RGB."""

    bits: NDArray[np.bool_]
    colours: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class PackedHashes:
    """Hashes of many pictures: `bits` uint8 (n, 8), packed by eight, and mean `colours`, uint8 (n, 8, 8, 3), RGB.

    Everything is computed in integers, so a result does not depend on how many pictures are compared at once.
    """

    bits: NDArray[np.uint8]
    colours: NDArray[np.uint8]

    @classmethod
    def stack(cls, hashes: Sequence[PerceptualHash]) -> PackedHashes:
        """The given hashes, in their order."""
        bits = np.array([each.bits for each in hashes], np.bool_).reshape(-1, _LOW * _LOW)
        colours = np.array([each.colours for each in hashes], np.uint8).reshape(-1, _TILES, _TILES, 3)
        return cls(np.packbits(bits, axis=1), colours)

    def distances(self, firsts: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Bits that differ, (m,), in pairs given by their rows, (m,) and (m,)."""
        differ = np.bitwise_count(self.bits[firsts] ^ self.bits[seconds])
        counts: NDArray[np.int64] = differ.sum(-1, dtype=np.int64)
        return counts

    def are_similar(
        self, firsts: NDArray[np.int64], seconds: NDArray[np.int64], max_bits: int = MAX_BITS
    ) -> NDArray[np.bool_]:
        """True for pairs with at most *max_bits* bits of difference and about the same colours everywhere; bool (m,).

        A pair with a plain picture is never similar: what tells two blank pages or two short texts apart is too small
        for the hash. A pair with a faint picture may differ in `_FAINT_BITS` only.
        """
        plain, faint = self.are_plain(), self.are_faint()
        most = np.where(faint[firsts] | faint[seconds], min(max_bits, _FAINT_BITS), max_bits)
        similar = np.logical_and(self.distances(firsts, seconds) <= most, ~(plain[firsts] | plain[seconds]))
        left = np.flatnonzero(similar)
        for start in range(0, len(left), _PAIRS_AT_ONCE):
            some = left[start : start + _PAIRS_AT_ONCE]
            similar[some] = self._have_similar_colours(firsts[some], seconds[some])
        return similar

    def are_plain(self) -> NDArray[np.bool_]:
        """True for pictures of one colour with little on it, such as a page with a few lines of text; bool (n,)."""
        apart = self._from_ground()
        ground, strong = (apart <= _SAME).sum(1), (apart > _STRONG).sum(1)
        plain: NDArray[np.bool_] = (2 * ground >= apart.shape[1]) & (_SIXTEENTH * strong < apart.shape[1])
        return plain

    def are_faint(self) -> NDArray[np.bool_]:
        """True for pictures without a tile that differs much from the others, such as a page of text; bool (n,)."""
        return np.asarray((self._from_ground() <= _STRONG).all(1), np.bool_)

    def _from_ground(self) -> NDArray[np.int64]:
        """The largest difference of each tile's colours from the picture's median colour, (n, tiles)."""
        tiles = self.colours.reshape(len(self.colours), _TILES * _TILES, 3).astype(np.int64)
        # Twice the colours: the median of an even number of tiles may lie between two.
        ordered = np.sort(tiles, axis=1)
        middle = ordered[:, tiles.shape[1] // 2 - 1] + ordered[:, tiles.shape[1] // 2]
        largest: NDArray[np.int64] = np.abs(2 * tiles - middle[:, np.newaxis]).max(-1) // 2
        return largest

    def _have_similar_colours(self, firsts: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.bool_]:
        apart = np.abs(self.colours[firsts].astype(np.int16) - self.colours[seconds]).sum(-1, dtype=np.int64)
        tiles = apart.reshape(len(apart), _TILES * _TILES)
        farthest = np.partition(tiles, -_TENTH, axis=1)[:, -_TENTH:]
        similar: NDArray[np.bool_] = (tiles.sum(1) <= _MEAN_DIFFERENCE * 3 * tiles.shape[1]) & (
            farthest.sum(1) <= _PEAK_DIFFERENCE * 3 * _TENTH
        )
        return similar


@dataclass(frozen=True, slots=True, eq=False)
class PhotoHashes:
    """Hashes of the photos `photo_ids`, int64 (n,), ascending."""

    photo_ids: NDArray[np.int64]
    hashes: PackedHashes

    def rows(self, photo_ids: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """True where a photo of *photo_ids*, (m,), has a hash, and its row; the row of the others means nothing."""
        if not len(self.photo_ids):
            return np.zeros(len(photo_ids), np.bool_), np.zeros(len(photo_ids), np.int64)
        rows = np.minimum(np.searchsorted(self.photo_ids, photo_ids), len(self.photo_ids) - 1)
        return self.photo_ids[rows] == photo_ids, rows


class FileHasher(Protocol):
    """Hashes the picture in a file."""

    def __call__(self, path: bytes, turn: MemoryLock, /) -> PerceptualHash | None:
        """Hash of the picture at *path*; None if it cannot be read now. *turn* is as in `hash_file`."""
        ...


class HashCache:
    """Perceptual hashes of a library's photos: from the catalog, or computed from files and then stored there."""

    def __init__(self, catalog: Catalog, hasher: FileHasher | None = None) -> None:
        self._catalog = catalog
        self._hasher = hash_file if hasher is None else hasher

    def get(self, photo_ids: Sequence[int], progress: Callable[[int, int], None] | None = None) -> PhotoHashes:
        """Hashes of *photo_ids*, without photos that have no stored hash and no readable file.

        Only pictures without a stored hash are decoded; *progress* gets their number so far and in all. An interruption
        keeps the hashes computed so far.
        """
        with self._catalog.read() as t:
            stored = t.perceptual_hashes.of(HASH_VERSION, photo_ids)
        missing = sorted(set(photo_ids).difference(stored.photo_ids.tolist()))
        parts = [stored]
        large = Lock()
        with ThreadPoolExecutor(_THREADS) as pool:
            for start in range(0, len(missing), _BATCH):
                batch = missing[start : start + _BATCH]
                computed = self._compute(pool, batch, lambda: large)
                self._store(computed)
                parts.append(computed)
                if progress is not None:
                    progress(start + len(batch), len(missing))
        return _merged(parts)

    def _compute(self, pool: Executor, photo_ids: Sequence[int], turn: MemoryLock) -> StoredHashes:
        with self._catalog.read() as t:
            files = t.copies.files(photo_ids)
        results = pool.map(lambda key: self._hash_first(files.get(key, []), turn), photo_ids)
        hashes = {key: each for key, each in zip(photo_ids, results, strict=True) if each is not None}
        computed = PackedHashes.stack(list(hashes.values()))
        return StoredHashes(np.array(list(hashes), np.int64), computed.bits, computed.colours)

    def _hash_first(self, files: Sequence[IndexedFile], turn: MemoryLock) -> PerceptualHash | None:
        """Hash of the first of a photo's *files* that is unchanged since it was indexed and can be read."""
        for file in files:
            if file_state(file) is FileState.UNCHANGED and (computed := self._hasher(file.path, turn)) is not None:
                return computed
        return None

    def _store(self, computed: StoredHashes) -> None:
        if not len(computed):
            return
        # A search waits neither for another writer nor for disk space: the next one computes these hashes again.
        with suppress(CatalogBusy, CatalogReadOnly, DiskFailed, DiskFull), self._catalog.write(0) as t:
            t.perceptual_hashes.put(HASH_VERSION, computed)


def _merged(parts: Sequence[StoredHashes]) -> PhotoHashes:
    photo_ids = np.concatenate([part.photo_ids for part in parts])
    order = np.argsort(photo_ids)
    bits = np.concatenate([part.bits for part in parts])[order]
    colours = np.concatenate([part.colours for part in parts])[order]
    return PhotoHashes(photo_ids[order], PackedHashes(bits, colours))


class _HashSquare:
    """Preprocessing for the hash: the whole picture, resized to 32 x 32."""

    is_full = False

    def wanted(self, width: int, height: int) -> tuple[int, int]:  # noqa: ARG002 - the same for every picture
        return _SIDE, _SIDE

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:  # noqa: ARG002 - as above
        return np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS))


def hash_file(path: bytes, turn: MemoryLock = nullcontext) -> PerceptualHash | None:
    """Hash of the picture at *path*; None if it cannot be read now.

    The context of *turn* is held while a picture is decoded that takes much memory.
    """
    try:
        with open_file(path) as opened:
            content = opened.read()
        return hash_pixels(read_photo(content, _HashSquare(), turn).pixels)
    except (OSError, DecodeError):
        return None


def hash_pixels(pixels: NDArray[np.uint8]) -> PerceptualHash:
    """Hash of *pixels*, uint8 (32, 32, 3), RGB."""
    # Brightness as in Pillow's mode L: ITU-R BT.601.
    grey = pixels.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    low = (_DCT @ grey @ _DCT.T)[:_LOW, :_LOW].ravel()
    step = _SIDE // _TILES
    colours = pixels.astype(np.float32).reshape(_TILES, step, _TILES, step, 3).mean((1, 3))
    return PerceptualHash(low > np.median(low), np.rint(colours).astype(np.uint8))


class _PixelDigest:
    """Preprocessing that returns a digest of all pixels in place of pixels."""

    is_full = True

    def wanted(self, width: int, height: int) -> tuple[int, int]:  # noqa: ARG002 - as above
        return _SIDE, _SIDE

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:  # noqa: ARG002 - as above
        shape = f"{image.width} {image.height} ".encode()
        return np.frombuffer(hashlib.sha256(shape + image.tobytes()).digest(), np.uint8)


def pixel_digest(path: bytes) -> bytes | None:
    """SHA-256 of all pixels of the picture at *path*, upright; None if it cannot be read now."""
    try:
        with open_file(path) as opened:
            content = opened.read()
        return read_photo(content, _PixelDigest()).pixels.tobytes()
    except (OSError, DecodeError):
        return None


def has_several_frames(path: bytes) -> bool:
    """True if the file at *path* has pages or frames beyond the first, which alone is compared.

    A second picture in a camera's JPEG does not count: it is a smaller version, or the one for the other eye.
    """
    try:
        with open_file(path) as opened, Image.open(opened, formats=_MULTI_FRAME) as image:
            return int(getattr(image, "n_frames", 1)) > 1
    except Exception:  # noqa: BLE001 - decoders raise what they like, and the first picture was read
        return False


def _dct_matrix() -> NDArray[np.float64]:
    """Matrix of the discrete cosine transform, type II, unscaled."""
    at = np.arange(_SIDE)
    matrix: NDArray[np.float64] = np.cos(np.pi * np.outer(at, 2 * at + 1) / (2 * _SIDE))
    return matrix


_DCT = _dct_matrix()
