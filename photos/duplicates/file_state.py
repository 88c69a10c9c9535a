"""State of indexed files on disk now, as far as it shows without reading them."""

from __future__ import annotations

import os
from enum import StrEnum

from store import IndexedFile


class FileState(StrEnum):
    """State of a file since it was indexed."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    MISSING = "missing"


def file_state(file: IndexedFile) -> FileState:
    """Compare size and modification time of *file* with those in the catalog."""
    try:
        status = os.stat(file.path)
    except OSError:
        return FileState.MISSING
    same = (status.st_size, status.st_mtime_ns) == (file.stamp.size, file.stamp.mtime_ns)
    return FileState.UNCHANGED if same else FileState.CHANGED


def is_same_file(one: bytes, other: bytes) -> bool:
    """True if both paths lead to one file, so that deleting it loses both. Hard links are files of their own."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        status = os.stat(one)
        if not os.path.samestat(status, os.stat(other)):
            return False
        # A folder can be mounted in two places; each mount then shows every hard link that lies in the folder.
        folders = (os.stat(os.path.dirname(os.path.realpath(path))) for path in (one, other))
        is_one_name = os.path.basename(os.path.realpath(one)) == os.path.basename(os.path.realpath(other))
        return status.st_nlink == 1 or (is_one_name and os.path.samestat(*folders))
    except OSError:
        return False
