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
    """A part of a folder: what lies at `path`, relative, itself, or if `is_deep`, anywhere below it."""

    path: bytes
    is_deep: bool


_MOST = (1 << 63) - 1
#: All of a folder.
WHOLE = Subtree(b"", is_deep=True)


class Found(NamedTuple):
    """A file: its path relative to the folder, its stamp, and if it is a companion, the name of its main file."""

    path: bytes
    stamp: Stamp
    companion_of: bytes | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that the user's rules leave out; or a folder with all below it, whose path ends with a slash.

    The folder that is walked itself is an empty path.
    """

    path: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A folder below the one that is walked, or that one itself (an empty path), that could not be listed."""

    path: bytes
    reason: str


Item = Found | LeftOut | Unreadable | BadRule


def scan(
    folder: bytes, excludes: Sequence[str] = (), within: Subtree = WHOLE, *, pair: bool = True, follow: bool = False
) -> Iterator[Item]:
    """Every file below *folder*, absolute, that is not clutter, and what rules leave out.

    *excludes* are patterns for the whole folder; `.photosignore` and `.nomedia` files are heeded. Links to folders
    are not followed, unless *follow*: then those that lead out of the folder are, and to each place once.

    A folder that cannot be listed is yielded as such, and does not end the walk; one that is not there
    (other than *folder* itself) is empty. Only what lies *within* is looked at. Companions are told
    unless *pair* is off.
    """
    rules = _rules_on_the_way(folder, within.path, Rules.of(excludes), follow=follow)
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
            # A part that is asked for may be gone; what its folder has just listed is not, unless a disk went.
            if below != within.path or not below or not isinstance(error, FileNotFoundError | NotADirectoryError):
                yield Unreadable(below, error.strerror or str(error))
            continue
        here, bad = _rules_of(folder, below, rules, {entry.name for entry in listed})
        yield from bad
        if not isinstance(here, Rules):
            yield here
            continue
        items, folders = _look_through(listed, below, here, links, pair=pair)
        yield from items
        pending += [(path, here) for path in folders]
        if not within.is_deep:
            return


def _look_through(
    listed: Sequence[os.DirEntry[bytes]], below: bytes, rules: Rules, links: _Links | None, *, pair: bool
) -> tuple[list[Item], list[bytes]]:
    """What is to be said of the entries of *below*, and the folders to walk next."""
    start = below + b"/" if below else b""
    items: list[Item] = []
    folders: list[bytes] = []
    files: dict[bytes, Found] = {}
    for entry in listed:
        item = _look_at(entry, start + entry.name, rules, links)
        if isinstance(item, Found):
            files[entry.name] = item
        elif isinstance(item, Subtree):
            folders.append(item.path)
        elif item is not None:
            items.append(item)
    if pair:
        files |= {name: files[name]._replace(companion_of=main) for name, main in companions(files).items()}
    return [*items, *files.values()], folders


def _rules_of(
    folder: bytes, below: bytes, rules: Rules, names: Container[bytes]
) -> tuple[Rules | LeftOut | Unreadable, list[BadRule]]:
    """What counts in *below*, in which *rules* of the folders above count too."""
    if NO_MEDIA in names:
        return LeftOut(below + b"/" if below else b""), []
    if RULES_FILE not in names:
        return rules, []
    shown = os.path.join(below, RULES_FILE)
    try:
        spec, bad = read_rules(os.path.join(folder, shown), shown)
    except OSError as error:
        # What it keeps out may be private, so without it nothing below is touched.
        return Unreadable(below, f"its .photosignore cannot be read: {error.strerror or error}"), []
    return rules.within(below, spec), bad


def _rules_on_the_way(folder: bytes, path: bytes, rules: Rules, *, follow: bool) -> Rules | LeftOut | Unreadable:
    """What counts above *path*, or what on the way to it is left out or closed."""
    below = b""
    for name in path.split(b"/") if path else ():
        place = os.path.join(folder, below)
        names = {each for each in (NO_MEDIA, RULES_FILE) if os.path.lexists(os.path.join(place, each))}
        here, _ = _rules_of(folder, below, rules, names)
        if not isinstance(here, Rules):
            return here
        rules, below = here, os.path.join(below, name)
        if not follow and os.path.islink(os.path.join(folder, below)):
            return LeftOut(below + b"/")
        if is_clutter(name, is_folder=True) or rules.leave_out(below, is_folder=True):
            return LeftOut(below + b"/")
    return rules


def _look_at(
    entry: os.DirEntry[bytes], path: bytes, rules: Rules, links: _Links | None
) -> Found | LeftOut | Subtree | None:
    """What *entry*, at *path*, is: a file, something that is left out, a folder to walk, or nothing of interest."""
    try:
        is_folder = entry.is_dir(follow_symlinks=links is not None)
        if is_clutter(entry.name, is_folder=is_folder):
            return None
        if rules.leave_out(path, is_folder=is_folder):
            return LeftOut(path + b"/" if is_folder else path)
        if is_folder:
            return Subtree(path, is_deep=True) if links is None or links.is_new(entry) else None
        status = entry.stat()
        return Found(path, stamp_of(status)) if stat.S_ISREG(status.st_mode) else None
    except OSError:
        # Gone since it was listed, or a link that leads nowhere.
        return None


class _Links:
    """Which folders a walk that follows links has come to: each is walked once, by whatever name it was reached."""

    def __init__(self, folder: bytes) -> None:
        self._root = os.path.join(os.path.realpath(folder), b"")
        self._seen: set[tuple[int, int]] = set()

    def is_new(self, entry: os.DirEntry[bytes]) -> bool:
        # What lies within has a name of its own, and keeps it whatever links there are to it.
        if entry.is_symlink() and os.path.join(os.path.realpath(entry.path), b"").startswith(self._root):
            return False
        status = entry.stat()
        place = status.st_dev, status.st_ino
        if place in self._seen:
            return False
        self._seen.add(place)
        return True


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file with that *status*. Times beyond the year 2262 are that year's: databases hold 64 bits."""
    mtime, ctime = status.st_mtime_ns, status.st_ctime_ns
    if not (-_MOST <= mtime <= _MOST and -_MOST <= ctime <= _MOST):
        mtime, ctime = (max(-_MOST, min(moment, _MOST)) for moment in (mtime, ctime))
    return Stamp(status.st_size, mtime, ctime, status.st_ino)
