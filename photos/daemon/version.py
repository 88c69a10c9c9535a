"""Whether the program is still the one that this process runs: an upgrade replaces its files under a running one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PACKAGES = ("photos", "indexer", "query", "store")


def edition(root: Path = Path(__file__).parents[2]) -> int:
    """A number that changes when a module of the program, whose packages lie in *root*, does."""
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
