"""The difference between a folder on disk and what the catalog knows of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple

from store import File, Outcome, Stamp

from .ignore import BadRule
from .scan import Found, Item, LeftOut, Unreadable
from .sidecars import is_sidecar

#: Size, times and inode, the last of which has no sign.
_STAMP = Struct("<qqqQ")
pack = _STAMP.pack


class Waiting(NamedTuple):
    """A file that was found and is to be read or linked: there may be a million of them in memory, so it is packed."""

    path: bytes
    packed: bytes
    #: As in `Found`.
    companion_of: bytes | None

    @property
    def stamp(self) -> Stamp:
        """As it was found."""
        return Stamp(*_STAMP.unpack(self.packed))


@dataclass(slots=True)
class Changes:
    """What one walk found."""

    #: New files, files whose stamp is another than the catalog's, and those that could not be read at all last time.
    to_read: list[Waiting] = field(default_factory=list)
    #: Companions, likewise, with the names of the files that they belong to.
    companions: list[Waiting] = field(default_factory=list)
    #: Pictures beside which a sidecar was changed or deleted: their facts are to be read again.
    to_refresh: list[bytes] = field(default_factory=list)
    #: How many of those to be read are as they were at the last look: they failed, or stand alone.
    again: int = 0
    #: Ids of files that are no longer there.
    gone: list[int] = field(default_factory=list)
    #: The stamps that those had, packed: where one has another by now, the file came back meanwhile.
    stamps: dict[int, bytes] = field(default_factory=dict)
    #: Ids of files that the user's rules leave out by now.
    left_out: list[int] = field(default_factory=list)
    unchanged: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    bad_rules: list[BadRule] = field(default_factory=list)
    #: The folder itself cannot be listed, or what was in it is not there at all: nothing may be concluded from it.
    is_offline: bool = False


def compare(
    walk: Iterable[Item], known: Iterable[File], *, is_elsewhere: bool = False, is_part: bool = False
) -> Changes:
    """What *walk* of a folder says about the *known* files of it.

    Files below a folder that could not be listed are not gone. A folder in which nothing at all is left, and which
    held files before, is taken for a disk that is not there; so is one that lies on another device than before
    (*is_elsewhere*) with none of its files. Where walk and files are only a part of the folder (*is_part*), it
    may well be empty.
    """
    by_path = {file.path: _slim(file) for file in known}
    changes = Changes()
    before = len(by_path)
    left_out: set[bytes] = set()
    found_any = False
    for item in walk:
        match item:
            case Found():
                found_any = True
                _note(changes, item, by_path.pop(item.path, None))
            case LeftOut():
                found_any = True
                left_out.add(item.path)
            case BadRule():
                changes.bad_rules.append(item)
            case Unreadable():
                changes.unreadable.append(item)
    is_empty = before > 0 and not found_any and not is_part
    is_another = is_elsewhere and before > 0 and len(by_path) == before
    changes.is_offline = is_empty or is_another or any(item.path == b"" for item in changes.unreadable)
    if not changes.is_offline:
        _conclude(changes, by_path, left_out)
    return changes


class _Slim(NamedTuple):
    """What is needed of a known file: there may be a million of them in memory. The stamp is packed."""

    id: int
    stamp: bytes
    is_failed: bool
    companion_of: bytes | None


def _slim(file: File) -> _Slim:
    return _Slim(file.id, pack(*file.stamp), file.outcome is Outcome.FAILED, file.companion_of)


def _note(changes: Changes, found: Found, file: _Slim | None) -> None:
    # Disks and shares fail without the file's changing, so a file that could not be read is always tried again.
    packed = pack(*found.stamp)
    if file is not None and file.stamp == packed and file.companion_of == found.companion_of and not file.is_failed:
        changes.unchanged += 1
        return
    changes.again += file is not None and file.stamp == packed
    if found.companion_of is None:
        changes.to_read.append(Waiting(found.path, packed, None))
        return
    changes.companions.append(Waiting(found.path, packed, found.companion_of))
    if is_sidecar(found.path):
        changes.to_refresh.append(os.path.join(os.path.dirname(found.path), found.companion_of))


def _conclude(changes: Changes, missing: Mapping[bytes, _Slim], left_out: set[bytes]) -> None:
    hidden = tuple(item.path + b"/" for item in changes.unreadable)
    folders = tuple(path for path in left_out if not path or path.endswith(b"/"))
    for path, file in missing.items():
        if path.startswith(hidden):
            continue
        is_ruled = path in left_out or path.startswith(folders)
        (changes.left_out if is_ruled else changes.gone).append(file.id)
        changes.stamps[file.id] = file.stamp
        if file.companion_of is not None and is_sidecar(path):
            changes.to_refresh.append(os.path.join(os.path.dirname(path), file.companion_of))
