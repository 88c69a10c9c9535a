"""Sidecar files: atomic read and write.

A sidecar is written to a hidden file beside it, synced, and renamed: after a kill or a power cut at any moment, the
path holds the old sidecar or the new one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from indexer.files.scan import stamp_of
from photos.errors import SidecarLeft
from store import Stamp
from store.open_file import open_nonblocking

#: Bytes. The indexer reads no more of a sidecar either.
_MAX_SIZE: Final = 16 << 20
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
#: Errors of file systems without hard links.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL, errno.EACCES})


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A sidecar as it was read, with the stamp by which a later change is detected."""

    content: bytes
    stamp: Stamp
    mode: int
    owner: tuple[int, int]


def read(path: bytes) -> Sidecar | None:
    """Read the sidecar at *path*; None if there is none. Raises `SidecarLeft` if it must not be changed."""
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            raise SidecarLeft("it is a link to another file")
        if not stat.S_ISREG(status.st_mode):
            raise SidecarLeft("it is not a regular file")
        with open_nonblocking(path) as opened:
            content = opened.read(_MAX_SIZE + 1)
            after = os.fstat(opened.fileno())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SidecarLeft(f"it cannot be read ({error.strerror or error})") from None
    if len(content) > _MAX_SIZE:
        raise SidecarLeft(f"it has more than {_MAX_SIZE >> 20} MB")
    if stamp_of(status) != stamp_of(after):
        raise SidecarLeft("it changed while it was read")
    return Sidecar(content, stamp_of(after), stat.S_IMODE(after.st_mode), (after.st_uid, after.st_gid))


def put(path: bytes, content: bytes, before: Sidecar | None) -> Stamp | None:
    """Write *content* to *path*, where *before* was read, or nothing (None). It is durable once `sync` returns.

    Returns the new stamp; None if another program has changed the file already. Raises `SidecarLeft` if the file at
    *path* is no longer *before* or cannot be replaced, and `OSError` if the disk is full.
    """
    beside = temporary(path)
    try:
        written = _write(beside, content, before)
        _check(path, before)
        if before is None:
            _place_new(beside, path)
        else:
            os.replace(beside, path)
    except OSError as error:
        if error.errno in _FULL:
            raise
        raise SidecarLeft(f"it cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            os.unlink(beside)
    with suppress(OSError):
        stamp = stamp_of(os.lstat(path))
        # Renaming changes the ctime.
        return stamp if stamp._replace(ctime_ns=written.ctime_ns) == written else None
    return None


def remove(path: bytes, before: Sidecar) -> None:
    """Remove the sidecar at *path*. Raises `SidecarLeft` if it is no longer *before* or cannot be removed."""
    _check(path, before)
    try:
        os.unlink(path)
    except OSError as error:
        raise SidecarLeft(f"it cannot be removed ({error.strerror or error})") from None


def temporary(path: bytes) -> bytes:
    """Path of the temporary file for *path*: a short hidden name, which a scan ignores."""
    folder, name = os.path.split(path)
    return os.path.join(folder, b".photos-%s.tmp" % hashlib.sha256(name).hexdigest()[:16].encode())


def remove_temporary(path: bytes) -> None:
    """Remove the temporary file of *path* that a killed process may have left."""
    with suppress(OSError):
        os.unlink(temporary(path))


def sync(paths: Iterable[bytes]) -> None:
    """Sync the folders of *paths*, so that files written or removed there survive a power cut."""
    for folder in {os.path.dirname(path) for path in paths}:
        # Some network file systems do not support it.
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _write(path: bytes, content: bytes, like: Sidecar | None) -> Stamp:
    with suppress(FileNotFoundError):
        os.unlink(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with open(descriptor, "wb") as opened:
        opened.write(content)
        if like is not None:
            # Not every file system has them, and only root may change the owner.
            with suppress(OSError):
                os.fchown(descriptor, *like.owner)
            with suppress(OSError):
                os.fchmod(descriptor, like.mode)
        opened.flush()
        os.fsync(descriptor)
        return stamp_of(os.fstat(descriptor))


def _check(path: bytes, before: Sidecar | None) -> None:
    try:
        now = stamp_of(os.lstat(path))
    except FileNotFoundError:
        now = None
    if now != (None if before is None else before.stamp):
        raise SidecarLeft("another program wrote it at the same moment")
    # Replacing needs write permission on the folder only, but a protected file must stay.
    if before is not None and not os.access(path, os.W_OK):
        raise SidecarLeft("it is write-protected")


def _place_new(beside: bytes, path: bytes) -> None:
    """Replace like `os.replace`, but never over a file that another program has just written."""
    try:
        os.link(beside, path)
    except FileExistsError:
        raise SidecarLeft("another program wrote it at the same moment") from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _check(path, None)
        os.replace(beside, path)
    else:
        os.unlink(beside)
