"""Folders as the user names them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from indexer import anchored
from photos.errors import MissingFolder, UnknownFolder
from store import Folder, FolderCovered, Transaction


def checked(path: str) -> bytes:
    """The absolute path of a folder that is there and can be read. Raises `MissingFolder`."""
    try:
        with os.scandir(path):
            pass
    except NotADirectoryError:
        raise MissingFolder(path, "is a file; give the folder that it is in") from None
    except PermissionError:
        raise MissingFolder(path, "cannot be read; check its permissions") from None
    except (OSError, ValueError):
        raise MissingFolder(path, "does not exist; check the name, and that its disk is there") from None
    return absolute(path)


def absolute(path: str) -> bytes:
    """*path* from the root on, as the system's bytes. Links are kept: they are the user's names."""
    return os.fsencode(os.path.abspath(path))


def register(t: Transaction, path: bytes, excludes: Sequence[str] = ()) -> Folder:
    """The registered folder at *path*, or the one that it lies in, with *excludes* as its patterns if there are any.

    An empty pattern stands for none. Patterns of registered folders within keep their meaning.
    """
    given = [pattern for pattern in excludes if pattern]
    within = [folder for folder in t.folders.all() if folder.path.startswith(path.rstrip(b"/") + b"/")]
    try:
        folder = t.folders.add(path)
        kept = list(given if excludes else folder.excludes)
        kept += [each for inner in within for each in _anchored(inner.excludes, inner.path, path)]
    except FolderCovered as covered:
        outer = t.folders.find(covered.by)
        assert outer is not None
        folder, kept = outer, [*outer.excludes, *_anchored(given, path, outer.path)]
    t.folders.exclude(folder.id, list(dict.fromkeys(kept)))
    return replace(folder, excludes=tuple(dict.fromkeys(kept)))


def move(t: Transaction, old: bytes, new: bytes) -> Folder:
    """The folder that was added as *old*, which is at *new* from now on.

    Raises `UnknownFolder`, and `FolderCovered` if *new* has to do with another registered folder.
    """
    folder = registered(t, old)
    t.folders.move(folder.id, new)
    t.sidecars.move(old, new)
    t.slots.move(old, new)
    return replace(folder, path=new, device=None)


def _anchored(patterns: Sequence[str], path: bytes, outer: bytes) -> list[str]:
    below = os.fsdecode(os.path.relpath(path, outer))
    return [anchored(pattern, below) for pattern in patterns]


def registered(t: Transaction, path: bytes) -> Folder:
    """The folder that was added as *path*. Raises `UnknownFolder`."""
    folder = t.folders.find(path)
    if folder is None:
        raise UnknownFolder(os.fsdecode(path), tuple(os.fsdecode(each.path) for each in t.folders.all()))
    return folder


def scope(t: Transaction, path: str) -> bytes:
    """The absolute *path* of a folder that photos can be asked for below: registered, in such a one, or around one.

    Raises `UnknownFolder`, or `MissingFolder` if there is no such folder in it.
    """
    wanted = absolute(path)
    around = wanted.rstrip(b"/") + b"/"
    is_known = False
    for folder in t.folders.all():
        if folder.path == wanted or folder.path.startswith(around):
            return wanted
        is_known = is_known or wanted.startswith(folder.path.rstrip(b"/") + b"/")
    if not is_known:
        raise UnknownFolder(path, tuple(os.fsdecode(each.path) for each in t.folders.all()))
    # The disk may be elsewhere, but a name that is nowhere is a slip of the pen.
    if not os.path.isdir(wanted) and not t.scopes.holds(wanted):
        raise MissingFolder(path, "does not exist; check the name")
    return wanted


def is_offline(path: bytes, files: int) -> bool:
    """Whether the folder, in which *files* are known, is missing, unreadable, or suddenly empty."""
    try:
        with os.scandir(path) as entries:
            return files > 0 and next(entries, None) is None
    except OSError:
        return True
