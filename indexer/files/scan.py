"""Walks a folder. It says what is there, and nothing about what that means."""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from store import Stamp

from .companions import companions
from .ignore import NO_MEDIA, RULES_FILE, BadRule, Rules, is_clutter, read_rules


@dataclass(frozen=True, slots=True)
class Subtree:
    """A part of a folder: the files directly in `path`, relative, or if `is_deep`, anywhere below it."""

    path: bytes
    is_deep: bool


_MOST = (1 << 63) - 1
#: All of a folder.
WHOLE = Subtree(b"", is_deep=True)


class FoundFile(NamedTuple):
    """A file: its path relative to the folder, its stamp, and for a companion the name of its main file."""

    path: bytes
    stamp: Stamp
    companion_of: bytes | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that the user's rules leave out, or a folder with all below it, whose path ends with a slash.

    An empty path is the walked folder itself.
    """

    path: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A folder that could not be listed: the walked one (an empty path) or one below it."""

    path: bytes
    reason: str


Item = FoundFile | LeftOut | Unreadable | BadRule


def scan(
    folder: bytes, excludes: Sequence[str] = (), within: Subtree = WHOLE, *, pair: bool = True, follow: bool = False
) -> Iterator[Item]:
    """Walk *folder*, absolute, and yield its files without clutter, and the paths that rules leave out.

    *excludes* are patterns for the whole folder; `.photosignore` and `.nomedia` files apply too. Links to folders are
    followed only with *follow*: then those that lead out of the folder, to each place once.

    A folder that cannot be listed is yielded as `Unreadable` and does not end the walk; a missing one (other than
    *folder* itself) counts as empty. Only the part *within* is walked. Companions are marked, with
    *pair* off only sidecars.
    """
    rules = _rules_above(folder, within.path, Rules.of(excludes), follow=follow)
    if not isinstance(rules, Rules):
        yield rules
        return
    links = _Links(folder) if follow else None
    pending = [(within.path, rules)]
    while pending:
        below, rules = pending.pop()
        try:
            with os.scandir(os.path.join(folder, below)) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            # The requested part may be gone; a folder that was just listed is not, unless its disk is.
            if below != within.path or not below or not isinstance(error, FileNotFoundError | NotADirectoryError):
                yield Unreadable(below, error.strerror or str(error))
            continue
        here, bad = _rules_of(folder, below, rules, {entry.name for entry in listed})
        yield from bad
        if not isinstance(here, Rules):
            yield here
            continue
        items, folders = _items_in(listed, below, here, links, pair=pair)
        yield from items
        pending += [(path, here) for path in folders]
        if not within.is_deep:
            return


def _items_in(
    listed: Sequence[os.DirEntry[bytes]], below: bytes, rules: Rules, links: _Links | None, *, pair: bool
) -> tuple[list[Item], list[bytes]]:
    """Items for the entries of the folder *below*, and the folders to walk next."""
    start = below + b"/" if below else b""
    items: list[Item] = []
    folders: list[bytes] = []
    files: dict[bytes, FoundFile] = {}
    for entry in listed:
        item = _item_of(entry, start + entry.name, rules, links)
        if isinstance(item, FoundFile):
            files[entry.name] = item
        elif isinstance(item, Subtree):
            folders.append(item.path)
        elif item is not None:
            items.append(item)
    mains = companions(files, of_pictures=pair)
    files |= {name: files[name]._replace(companion_of=main) for name, main in mains.items()}
    return [*items, *files.values()], folders


def _rules_of(
    folder: bytes, below: bytes, rules: Rules, names: Container[bytes]
) -> tuple[Rules | LeftOut | Unreadable, list[BadRule]]:
    """Rules in the folder *below*, added to *rules* of the folders above."""
    if NO_MEDIA in names:
        return LeftOut(below + b"/" if below else b""), []
    if RULES_FILE not in names:
        return rules, []
    shown = os.path.join(below, RULES_FILE)
    try:
        patterns, bad = read_rules(os.path.join(folder, shown), shown)
    except OSError as error:
        # It may keep private pictures out, so without it nothing below is read.
        return Unreadable(below, f"its .photosignore cannot be read: {error.strerror or error}"), []
    return rules.within(below, patterns), bad


def _rules_above(folder: bytes, path: bytes, rules: Rules, *, follow: bool) -> Rules | LeftOut | Unreadable:
    """Rules of the folders above *path*, or the one of them that is left out or unreadable."""
    below = b""
    for name in path.split(b"/") if path else ():
        full = os.path.join(folder, below)
        names = {each for each in (NO_MEDIA, RULES_FILE) if os.path.lexists(os.path.join(full, each))}
        here, _ = _rules_of(folder, below, rules, names)
        if not isinstance(here, Rules):
            return here
        rules, below = here, os.path.join(below, name)
        if not follow and os.path.islink(os.path.join(folder, below)):
            return LeftOut(below + b"/")
        if is_clutter(name, is_folder=True) or rules.leave_out(below, is_folder=True):
            return LeftOut(below + b"/")
    return rules


def _item_of(
    entry: os.DirEntry[bytes], path: bytes, rules: Rules, links: _Links | None
) -> FoundFile | LeftOut | Subtree | None:
    """Return *entry*, at *path*, as a file, a left-out path, a folder to walk, or None for anything else."""
    try:
        is_folder = entry.is_dir(follow_symlinks=links is not None)
        if is_clutter(entry.name, is_folder=is_folder):
            return None
        if rules.leave_out(path, is_folder=is_folder):
            return LeftOut(path + b"/" if is_folder else path)
        if is_folder:
            return Subtree(path, is_deep=True) if links is None or links.is_new(entry) else None
        status = entry.stat()
        return FoundFile(path, stamp_of(status)) if stat.S_ISREG(status.st_mode) else None
    except OSError:
        # Gone since it was listed, or a broken link.
        return None


class _Links:
    """Folders that a walk with links has visited: each is walked once, by any of its names."""

    def __init__(self, folder: bytes) -> None:
        self._root = os.path.join(os.path.realpath(folder), b"")
        self._seen: set[tuple[int, int]] = set()

    def is_new(self, entry: os.DirEntry[bytes]) -> bool:
        # A folder inside the walked one keeps its own path, whatever links there are to it.
        if entry.is_symlink() and os.path.join(os.path.realpath(entry.path), b"").startswith(self._root):
            return False
        status = entry.stat()
        identity = status.st_dev, status.st_ino
        if identity in self._seen:
            return False
        self._seen.add(identity)
        return True


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file with that *status*. Times beyond the year 2262 are clamped to 64 bits, for the database."""
    mtime, ctime = status.st_mtime_ns, status.st_ctime_ns
    if not (-_MOST <= mtime <= _MOST and -_MOST <= ctime <= _MOST):
        mtime, ctime = (max(-_MOST, min(moment, _MOST)) for moment in (mtime, ctime))
    return Stamp(status.st_size, mtime, ctime, status.st_ino)


def device_and_inode(path: bytes) -> tuple[int, int] | None:
    """Device and inode of *path*; None if nothing is there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
