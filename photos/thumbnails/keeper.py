"""The thumbnails that indexing makes: kept in the library's cache, as long as that works."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from indexer.decode.thumbnail import METHOD, SIDE
from store import CachedPicture, CacheUnwritable, PictureCache


class CacheKeeper:
    """Keeps the thumbnails of one pass in *cache*. After a failure it makes no more; `problem` says why."""

    def __init__(self, cache: PictureCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self.problem: str | None = None

    def wants(self, content_hash: bytes) -> bool:
        """Return whether there is no thumbnail of that content yet, and one could be kept."""
        return self.problem is None and not self._cache.has(content_hash, SIDE, METHOD)

    def keep(self, thumbnails: Mapping[bytes, bytes]) -> None:
        """Keep *thumbnails*, WebP files by their photos' contents."""
        if self.problem is not None:
            return
        try:
            self._cache.put([CachedPicture(content, SIDE, METHOD, image) for content, image in thumbnails.items()])
        except CacheUnwritable as error:
            with self._lock:
                self.problem = str(error)
