"""How files of the library are on disk now, as far as that can be told without reading them."""

from __future__ import annotations

import os
from enum import StrEnum

from store import IndexedFile


class OnDisk(StrEnum):
    """How a file is now."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    MISSING = "missing"


def on_disk(file: IndexedFile) -> OnDisk:
    """Whether *file* is as it was when it was indexed."""
    try:
        status = os.stat(file.path)
    except OSError:
        return OnDisk.MISSING
    same = (status.st_size, status.st_mtime_ns) == (file.stamp.size, file.stamp.mtime_ns)
    return OnDisk.UNCHANGED if same else OnDisk.CHANGED


def is_same_file(one: bytes, other: bytes) -> bool:
    """Whether both paths lead to one file, so that without it neither is left. Hard links are files of their own."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        status = os.stat(one)
        if not os.path.samestat(status, os.stat(other)):
            return False
        # A folder can be mounted in two places, and a file that has several names lies in each by every one of them.
        folders = (os.stat(os.path.dirname(os.path.realpath(path))) for path in (one, other))
        is_one_name = os.path.basename(os.path.realpath(one)) == os.path.basename(os.path.realpath(other))
        return status.st_nlink == 1 or (is_one_name and os.path.samestat(*folders))
    except OSError:
        return False
