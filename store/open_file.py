"""Opening files safely: a path may turn out to be a pipe, a device, a folder, or a file without end."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO, Final

#: Names of the files that a process has open.
_OWN: Final = ("/dev/fd/", "/dev/stdin", "/proc/")


def open_file(path: bytes) -> BinaryIO:
    """Open the regular file at *path* for reading. Raises `OSError`, also for a pipe, device or folder."""
    opened = open_nonblocking(path)
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise OSError(errno.EINVAL, "it is no regular file")
    return opened


def read_file(path: bytes | str | os.PathLike[str], most: int) -> bytes:
    """Return the content of the regular file at *path*. Raises `OSError`, also if it has more than *most* bytes."""
    with open_file(os.fsencode(path)) as opened:
        return _all_of(opened, most)


def read_input(path: str | os.PathLike[str], most: int) -> bytes:
    """Return the content of a file that the user names, which may be the pipe of a shell's <(…) or of its |.

    Another pipe may block without end. Raises `OSError`, also if there are more than *most* bytes.
    """
    with open_input(path) as opened:
        return _all_of(opened, most)


def open_input(path: str | os.PathLike[str]) -> BinaryIO:
    """Open what `read_input` reads. Raises `OSError`."""
    if os.path.normpath(path).startswith(_OWN) and stat.S_ISFIFO(os.stat(path).st_mode):
        return open(path, "rb")
    return open_file(os.fsencode(path))


def _all_of(opened: BinaryIO, most: int) -> bytes:
    # Not by the size that the system states: it may grow, and pipes have none.
    content = opened.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most // 1_000_000 or 1} MB")
    return content


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
