"""Opening what is to be a file and may be anything, and telling one thing on a disk from another."""

from __future__ import annotations

import os
from typing import BinaryIO


def open_without_waiting(path: bytes) -> BinaryIO:
    """The file at *path*, to be read. A pipe is opened too, where `open` would wait for ever. Raises `OSError`."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags), "rb")


def place_of(path: bytes) -> tuple[int, int] | None:
    """Device and inode of what lies at *path*; None if nothing does."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
