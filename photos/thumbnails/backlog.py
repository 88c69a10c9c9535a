"""Thumbnails that are still to be made, for photos that were indexed without."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from typing import Final

from indexer.decode.thumbnail import METHOD, SIDE
from photos.library import OpenLibrary
from photos.thumbnails.shrinking import Missing, NoPicture
from photos.thumbnails.thumbnails import Thumbnails, thumbnail_cache
from store import StoreError

#: Photos in a row without a file, after which the rest waits: their disk is away.
_AWAY: Final = 20
#: Seconds between two looks whether there is other work.
_LOOK: Final = 0.1


class Backlog:
    """The photos of *library* that have no thumbnail, newest first, made one at a time by *thumbnails*.

    Each is tried once, until `refresh`.
    """

    def __init__(self, library: OpenLibrary, thumbnails: Thumbnails) -> None:
        self._library = library
        self._thumbnails = thumbnails
        self._broken: set[bytes] = set()
        self._left: deque[bytes] = deque()
        self._away = 0
        # The largest pictures take seconds, and whoever waits for one must see other work.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="thumbnail")
        self._running: Future[None] | None = None

    def refresh(self) -> None:
        """List the photos again. Those that could not be decoded once are left out."""
        self._left.clear()
        self._away = 0
        settings = self._library.settings
        if not settings.thumbnails:
            return
        with self._library.catalog.read() as t:
            contents = t.photos.contents()
        with closing(thumbnail_cache(settings)) as cache:
            lacking = cache.lacking(contents, SIDE, METHOD)
        self._left.extend(content for content in lacking if content not in self._broken)

    @property
    def has_more(self) -> bool:
        """True if a thumbnail is still to be made."""
        return bool(self._left) or self._running is not None

    def work(self, is_over: Callable[[], bool]) -> None:
        """Make thumbnails until *is_over*, which is asked several times a second, or none is left to be made for now.

        One that is being made then is finished in the background.
        """
        while not is_over():
            if self._running is None:
                if not self._left:
                    return
                self._running = self._thread.submit(self._make, self._left.popleft())
            if not wait([self._running], _LOOK).done:
                continue
            failure, self._running = self._running.exception(), None
            if isinstance(failure, StoreError):
                # The catalog is busy, or its disk fails: indexing reports that.
                return
            if failure is not None:
                raise failure

    def _make(self, content: bytes) -> None:
        made = self._thumbnails.thumbnail(content)
        if not isinstance(made, NoPicture):
            self._away = 0
        elif made.reason is Missing.GONE:
            self._away += 1
            if self._away >= _AWAY:
                self._left.clear()
        elif made.reason is Missing.BROKEN:
            self._broken.add(content)

    def close(self) -> None:
        """Make no more. Close the thumbnails first, which ends a decoder that works."""
        self._thread.shutdown(wait=True, cancel_futures=True)
