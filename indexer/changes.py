"""The difference between a folder on disk and what the catalog knows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from store import File, Outcome

from .scan import Found, Unreadable


@dataclass(slots=True)
class Changes:
    """What one walk found."""

    #: New files, files whose stamp is another than the catalog's, and those that could not be read at all last time.
    to_read: list[Found] = field(default_factory=list)
    #: Ids of files that are no longer there.
    gone: list[int] = field(default_factory=list)
    unchanged: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    #: The folder itself cannot be listed, or is suddenly empty: nothing may be concluded from it.
    is_offline: bool = False


def compare(walk: Iterable[Found | Unreadable], known: Iterable[File]) -> Changes:
    """What *walk* of a folder says about the *known* files of it.

    Files below a folder that could not be listed are not gone. A folder in which nothing at all is left, and which
    held files before, is taken for a disk that is not there.
    """
    by_path = {file.path: file for file in known}
    held_files = bool(by_path)
    changes = Changes()
    found_any = False
    for item in walk:
        if isinstance(item, Unreadable):
            changes.unreadable.append(item)
            continue
        found_any = True
        file = by_path.pop(item.path, None)
        # Disks and shares fail without the file's changing, so a file that could not be read is always tried again.
        if file is not None and file.stamp == item.stamp and file.outcome is not Outcome.FAILED:
            changes.unchanged += 1
        else:
            changes.to_read.append(item)
    root_unreadable = any(item.path == b"" for item in changes.unreadable)
    changes.is_offline = root_unreadable or (held_files and not found_any)
    if not changes.is_offline:
        hidden = tuple(item.path + b"/" for item in changes.unreadable)
        changes.gone = [file.id for file in by_path.values() if not file.path.startswith(hidden)]
    return changes
