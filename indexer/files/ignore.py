"""Files that a walk leaves out: clutter of other programs, and what the user's rules match.

Rules are in the syntax of .gitignore, with the same meaning: the last match wins, the rules of a folder win over those
of the folders above it, and nothing in a left-out folder can be included again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from .open_file import open_file

#: A folder's own rules, and Android's marker that keeps a folder's pictures out of galleries.
RULES_FILE = b".photosignore"
NO_MEDIA = b".nomedia"
_MOST_RULES = 1 << 20
_MARK = b"\xef\xbb\xbf"
#: Replaces a line feed in names; no name contains it.
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
#: Endings of incomplete files, from browsers and copy programs.
_PARTIAL = (b".part", b".partial", b".crdownload", b".download", b".filepart", b".tmp")


@dataclass(frozen=True, slots=True)
class BadRule:
    """An invalid line, which is ignored. `path` is the file of rules, relative to the walked folder."""

    path: bytes
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's rules at one folder of a walk: `excludes` for the whole folder, and those of the folders above."""

    excludes: GitIgnoreSpec
    #: Each with the length of its folder's path, relative to the walked folder.
    below: tuple[tuple[int, GitIgnoreSpec], ...] = ()

    @classmethod
    def of(cls, patterns: Sequence[str]) -> Rules:
        """Rules for a whole folder. Raises `ValueError` for an invalid pattern."""
        return cls(GitIgnoreSpec.from_lines(patterns))

    def within(self, folder: bytes, spec: GitIgnoreSpec) -> Rules:
        """These rules and those of *folder*, relative, for the paths below it."""
        start = len(folder) + 1 if folder else 0
        return Rules(self.excludes, ((start, spec), *self.below))

    def leave_out(self, path: bytes, *, is_folder: bool) -> bool:
        """Return whether *path*, relative to the walked folder, is left out."""
        if not self.below and not self.excludes.patterns:
            return False
        # The matcher of patterns stops at a line feed.
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
    """Read the rules in the file *path*, and its invalid lines. *shown* is the path for these. Raises `OSError`."""
    with open_file(path) as opened:
        # File names need not be valid text, nor do patterns for them.
        text = os.fsdecode(opened.read(_MOST_RULES).removeprefix(_MARK))
    good, bad = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if is_pattern(line):
            good.append(line)
        else:
            bad.append(BadRule(shown, number, line))
    return GitIgnoreSpec.from_lines(good), bad


def is_pattern(line: str) -> bool:
    """Return whether *line* is a valid rule; blank lines and comments are."""
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def anchored(pattern: str, below: str) -> str:
    """Rewrite *pattern* of the folder *below*, a relative path, as a pattern of the folder that contains it."""
    sign, rest = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    place = re.sub(r"([\\*?\[\]])", r"\\\1", below.strip("/"))
    is_anchored = "/" in rest.rstrip("/")
    return f"{sign}/{place}/{rest.lstrip('/')}" if is_anchored else f"{sign}/{place}/**/{rest}"


def is_clutter(name: bytes, *, is_folder: bool) -> bool:
    """Return whether *name* is hidden, a file or folder of other programs, or an incomplete copy."""
    if name.startswith(b"."):
        return True
    low = name.lower()
    return low in _FOLDERS if is_folder else low in _FILES or low.endswith(_PARTIAL)
