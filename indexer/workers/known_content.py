"""What readers ask of the catalog: whether a content is known, and whether it is worth another attempt."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from store import Attempts, Catalog, Space

from .file_reader import Verdict

#: How long nothing is tried again after the first, the second, … attempt that failed; after the last of them, for ever:
#: until the file changes, the decoders do, or somebody asks.
_WAITS = (timedelta(minutes=1), timedelta(hours=1))
#: Held while a picture is decoded that takes much memory.
_turn_of_the_large = threading.Lock()


class Desk:
    """Answers readers, for one space."""

    def __init__(self, catalog: Catalog, space: Space) -> None:
        self._catalog = catalog
        self._space = space

    def decide(self, content_hash: bytes) -> Verdict:
        """What is to be done with the content of that SHA-256."""
        with self._catalog.read() as t:
            photo_id = t.photos.find(content_hash)
            is_embedded = photo_id is not None and t.embeddings.exists(self._space.id, photo_id)
            tried = None if is_embedded else t.attempts.of(content_hash)
        return Verdict(is_embedded, None if tried is None else _excuse(tried))

    def turn(self) -> AbstractContextManager[object]:
        """What is held while a large picture is decoded: a lock that all passes of this process share."""
        return _turn_of_the_large


def _excuse(tried: Attempts) -> str | None:
    """Why not to try it now; None if it is worth it."""
    if tried.count > len(_WAITS):
        return f"{tried.reason}; given up after {tried.count} attempts"
    since = datetime.now(UTC).replace(tzinfo=None) - tried.last_at
    # A clock that was set back must not put it off for ever.
    return tried.reason if timedelta(0) <= since < _WAITS[tried.count - 1] else None
