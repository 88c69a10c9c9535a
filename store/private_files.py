"""Permissions of a library's files: its owner's alone, or where the owner shares it, those of its catalog.

A catalog holds past searches, captions and places. New files get the permissions of the catalog beside them, so a
library stays as private, or as shared, as its catalog is.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

#: The catalog's name in the folder of a library.
CATALOG_FILE: Final = "catalog.sqlite3"
#: Names of the caches of small pictures beside it.
THUMBNAILS_FILE: Final = "thumbnails.sqlite"
PREVIEWS_FILE: Final = "previews.sqlite"
_OWNER_FILE: Final = 0o600
_OWNER_FOLDER: Final = 0o700
#: Names of what a library's folder holds, and starts of the names of the catalog's own files and of unfinished ones.
_NAMES: Final = frozenset(
    {
        "describe.json",
        "describe.lock",
        "http-sessions.json",
        "http-token",
        "index",
        "moves.lock",
        "photos.sock",
        "sidecars.lock",
        "trial.lock",
        "watch.lock",
        "watch.json",
        "watch.log",
        "watch.log.1",
    }
)
_STARTS: Final = (
    CATALOG_FILE,
    THUMBNAILS_FILE,
    PREVIEWS_FILE,
    ".http-sessions.json.",
    ".http-token.",
    ".watch.json.",
    ".describe.json.",
)


def file_mode(folder: str | os.PathLike[str]) -> int:
    """Return the permissions of a new file in *folder*, a library's or one directly in it."""
    for place in (folder, os.path.dirname(os.path.abspath(folder))):
        with suppress(OSError):
            return os.stat(os.path.join(place, CATALOG_FILE)).st_mode & 0o666 | _OWNER_FILE
    return _OWNER_FILE


def write_private(path: Path, content: str) -> None:
    """Write *content*, ASCII, in place of the file at *path*, which only its owner can read. Raises `OSError`."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_FILE)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def as_catalog(path: str, flags: int) -> int:
    """Open a file that, if it is new, gets the permissions of the library that it is in; an `opener` for `open`."""
    return os.open(path, flags, file_mode(os.path.dirname(path)))


def make_folder(folder: Path) -> None:
    """Make a folder of a library, and those above it, if there is none. Raises `OSError`."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    mode = file_mode(folder)
    # Who may read the files may list them.
    folder.mkdir(mode=mode | (mode & 0o444) >> 2, exist_ok=True)


def make_catalog_file(path: Path) -> None:
    """Make an empty file for a catalog, its owner's alone, if there is none. SQLite's other files get its permissions.

    Raises no error: SQLite gives the reason when it cannot open the file.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_FILE))


def make_shared(path: Path) -> None:
    """Make an empty file for a catalog, and its folder, as the user's own settings for new files have it."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))


def tighten(library: Path) -> bool:
    """Take what other users may do with *library* from them. Returns True if they could do something.

    The folder itself keeps its permissions if it holds other things. Files that this user may not change stay.
    """
    changed, alone = False, True
    with suppress(OSError):
        for entry in _entries(library):
            if entry.name not in _NAMES and not entry.name.startswith(_STARTS):
                alone = False
                continue
            changed |= _close_to_others(entry.path, entry.stat(follow_symlinks=False))
            if entry.is_dir(follow_symlinks=False):
                for inner in _entries(entry.path):
                    changed |= _close_to_others(inner.path, inner.stat(follow_symlinks=False))
        if alone:
            changed |= _close_to_others(os.fspath(library), os.stat(library))
    return changed


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _close_to_others(path: str, status: os.stat_result) -> bool:
    if not status.st_mode & 0o077 or not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return False
    with suppress(OSError):
        # By its descriptor: another user who may write here could put a link in its place.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.fchmod(descriptor, status.st_mode & _OWNER_FOLDER)
            # Some file systems ignore it.
            return not os.fstat(descriptor).st_mode & 0o077
        finally:
            os.close(descriptor)
    return False
