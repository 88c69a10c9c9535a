"""Moving one file on disk: never over another one, and never so that a crash loses it.

The file gets its new name before it loses the old one. On another file system it is copied under a hidden name, synced,
and compared with its content first.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Final

from store.fsync import sync
from store.open_file import open_file

#: Errors of file systems without hard links.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL, errno.EACCES})
_CHUNK: Final = 1 << 20
#: What holds a name until the file takes it, on file systems without hard links.
_HELD: Final = b"photos moves a file here\n"


class Place(Enum):
    """The place of a file whose move may have been killed."""

    OLD = "old"
    NEW = "new"
    #: Neither: its disk may be away.
    UNKNOWN = "unknown"


class FileLeft(Exception):
    """A file was left where it is. `reason` completes "FILE is left: …"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_file(path: bytes, size: int, mtime_ns: int, content_hash: bytes | None = None) -> None:
    """Check that the regular file at *path* is the one that is known. Raises `FileLeft`.

    With *content_hash*, its SHA-256, another time does not matter if the content is the same: some file systems round.
    """
    try:
        status = os.lstat(path)
    except OSError as error:
        raise FileLeft("it is not there now" if isinstance(error, FileNotFoundError) else _reason(error)) from None
    if stat.S_ISLNK(status.st_mode):
        raise FileLeft("it is a link to another file")
    if not stat.S_ISREG(status.st_mode):
        raise FileLeft("it is no regular file")
    if status.st_size == size and status.st_mtime_ns == mtime_ns:
        return
    if status.st_size != size or content_hash is None or digest(path) != content_hash:
        raise FileLeft("it has changed since")


def move_file(old: bytes, new: bytes, content_hash: bytes) -> None:
    """Move the file at *old* to *new*, where there is none. Raises `FileLeft`; the file is then at *old*, complete."""
    try:
        try:
            remains = _place(old, new)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(old, new, content_hash)
            remains = True
        _sync_folder(new)
        if remains:
            _unlink_old(old, new)
        _sync_folder(old)
    except FileExistsError:
        raise FileLeft("there is another file at its new place") from None
    except OSError as error:
        raise FileLeft(_reason(error)) from None


def _unlink_old(old: bytes, new: bytes) -> None:
    """Take the old name from a file that has both. It keeps the old one alone where that cannot be."""
    try:
        os.unlink(old)
    except OSError:
        with suppress(OSError):
            if os.path.lexists(old):
                os.unlink(new)
        raise


def end_killed_move(old: bytes, new: bytes, content_hash: bytes) -> Place:
    """Bring a move that may have been killed to an end, and return where the file is.

    Where both are there, the file stays at *old*; what is at *new* is removed if it is the same content.
    """
    with suppress(OSError):
        place, name = os.path.split(new)
        os.unlink(os.path.join(place, _temporary(name)))
    if not os.path.lexists(old):
        return Place.NEW if os.path.lexists(new) else Place.UNKNOWN
    with suppress(OSError):
        if os.path.samestat(os.lstat(old), os.lstat(new)) or _is_ours(new, old, content_hash):
            os.unlink(new)
    return Place.OLD


def _is_ours(new: bytes, old: bytes, content_hash: bytes) -> bool:
    found = digest(new)
    return found == hashlib.sha256(_HELD).digest() or found == content_hash == digest(old)


def digest(path: bytes) -> bytes:
    """Return the SHA-256 of the regular file at *path*. Raises `OSError`."""
    with open_file(path) as opened:
        return _copied(opened, None)


def _place(old: bytes, new: bytes) -> bool:
    """Give the file at *old* the name *new*, and return whether it keeps the old one. Raises `OSError`."""
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        return True
    # A file of ours holds the name, so that nothing else is replaced.
    with open(new, "xb") as held:
        held.write(_HELD)
        ours = os.fstat(held.fileno())
    try:
        os.replace(old, new)
    except BaseException:
        # A signal may come when the file is there already.
        with suppress(OSError):
            if os.path.lexists(old) and os.path.samestat(os.lstat(new), ours):
                os.unlink(new)
        raise
    return False


def _copy(old: bytes, new: bytes, content_hash: bytes) -> None:
    """Make a durable copy of the file at *old*. Raises `OSError`, and `FileLeft` if *old* is another content now."""
    place, name = os.path.split(new)
    temporary = os.path.join(place, _temporary(name))
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    try:
        before = os.lstat(old)
        with open_file(old) as source, open(temporary, "xb") as target:
            copied = _copied(source, target)
            target.flush()
            os.fsync(target.fileno())
        after = os.lstat(old)
        is_same = os.path.samestat(before, after) and before.st_mtime_ns == after.st_mtime_ns
        if copied != content_hash or not is_same:
            raise FileLeft("it has changed since")
        with suppress(OSError):
            shutil.copystat(old, temporary)
        _place(temporary, new)
    finally:
        with suppress(OSError):
            os.unlink(temporary)


def _copied(source: BinaryIO, target: BinaryIO | None) -> bytes:
    """Copy *source* to *target*, if there is one, and return the SHA-256 of what was read."""
    hashed = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        hashed.update(chunk)
        if target is not None:
            target.write(chunk)
    return hashed.digest()


def _temporary(name: bytes) -> bytes:
    """Name of the hidden file that becomes *name*; scans ignore it."""
    return b".photos-%s.tmp" % hashlib.sha256(name).hexdigest()[:16].encode()


def _sync_folder(path: bytes) -> None:
    """Make the names beside *path* survive a power cut. Some file systems cannot."""
    with suppress(OSError):
        sync(Path(os.fsdecode(os.path.dirname(path))))


def _reason(error: OSError) -> str:
    return f"it cannot be moved ({error.strerror or error})"
