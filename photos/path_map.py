"""Paths of folders as the catalog has them, and as this machine sees them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from store.paths import is_inside


class PathMap:
    """Places on this machine of what the catalog calls by other paths. Of several rules, the longest one counts.

    Paths in the catalog never change by it: it is applied where a file is opened.
    """

    def __init__(self, rules: Iterable[tuple[Path, Path]] = ()) -> None:
        pairs = ((os.fsencode(remote), os.fsencode(local)) for remote, local in rules)
        self._rules = sorted(pairs, key=lambda pair: -len(pair[0]))

    def local(self, path: bytes) -> bytes:
        """The path on this machine of what the catalog calls *path*; the same one if no rule is for it."""
        for remote, local in self._rules:
            if path == remote:
                return local
            if is_inside(path, remote):
                return os.path.join(local, os.path.relpath(path, remote))
        return path
