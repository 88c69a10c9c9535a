"""What the library's photos look like: as it is kept, or else of their files, and kept from then on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.decode import MemoryLock
from photos.duplicates.file_state import OnDisk, on_disk
from photos.duplicates.phash import METHOD, Look, PerceptualHashes, joined, look_at
from store import Catalog, CatalogBusy, CatalogReadOnly, DiskFailed, DiskFull, IndexedFile, PerceptualHash

#: Pictures that are decoded at once, and those of which the looks are kept in one transaction.
_THREADS: Final = 4
_CHUNK: Final = 128

Progress = Callable[[int, int], None]


class Looker(Protocol):
    """What sees what a picture looks like."""

    def __call__(self, path: bytes, turn: MemoryLock, /) -> Look | None:
        """The look of the picture at *path*; None if it cannot be read now. *turn* is as in `look_at`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LooksOf:
    """The looks of the photos of `photo_ids`, int64 (n,), ascending."""

    photo_ids: NDArray[np.int64]
    looks: PerceptualHashes

    def places(self, photo_ids: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which of *photo_ids*, (m,), have a look, and where; where they have none, the place means nothing."""
        if not len(self.photo_ids):
            return np.zeros(len(photo_ids), np.bool_), np.zeros(len(photo_ids), np.int64)
        places = np.minimum(np.searchsorted(self.photo_ids, photo_ids), len(self.photo_ids) - 1)
        return self.photo_ids[places] == photo_ids, places


class KnownLooks:
    """The looks of a library's photos."""

    def __init__(self, catalog: Catalog, look: Looker = look_at) -> None:
        self._catalog = catalog
        self._look = look

    def of(self, photo_ids: Sequence[int], progress: Progress | None = None) -> LooksOf:
        """The looks of *photo_ids*, without those that are not kept and of which no file can be read now.

        A picture is decoded only if its look is not kept. *progress* hears of pictures decoded and to be decoded. An
        interruption keeps what is done.
        """
        with self._catalog.read() as t:
            kept = t.perceptual_hashes.of(METHOD, photo_ids)
        missing = sorted(set(photo_ids).difference(kept.photo_ids.tolist()))
        parts = [kept]
        large = Lock()
        with ThreadPoolExecutor(_THREADS) as pool:
            for start in range(0, len(missing), _CHUNK):
                some = missing[start : start + _CHUNK]
                made = self._made(pool, some, lambda: large)
                self._keep(made)
                parts.append(made)
                if progress is not None:
                    progress(start + len(some), len(missing))
        return _together(parts)

    def _made(self, pool: Executor, photo_ids: Sequence[int], turn: MemoryLock) -> PerceptualHash:
        with self._catalog.read() as t:
            files = t.copies.files(photo_ids)
        seen = pool.map(lambda key: self._first(files.get(key, []), turn), photo_ids)
        looks = {key: look for key, look in zip(photo_ids, seen, strict=True) if look is not None}
        made = joined(list(looks.values()))
        return PerceptualHash(np.array(list(looks), np.int64), made.bits, made.colours)

    def _first(self, files: Sequence[IndexedFile], turn: MemoryLock) -> Look | None:
        """The look of the first of a photo's files that can be read and is the one that was indexed."""
        for file in files:
            if on_disk(file) is OnDisk.UNCHANGED and (look := self._look(file.path, turn)) is not None:
                return look
        return None

    def _keep(self, made: PerceptualHash) -> None:
        if not len(made):
            return
        # An answer waits neither for another process that writes nor for room: the next run looks again.
        with suppress(CatalogBusy, CatalogReadOnly, DiskFailed, DiskFull), self._catalog.write(0) as t:
            t.perceptual_hashes.put(METHOD, made)


def _together(parts: Sequence[PerceptualHash]) -> LooksOf:
    photo_ids = np.concatenate([part.photo_ids for part in parts])
    order = np.argsort(photo_ids)
    bits = np.concatenate([part.bits for part in parts])[order]
    return LooksOf(photo_ids[order], PerceptualHashes(bits, np.concatenate([part.colours for part in parts])[order]))
