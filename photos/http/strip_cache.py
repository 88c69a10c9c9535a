"""Cache of the last strips, for as long as the library stays the same."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

#: Strips that are kept, and their bytes together.
_MOST, _MOST_BYTES = 8, 64_000_000
#: gzip's level: of a strip, higher ones save a tenth for ten times the time.
_LEVEL = 4


@dataclass(frozen=True, slots=True)
class PackedStrip:
    """A strip, plain and by gzip, and the tag of its content."""

    plain: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, plain: bytes) -> PackedStrip:
        """Compress a strip. The same strip has the same tag."""
        return cls(plain, gzip.compress(plain, _LEVEL, mtime=0), hashlib.blake2b(plain, digest_size=16).hexdigest())


class StripCache:
    """Keeps strips by their request and the stamp of the library. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[str, PackedStrip]] = OrderedDict()

    def get(self, key: Hashable, stamp: str | None, make: Callable[[], bytes]) -> PackedStrip:
        """Return the strip of *key*, made anew unless one was kept with the same *stamp*; None is never the same."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and stamp is not None and kept[0] == stamp:
                self._kept.move_to_end(key)
                return kept[1]
        made = PackedStrip.of(make())
        with self._lock:
            self._kept.pop(key, None)
            if stamp is not None:
                self._kept[key] = stamp, made
            while len(self._kept) > _MOST or self._bytes() > _MOST_BYTES:
                self._kept.popitem(last=False)
        return made

    def _bytes(self) -> int:
        return sum(len(each.plain) + len(each.packed) for _, each in self._kept.values())
