"""Folders of a library: adding, moving and removing them, and paths as the user names them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from indexer import anchored, is_pattern
from photos.errors import BadPattern, MissingFolder, UnknownFolder
from photos.library import OpenLibrary
from photos.operations.file_places import follow_files
from photos.thumbnails.upkeep import drop_gone
from store import File, Folder, Transaction
from store.paths import is_inside

#: Known files that are looked for to recognise a renamed folder.
_COMPARED = 20


@dataclass(frozen=True, slots=True)
class RemoveResult:
    """A removed folder: its absolute path, and the number of photos that went with it and that are left.

    `within` are folders inside it that were once added by themselves, absolute: they went with it.
    """

    path: bytes
    removed: int
    left: int
    within: tuple[bytes, ...] = ()


def remove(library: OpenLibrary, folder: str, *, dry_run: bool = False) -> RemoveResult:
    """Remove *folder* from the library. The folder on disk, and the embeddings and tags of its photos, stay.

    Their thumbnails and previews do not.

    A dry run removes nothing. Raises `UnknownFolder`.
    """
    path = absolute(folder)
    if library.is_new:
        raise UnknownFolder(folder, ())
    if dry_run:
        with library.catalog.read() as t:
            known = registered(t, path)
            removed = t.folders.photos_only_in(known.id)
            return RemoveResult(path, removed, t.photos.count() - removed, t.folders.within(known))
    with library.catalog.write() as t:
        known = registered(t, path)
        before, within = t.photos.count(), t.folders.within(known)
        t.folders.remove(known.id)
        left = t.photos.count()
    drop_gone(library)
    follow_files(library)
    return RemoveResult(path, before - left, left, within)


def checked(path: str) -> bytes:
    """The absolute path of a folder that exists and can be read. Raises `MissingFolder`."""
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
    """*path* from the root on, as the system's bytes. Links are not resolved: they are the user's names."""
    return os.fsencode(os.path.abspath(path))


def check_patterns(patterns: Sequence[str]) -> None:
    """Raise `BadPattern` for the first of *patterns* that is none of the .gitignore syntax."""
    for pattern in patterns:
        if not is_pattern(pattern):
            raise BadPattern(pattern)


def register(t: Transaction, path: bytes, excludes: Sequence[str] = ()) -> Folder:
    """Register the folder at *path*, or find the registered one around it, with the patterns of `plan_folder`."""
    place, patterns = plan_folder(t.folders.all(), path, excludes)
    folder = t.folders.find(place) or t.folders.add(place)
    if place != path:
        t.folders.note_within(folder, path)
    t.folders.exclude(folder.id, patterns)
    return replace(folder, excludes=patterns)


def plan_folder(registered: Sequence[Folder], path: bytes, excludes: Sequence[str]) -> tuple[bytes, tuple[str, ...]]:
    """Return the folder that is registered to add *path*, itself or the *registered* one around it, and its patterns.

    *excludes*, if any, are the patterns of *path*; an empty one means none. Patterns of registered folders within keep
    their meaning.
    """
    given = [pattern for pattern in excludes if pattern]
    outer = next((each for each in registered if is_inside(path, each.path)), None)
    if outer is not None:
        return outer.path, tuple(dict.fromkeys([*outer.excludes, *_anchored(given, path, outer.path)]))
    known = next((each.excludes for each in registered if each.path == path), ())
    patterns = list(given if excludes else known)
    for inner in registered:
        if is_inside(inner.path, path):
            patterns += _anchored(inner.excludes, inner.path, path)
    return path, tuple(dict.fromkeys(patterns))


def move(t: Transaction, old: bytes, new: bytes) -> Folder:
    """Change the path of the registered folder *old* to *new*.

    Raises `UnknownFolder`, and `FolderCovered` if *new* overlaps another registered folder.
    """
    folder = registered(t, old)
    t.folders.move(folder.id, new)
    t.sidecars.move(old, new)
    t.slots.move(old, new)
    trial = t.library.trial()
    if trial is not None and trial.folder is not None and (trial.folder == old or is_inside(trial.folder, old)):
        t.library.set_trial(replace(trial, folder=new.rstrip(b"/") + trial.folder[len(old.rstrip(b"/")) :]))
    return replace(folder, path=new, device=None)


def whereabouts(t: Transaction, folder: Folder) -> bytes | None:
    """Return the directory beside a *folder* that is not there any more that holds its files; None if there is none.

    So a renamed folder is recognised: some of its files are there under the same names with the same sizes.
    """
    known = list(islice(t.files.known(folder.id), _COMPARED))
    if not known or os.path.isdir(folder.path):
        return None
    parent = os.path.dirname(folder.path.rstrip(b"/"))
    try:
        with os.scandir(parent) as entries:
            beside = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return None
    return next((path for path in beside if _holds(path, known)), None)


def _holds(path: bytes, known: Sequence[File]) -> bool:
    """Return whether most of the *known* files lie below *path*."""
    held = 0
    for file in known:
        with suppress(OSError):
            held += os.stat(os.path.join(path, file.path)).st_size == file.stamp.size
    return 2 * held > len(known)


def all_folders(library: OpenLibrary) -> list[Folder]:
    """The folders that were added, of a library that exists."""
    with library.catalog.read() as t:
        return t.folders.all()


def registered(t: Transaction, path: bytes) -> Folder:
    """The folder registered as *path*. Raises `UnknownFolder`."""
    folder = t.folders.find(path)
    if folder is None:
        raise UnknownFolder(os.fsdecode(path), tuple(os.fsdecode(each.path) for each in t.folders.all()))
    return folder


def scope(t: Transaction, path: str) -> bytes:
    """The absolute *path* of a folder to limit an operation to: registered, inside a registered one, or around one.

    Raises `UnknownFolder`, or `MissingFolder` if a registered folder has no such folder in it.
    """
    wanted = absolute(path)
    is_known = False
    for folder in t.folders.all():
        if folder.path == wanted or is_inside(folder.path, wanted):
            return wanted
        is_known = is_known or is_inside(wanted, folder.path)
    if not is_known:
        raise UnknownFolder(path, tuple(os.fsdecode(each.path) for each in t.folders.all()))
    # The disk may be unmounted. A name that neither the disk nor the catalog has is a typing error.
    if not os.path.isdir(wanted) and not t.scopes.holds(wanted):
        raise MissingFolder(path, "does not exist; check the name")
    return wanted


def is_offline(path: bytes, files: int) -> bool:
    """Return whether the folder, with *files* known files, is missing, unreadable, or suddenly empty."""
    try:
        with os.scandir(path) as entries:
            return files > 0 and next(entries, None) is None
    except OSError:
        return True


def _anchored(patterns: Sequence[str], path: bytes, outer: bytes) -> list[str]:
    below = os.fsdecode(os.path.relpath(path, outer))
    return [anchored(pattern, below) for pattern in patterns]
