"""Opening files safely: a path may turn out to be a pipe, a device or a folder."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO


def open_file(path: bytes) -> BinaryIO:
    """Open the regular file at *path* for reading. Raises `OSError`, also for a pipe, device or folder."""
    opened = open_nonblocking(path)
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise OSError(errno.EINVAL, "it is no regular file")
    return opened


def open_nonblocking(path: bytes) -> BinaryIO:
    """Open *path* for reading; a pipe opens at once, where `open` would block. Raises `OSError`, also for a folder."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        return os.fdopen(descriptor, "rb")
    except OSError:
        # It is a folder.
        os.close(descriptor)
        raise
