"""Sidecar files: atomic read and write.

A sidecar is written to a hidden file beside it, synced, and renamed: after a kill or a power cut at any moment, the
path holds the old sidecar or the new one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from indexer.files.scan import stamp_of
from indexer.metadata import MAX_SIZE
from photos.errors import SidecarLeft
from store import Stamp

from .open_folders import OpenFolder

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


def read(folder: OpenFolder, name: bytes) -> Sidecar | None:
    """Read the sidecar *name* of *folder*; None if there is none. Raises `SidecarLeft` if it must not be changed."""
    try:
        status = folder.status(name)
        if stat.S_ISLNK(status.st_mode):
            raise SidecarLeft("it is a link to another file")
        if not stat.S_ISREG(status.st_mode):
            raise SidecarLeft("it is not a regular file")
        with os.fdopen(folder.open(name, os.O_RDONLY), "rb") as opened:
            content = opened.read(MAX_SIZE + 1)
            after = os.fstat(opened.fileno())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SidecarLeft(f"it cannot be read ({error.strerror or error})") from None
    if len(content) > MAX_SIZE:
        raise SidecarLeft(f"it has more than {MAX_SIZE >> 20} MB")
    if stamp_of(status) != stamp_of(after):
        raise SidecarLeft("it changed while it was read")
    return Sidecar(content, stamp_of(after), stat.S_IMODE(after.st_mode), (after.st_uid, after.st_gid))


def put(folder: OpenFolder, name: bytes, content: bytes, before: Sidecar | None) -> Stamp | None:
    """Write *content* to *name* in *folder*, where *before* was read, or nothing (None).

    It is durable once the folder is synced. Returns the new stamp; None if another program has changed the file
    already. Raises `SidecarLeft` if the file is no longer *before* or cannot be replaced, and `OSError` if the disk is
    full.
    """
    temporary_path = temporary(name)
    try:
        written = _write(folder, temporary_path, content, before)
        _check(folder, name, before)
        if before is None:
            _place_new(folder, temporary_path, name)
        else:
            folder.replace(temporary_path, name)
    except OSError as error:
        if is_full(error):
            raise
        raise SidecarLeft(f"it cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            folder.unlink(temporary_path)
    with suppress(OSError):
        stamp = stamp_of(folder.status(name))
        # Renaming changes the ctime.
        return stamp if stamp._replace(ctime_ns=written.ctime_ns) == written else None
    return None


def remove_sidecar(folder: OpenFolder, name: bytes, before: Sidecar) -> None:
    """Remove the sidecar *name*. Raises `SidecarLeft` if it is no longer *before* or cannot be removed."""
    _check(folder, name, before)
    try:
        folder.unlink(name)
    except OSError as error:
        raise SidecarLeft(f"it cannot be removed ({error.strerror or error})") from None


def is_full(error: OSError) -> bool:
    """Return whether the disk, or the user's share of it, is full."""
    return error.errno in _FULL


def temporary(name: bytes) -> bytes:
    """Name of the temporary file for *name*: a short hidden one, which a scan ignores."""
    return b".photos-%s.tmp" % hashlib.sha256(name).hexdigest()[:16].encode()


def remove_temporary(folder: OpenFolder, name: bytes) -> None:
    """Remove the temporary file of *name* that a killed process may have left."""
    with suppress(OSError):
        folder.unlink(temporary(name))


def _write(folder: OpenFolder, name: bytes, content: bytes, like: Sidecar | None) -> Stamp:
    with suppress(FileNotFoundError):
        folder.unlink(name)
    descriptor = folder.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(descriptor, "wb") as opened:
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


def _check(folder: OpenFolder, name: bytes, before: Sidecar | None) -> None:
    try:
        now = stamp_of(folder.status(name))
    except FileNotFoundError:
        now = None
    if now != (None if before is None else before.stamp):
        raise SidecarLeft("another program wrote it at the same moment")
    # Replacing needs write permission on the folder only, but a protected file must stay.
    if before is not None and not folder.is_writable(name):
        raise SidecarLeft("it is write-protected")


def _place_new(folder: OpenFolder, temporary_path: bytes, name: bytes) -> None:
    """Replace like `os.replace`, but never over a file that another program has just written."""
    try:
        folder.link(temporary_path, name)
    except FileExistsError:
        raise SidecarLeft("another program wrote it at the same moment") from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _check(folder, name, None)
        folder.replace(temporary_path, name)
    else:
        folder.unlink(temporary_path)
