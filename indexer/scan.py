"""Walks a folder. It says what is there, and nothing about what that means."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from store import Stamp

from .ignoring import NO_MEDIA, RULES_FILE, BadRule, Rules, is_clutter, read_rules


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path relative to the folder, and its stamp."""

    path: bytes
    stamp: Stamp


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


def scan(folder: bytes, excludes: Sequence[str] = ()) -> Iterator[Item]:
    """Every file below *folder*, absolute, that is not clutter, and what rules leave out.

    *excludes* are patterns for the whole folder; `.photosignore` and `.nomedia` files are heeded. Links to folders are
    not followed. A folder that cannot be listed is yielded as such, and does not end the walk.
    """
    pending = [(b"", Rules.of(excludes))]
    while pending:
        below, rules = pending.pop()
        try:
            with os.scandir(os.path.join(folder, below)) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Unreadable(below, error.strerror or str(error))
            continue
        names = {entry.name for entry in listed}
        if NO_MEDIA in names:
            yield LeftOut(below + b"/" if below else b"")
            continue
        if RULES_FILE in names:
            shown = os.path.join(below, RULES_FILE)
            try:
                spec, bad = read_rules(os.path.join(folder, shown), shown)
            except OSError as error:
                # What it keeps out may be private, so without it nothing below is touched.
                yield Unreadable(below, f"its .photosignore cannot be read: {error.strerror or error}")
                continue
            yield from bad
            rules = rules.within(below, spec)
        for entry in listed:
            yield from _look_at(entry, os.path.join(below, entry.name), rules, pending)


def _look_at(
    entry: os.DirEntry[bytes], path: bytes, rules: Rules, pending: list[tuple[bytes, Rules]]
) -> Iterator[Found | LeftOut]:
    try:
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_clutter(entry.name, is_folder=is_folder):
            return
        if rules.leave_out(path, is_folder=is_folder):
            yield LeftOut(path + b"/" if is_folder else path)
        elif is_folder:
            pending.append((path, rules))
        else:
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                yield Found(path, stamp_of(status))
    except OSError:
        # Gone since it was listed, or a link that leads nowhere.
        return


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file with that *status*."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
