"""Opening what is to be a file and may be anything, and telling one thing on a disk from another."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO


def open_file(path: bytes) -> BinaryIO:
    """The regular file at *path*, to be read. Raises `OSError`, also for what is none and may never give anything."""
    opened = open_without_waiting(path)
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise OSError(errno.EINVAL, "it is no regular file")
    return opened


def open_without_waiting(path: bytes) -> BinaryIO:
    """The file at *path*, to be read. A pipe is opened too, where `open` would wait for ever. Raises `OSError`."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        return os.fdopen(descriptor, "rb")
    except OSError:
        # It is a folder.
        os.close(descriptor)
        raise


def place_of(path: bytes) -> tuple[int, int] | None:
    """Device and inode of what lies at *path*; None if nothing does."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
