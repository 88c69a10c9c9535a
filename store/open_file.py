"""Opening files safely: a path may turn out to be a pipe, a device, a folder, or a file without end."""

from __future__ import annotations

import errno
import os
import select
import stat
from typing import BinaryIO, Final

#: Names of the files that a process has open.
_OWN: Final = ("/dev/fd/", "/dev/stdin", "/proc/")
#: Seconds without a byte from a pipe of another program, and bytes that are read at once.
_PATIENCE: Final = 3
_CHUNK: Final = 1 << 16


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
    """Return the content of a file that the user names, which may be a pipe or a device.

    A pipe of a shell's <(…) or | may take any time. Another one has to give something every few seconds, and then
    an end. Raises `OSError`, also if there are more than *most* bytes.
    """
    kind = os.stat(path).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISCHR(kind)):
        return read_file(path, most)
    if _is_own(path):
        with open(path, "rb") as opened:
            return _all_of(opened, most)
    with open_nonblocking(os.fsencode(path)) as opened:
        return _received(opened.fileno(), most)


def _received(descriptor: int, most: int) -> bytes:
    """Read a pipe or device whose writer is another program."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    parts: list[bytes] = []
    size = 0
    while size <= most:
        if not poll.poll(1000 * _PATIENCE):
            raise OSError(errno.ETIMEDOUT, f"it is no regular file, and nothing came out of it for {_PATIENCE} seconds")
        part = os.read(descriptor, _CHUNK)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    raise _too_large(most)


def _is_own(path: str | os.PathLike[str]) -> bool:
    return os.path.normpath(path).startswith(_OWN)


def open_input(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file, or the pipe of a shell's <(…) or |. Raises `OSError`."""
    if _is_own(path) and stat.S_ISFIFO(os.stat(path).st_mode):
        return open(path, "rb")
    return open_file(os.fsencode(path))


def _all_of(opened: BinaryIO, most: int) -> bytes:
    # Not by the size that the system states: it may grow, and pipes have none.
    content = opened.read(most + 1)
    if len(content) > most:
        raise _too_large(most)
    return content


def _too_large(most: int) -> OSError:
    return OSError(errno.EFBIG, f"it has more than {most // 1_000_000 or 1} MB")


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
