"""What is left out of a walk: files that programs keep beside pictures, and what the user's rules name.

Rules are in the syntax of .gitignore, and mean what they mean to Git: the last that fits wins, the rules of a folder
win over those of the folders above it, and what lies in a folder that is left out cannot be brought back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from .open_file import open_file

#: A folder's own rules, and the file by which Android keeps a folder's pictures out of galleries.
RULES_FILE = b".photosignore"
NO_MEDIA = b".nomedia"
_MOST_RULES = 1 << 20
_MARK = b"\xef\xbb\xbf"
#: Stands for a line feed in names; no name holds it.
_LINE_FEED = b"\0"

_FOLDERS = frozenset(
    {
        b"@eadir",
        b"@recycle",
        b"@recently-snapshot",
        b"@tmp",
        b"#recycle",
        b"#snapshot",
        b"$recycle.bin",
        b"recycler",
        b"system volume information",
        b"__macosx",
        b"lost+found",
    }
)
_FILES = frozenset({b"thumbs.db", b"ehthumbs.db", b"desktop.ini"})
#: What browsers, and programs that copy, call a file that is not whole yet.
_PARTIAL = (b".part", b".partial", b".crdownload", b".download", b".filepart", b".tmp")


@dataclass(frozen=True, slots=True)
class BadRule:
    """A line that is no pattern: it is passed over. `path` is the file of rules, relative to the folder walked."""

    path: bytes
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's rules where a walk is: `excludes` for the whole folder, and those of the folders on the way down."""

    excludes: GitIgnoreSpec
    #: Each with the length of the path, relative to the folder walked, that it counts from.
    below: tuple[tuple[int, GitIgnoreSpec], ...] = ()

    @classmethod
    def of(cls, patterns: Sequence[str]) -> Rules:
        """Rules for a whole folder. Raises `ValueError` for what is no pattern."""
        return cls(GitIgnoreSpec.from_lines(patterns))

    def within(self, folder: bytes, spec: GitIgnoreSpec) -> Rules:
        """These, and the rules of *folder*, relative, for what lies below it."""
        start = len(folder) + 1 if folder else 0
        return Rules(self.excludes, ((start, spec), *self.below))

    def leave_out(self, path: bytes, *, is_folder: bool) -> bool:
        """Whether *path*, relative to the folder walked, is left out."""
        if not self.below and not self.excludes.patterns:
            return False
        # To the patterns' matcher a line feed is an end, before which it stops looking.
        path = path.replace(b"\n", _LINE_FEED)
        name = os.fsdecode(path + b"/" if is_folder else path)
        if self.excludes.check_file(name).include:
            return True
        for start, spec in self.below:
            verdict = spec.check_file(os.fsdecode(path[start:] + b"/" if is_folder else path[start:])).include
            if verdict is not None:
                return verdict
        return False


def read_rules(path: bytes, shown: bytes) -> tuple[GitIgnoreSpec, list[BadRule]]:
    """The rules in the file *path*, and its lines that are none. Raises `OSError`."""
    with open_file(path) as opened:
        # File names need not be text, and neither do patterns for them.
        text = os.fsdecode(opened.read(_MOST_RULES).removeprefix(_MARK))
    good, bad = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if is_pattern(line):
            good.append(line)
        else:
            bad.append(BadRule(shown, number, line))
    return GitIgnoreSpec.from_lines(good), bad


def is_pattern(line: str) -> bool:
    """Whether *line* can stand among rules; blank lines and comments can."""
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def anchored(pattern: str, below: str) -> str:
    """*pattern*, which counts from the folder *below*, relative, as one that counts from where that lies."""
    sign, rest = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    place = re.sub(r"([\\*?\[\]])", r"\\\1", below.strip("/"))
    is_anchored = "/" in rest.rstrip("/")
    return f"{sign}/{place}/{rest.lstrip('/')}" if is_anchored else f"{sign}/{place}/**/{rest}"


def is_clutter(name: bytes, *, is_folder: bool) -> bool:
    """Whether *name* is hidden, or what programs keep beside pictures, or a copy under way."""
    if name.startswith(b"."):
        return True
    low = name.lower()
    return low in _FOLDERS if is_folder else low in _FILES or low.endswith(_PARTIAL)
