"""Versions of the program: an upgrade replaces its files while a daemon runs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("photos", "indexer", "query", "store")
#: Seconds between two comparisons of all files, each of which takes 10 ms.
_INTERVAL = 1.0


def program_id() -> str:
    """Return a string that identifies this installation: another one, or the same before an upgrade, differs."""
    status = os.stat(__file__)
    return f"{status.st_dev:x}-{status.st_ino:x}-{status.st_mtime_ns:x}"


class UpgradeCheck:
    """Compares the program's files with those at the start of the process. Threads may share it.

    Files are compared at most once in *interval* seconds, so an upgrade may go unnoticed for that long.
    """

    def __init__(
        self, root: Path = _ROOT, interval: float = _INTERVAL, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._files = _fingerprint(root)
        self._compared_at = clock()
        self._is_upgraded = False

    def is_upgraded(self) -> bool:
        """True if a module of the program was changed, added or removed."""
        with self._lock:
            if self._clock() - self._compared_at >= self._interval:
                self._is_upgraded = _fingerprint(self._root) != self._files
                self._compared_at = self._clock()
            return self._is_upgraded


def _fingerprint(root: Path) -> int:
    """Return a number that changes when a module of the program does. The packages are in *root*."""
    return hash(tuple(stamp for package in _PACKAGES for stamp in _stamps(os.path.join(root, package))))


def _stamps(folder: str) -> Iterator[tuple[str, int, int]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith(".py"):
            status = entry.stat()
            yield entry.path, status.st_mtime_ns, status.st_size
        elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
            yield from _stamps(entry.path)
