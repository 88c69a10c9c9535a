"""Parts of folders in which something may have changed, collected until changes stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from indexer.files.scan import WHOLE, Subtree

#: Parts of one folder that are kept apart; with more, the whole folder is dirty.
_MOST_PARTS = 10_000


class DirtyPaths:
    """Dirty parts by folder. Several threads add to it; one takes from it when they are due.

    They are due *quiet* seconds after the last one was added, or *patience* seconds after the first.
    """

    def __init__(self, quiet: float = 2.0, patience: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet = quiet
        self._patience = patience
        self._clock = clock
        self._changed = threading.Condition()
        self._parts: dict[int, set[Subtree]] = {}
        self._first = self._last = 0.0

    def add(self, folder_id: int, part: Subtree = WHOLE) -> None:
        """Add a part of the folder in which something may have changed."""
        with self._changed:
            now = self._clock()
            if not self._parts:
                self._first = now
            self._last = now
            known = self._parts.setdefault(folder_id, set())
            # A whole folder covers its parts, and thousands of them must not be kept.
            if WHOLE in known:
                return
            if part == WHOLE or len(known) >= _MOST_PARTS:
                known.clear()
                part = WHOLE
            known.add(part)
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until parts are due, at most *seconds*. Returns whether they are."""
        until = self._clock() + seconds
        with self._changed:
            while True:
                now = self._clock()
                due = self._due()
                if due is not None and due <= now:
                    return True
                if now >= until:
                    return False
                self._changed.wait(min(until, due or until) - now)

    def take(self) -> dict[int, list[Subtree]]:
        """Remove and return all parts by folder, without those that others cover."""
        with self._changed:
            parts, self._parts = self._parts, {}
        return {folder_id: _without_covered(some) for folder_id, some in parts.items()}

    def _due(self) -> float | None:
        return min(self._last + self._quiet, self._first + self._patience) if self._parts else None


def _without_covered(parts: set[Subtree]) -> list[Subtree]:
    deep = {part.path for part in parts if part.is_deep}
    return sorted(
        (part for part in parts if not _is_covered(part, deep)), key=lambda part: (part.path, not part.is_deep)
    )


def _is_covered(part: Subtree, deep: set[bytes]) -> bool:
    if not part.is_deep and part.path in deep:
        return True
    above = part.path
    while above:
        above = above.rpartition(b"/")[0]
        if above in deep:
            return True
    return False
