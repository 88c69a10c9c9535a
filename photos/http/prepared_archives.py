"""Archives that were asked for and are not sent yet: too many photos for an address."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

#: Archives that are remembered; the oldest are forgotten.
_MOST = 16


@dataclass(frozen=True, slots=True)
class Contents:
    """The photos of an archive, in order, and whether their sidecars are in it, too."""

    photos: tuple[int, ...]
    with_sidecars: bool


class PreparedArchives:
    """The contents of archives by their keys. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Contents] = OrderedDict()

    def add(self, contents: Contents) -> str:
        """Remember the contents of an archive, and return its key, which nobody guesses."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[key] = contents
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return key

    def get(self, key: str) -> Contents | None:
        """Return the contents of the archive with that key. A download may be tried again, so it stays."""
        with self._lock:
            return self._kept.get(key)
