"""Thumbnails and previews by photo: from the caches beside the catalog, or made of the photo's file and kept."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Self, TypeVar

from indexer.decode.thumbnail import METHOD, SIDE
from indexer.workers.bounded_calls import CallFailed
from photos.config import Settings
from photos.library import OpenLibrary
from photos.thumbnails.decoders import AllBusy, Decoders
from photos.thumbnails.shrinking import (
    Missing,
    NoPicture,
    PlainPicture,
    ShrinkRequest,
    shrink,
    shrink_to_pixels,
)
from store import CachedPicture, CacheUnwritable, Catalog, Photo, PictureCache
from store.private_files import PREVIEWS_FILE, THUMBNAILS_FILE

P = TypeVar("P", bytes, PlainPicture)

#: Media types of the pictures, and the longer sides of previews in pixels.
THUMBNAIL_TYPE: Final = "image/webp"
PREVIEW_TYPE: Final = "image/jpeg"
PREVIEW_SIDES: Final = (1440, 2048)

#: Processes that decode at once. Previews are asked for by one person at a time.
_MOST_DECODERS: Final = 4
#: Seconds that a picture waits for its turn.
_PATIENCE: Final = 60.0
#: Pixels of a photo that no other is decoded beside: the largest take gigabytes.
_LARGE: Final = 40_000_000
#: Thumbnails that `several` has ready.
_AHEAD: Final = 32
#: Pictures that are remembered as broken.
_BROKEN: Final = 1000


class Thumbnails:
    """Small pictures of the photos in a library. Threads may share it; close it to end its processes.

    *catalog* gives the library's catalog at each use. *on_problem* is called once, with a sentence, if pictures cannot
    be kept.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Callable[[], Catalog],
        decoders: Decoders | None = None,
        *,
        patience: float = _PATIENCE,
        on_problem: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._count = min(_MOST_DECODERS, settings.workers or os.cpu_count() or 1)
        self._decoders = decoders or Decoders(self._count)
        self._patience = patience
        self._on_problem = on_problem
        self._thumbnails = thumbnail_cache(settings)
        self._previews = preview_cache(settings)
        self._lock = threading.Lock()
        self._large = threading.Lock()
        self._making: dict[tuple[bytes, int], Future[bytes | NoPicture]] = {}
        self._broken: OrderedDict[tuple[bytes, int], NoPicture] = OrderedDict()
        self._has_reported = False

    @classmethod
    def of(cls, library: OpenLibrary) -> Self:
        """The thumbnails of an open library."""
        return cls(library.settings, lambda: library.catalog)

    def thumbnail(self, photo: int | bytes) -> bytes | NoPicture:
        """A WebP file whose longer side has at most 320 pixels.

        *photo* is its id, its content's SHA-256, or the first eight bytes of that or more.
        """
        return self._picture(photo, SIDE)

    def preview(self, photo: int | bytes, side: int) -> bytes | NoPicture:
        """A JPEG file whose longer side has at most *side* pixels, one of `PREVIEW_SIDES`; *photo* as above."""
        if side not in PREVIEW_SIDES:
            raise ValueError(side)
        return self._picture(photo, side)

    def pixels(self, photo: Photo, side: int) -> PlainPicture | NoPicture:
        """The picture of *photo* as pixels alone, its longer side at most *side* pixels. It is not kept."""
        return self._shrunk(shrink_to_pixels, photo, side)

    def several(self, photos: Sequence[int | bytes]) -> Iterator[bytes | NoPicture]:
        """The thumbnails of *photos*, in their order; several are made at once, a bounded number ahead."""
        with ThreadPoolExecutor(self._count, thread_name_prefix="thumbnail") as pool:
            ahead: deque[Future[bytes | NoPicture]] = deque()
            try:
                for photo in photos:
                    ahead.append(pool.submit(self.thumbnail, photo))
                    if len(ahead) > _AHEAD:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()

    def close(self) -> None:
        """End the decoder processes and close the caches. Those who wait get a `NoPicture`."""
        self._decoders.close()
        self._thumbnails.close()
        self._previews.close()

    def _picture(self, photo: int | bytes, side: int) -> bytes | NoPicture:
        cache = self._thumbnails if side == SIDE else self._previews
        if isinstance(photo, bytes) and (kept := cache.get(photo, side, METHOD)) is not None:
            return kept
        found = self._find(photo)
        if found is None:
            return NoPicture(Missing.UNKNOWN, "there is no such photo in the library")
        if not isinstance(photo, bytes) and (kept := cache.get(found.content_hash, side, METHOD)) is not None:
            return kept
        return self._made_once(found, side, cache)

    def _find(self, photo: int | bytes) -> Photo | None:
        with self._catalog().read() as t:
            photo_id = t.photos.starting_with(photo) if isinstance(photo, bytes) else photo
            found = [] if photo_id is None else t.photos.get([photo_id])
        return found[0] if found else None

    def _made_once(self, photo: Photo, side: int, cache: PictureCache) -> bytes | NoPicture:
        """Make the picture, or wait for another thread that makes it."""
        key = (photo.content_hash, side)
        with self._lock:
            if key in self._broken:
                return self._broken[key]
            others = self._making.get(key)
            own: Future[bytes | NoPicture] = Future()
            if others is None:
                self._making[key] = own
        if others is not None:
            return others.result()
        made: bytes | NoPicture = NoPicture(Missing.BUSY, "it was interrupted")
        try:
            made = self._shrunk(shrink, photo, side)
            if isinstance(made, bytes):
                self._keep(cache, CachedPicture(photo.content_hash, side, METHOD, made))
        finally:
            with self._lock:
                del self._making[key]
                self._remember(key, made)
            own.set_result(made)
        return made

    def _shrunk(self, function: Callable[[ShrinkRequest], P | NoPicture], photo: Photo, side: int) -> P | NoPicture:
        """The result of *function* in a decoder process."""
        if not photo.paths:
            return NoPicture(Missing.GONE, "none of its files is there now")
        request = ShrinkRequest(photo.content_hash, photo.paths, side)
        if photo.facts.width * photo.facts.height <= _LARGE:
            made = self._decoders.call(function, request, self._patience)
        elif self._large.acquire(timeout=self._patience):
            try:
                made = self._decoders.call(function, request, self._patience)
            finally:
                self._large.release()
        else:
            made = AllBusy()
        if isinstance(made, AllBusy):
            return NoPicture(Missing.BUSY, "too many others are asked for at once")
        return NoPicture(Missing.BROKEN, made.reason) if isinstance(made, CallFailed) else made

    def _remember(self, key: tuple[bytes, int], made: bytes | NoPicture) -> None:
        """Remember a picture that is broken: to find that out again may take minutes."""
        if isinstance(made, NoPicture) and made.reason is Missing.BROKEN:
            self._broken[key] = made
            if len(self._broken) > _BROKEN:
                self._broken.popitem(last=False)

    def _keep(self, cache: PictureCache, picture: CachedPicture) -> None:
        if not (self._settings.thumbnails if picture.side == SIDE else self._settings.preview_cache_gb):
            return
        try:
            cache.put([picture])
        except CacheUnwritable as error:
            if not self._has_reported:
                self._has_reported = True
                self._on_problem(str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def thumbnail_cache(settings: Settings) -> PictureCache:
    """The cache of thumbnails in a library. Nothing is opened or made before its first use."""
    return PictureCache(settings.library / THUMBNAILS_FILE)


def preview_cache(settings: Settings) -> PictureCache:
    """The cache of previews in a library, limited by the setting."""
    return PictureCache(settings.library / PREVIEWS_FILE, int(settings.preview_cache_gb * 1e9))
