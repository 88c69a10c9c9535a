"""Sidecars on disk: read whole, and put into their places in one step.

A sidecar is written under a hidden name beside its place, synced, and renamed: whenever that is cut short, what lies in
its place is the old one or the new one.
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

from indexer.files.open_file import open_nonblocking
from indexer.files.scan import stamp_of
from photos.errors import SidecarLeft
from store import Stamp

#: Bytes; no more is read of one when photos are indexed.
_MOST: Final = 16 << 20
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
#: What systems say where a file cannot have two names.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL, errno.EACCES})


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A sidecar as it was read, and by what it is told whether it is still that."""

    content: bytes
    stamp: Stamp
    mode: int
    owner: tuple[int, int]


def read(path: bytes) -> Sidecar | None:
    """What lies at *path*; None if nothing does. Raises `SidecarLeft` if it is not to be touched."""
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            raise SidecarLeft("it is a link to another file")
        if not stat.S_ISREG(status.st_mode):
            raise SidecarLeft("it is no regular file")
        with open_nonblocking(path) as opened:
            content = opened.read(_MOST + 1)
            after = os.fstat(opened.fileno())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SidecarLeft(f"it cannot be read ({error.strerror or error})") from None
    if len(content) > _MOST:
        raise SidecarLeft(f"it has more than {_MOST >> 20} MB")
    if stamp_of(status) != stamp_of(after):
        raise SidecarLeft("it changed while it was read")
    return Sidecar(content, stamp_of(after), stat.S_IMODE(after.st_mode), (after.st_uid, after.st_gid))


def put(path: bytes, content: bytes, before: Sidecar | None) -> Stamp | None:
    """Put *content* at *path* in place of *before*, or where nothing was; on the disk once `sync` returns.

    Returns its stamp; None if another program has changed it already. Raises `SidecarLeft` if what lies there is no
    longer *before*, or cannot be replaced, and `OSError` if the disk is full.
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
    """Remove the sidecar at *path*, which is *before*. Raises `SidecarLeft` if it no longer is, or cannot be."""
    _check(path, before)
    try:
        os.unlink(path)
    except OSError as error:
        raise SidecarLeft(f"it cannot be removed ({error.strerror or error})") from None


def temporary(path: bytes) -> bytes:
    """Where a sidecar is written before it gets to *path*: a short hidden name, which no look at a folder takes up."""
    folder, name = os.path.split(path)
    return os.path.join(folder, b".photos-%s.tmp" % hashlib.sha256(name).hexdigest()[:16].encode())


def tidy(path: bytes) -> None:
    """Remove what a process that was killed may have left beside *path*."""
    with suppress(OSError):
        os.unlink(temporary(path))


def sync(paths: Iterable[bytes]) -> None:
    """Return when what was put into or removed from the folders of *paths* will survive a power cut."""
    for folder in {os.path.dirname(path) for path in paths}:
        # Some file systems of other machines cannot be asked for it.
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
            # Neither is known to every file system, and the owner is root's to change.
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
    # The folder's rights would allow it; who protected the file meant something.
    if before is not None and not os.access(path, os.W_OK):
        raise SidecarLeft("it is write-protected")


def _place_new(beside: bytes, path: bytes) -> None:
    """As `os.replace`, but what another program has just put there stays."""
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
