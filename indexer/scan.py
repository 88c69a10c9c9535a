"""Walks a folder. It says what is there, and nothing about what that means."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from store import Stamp

#: Folders that programs keep beside pictures; hidden ones are left out by their dot.
_IGNORED_FOLDERS = frozenset(
    {b"@eaDir", b"#recycle", b"$RECYCLE.BIN", b"System Volume Information", b"__MACOSX", b"lost+found"}
)
_IGNORED_FILES = frozenset({b"thumbs.db", b"ehthumbs.db", b"desktop.ini"})


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path relative to the folder, and its stamp."""

    path: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A folder below the one that is walked, or that one itself (an empty path), that could not be listed."""

    path: bytes
    reason: str


def scan(folder: bytes) -> Iterator[Found | Unreadable]:
    """Every file below *folder*, absolute, that is not ignored. Links to folders are not followed.

    A folder that cannot be listed is yielded as such, and does not end the walk.
    """
    pending = [b""]
    while pending:
        below = pending.pop()
        try:
            with os.scandir(os.path.join(folder, below)) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Unreadable(below, error.strerror or str(error))
            continue
        for entry in listed:
            path = os.path.join(below, entry.name)
            try:
                if entry.is_dir(follow_symlinks=False):
                    if not _is_ignored_folder(entry.name):
                        pending.append(path)
                elif not _is_ignored_file(entry.name):
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        yield Found(path, stamp_of(status))
            except OSError:
                # Gone since it was listed, or a link that leads nowhere.
                continue


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file with that *status*."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _is_ignored_folder(name: bytes) -> bool:
    return name.startswith(b".") or name in _IGNORED_FOLDERS


def _is_ignored_file(name: bytes) -> bool:
    return name.startswith(b".") or name.lower() in _IGNORED_FILES
