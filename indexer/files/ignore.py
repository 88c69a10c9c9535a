"""Files that a walk leaves out: clutter of other programs, and what the user's rules match.

Rules are in the syntax of .gitignore, with the same meaning: the last match wins, the rules of a folder win over those
of the folders above it, and nothing in a left-out folder can be included again.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from store.open_file import open_file

from .patterns import Pattern, parse_pattern

#: A folder's own rules, and Android's marker that keeps a folder's pictures out of galleries.
RULES_FILE = b".photosignore"
NO_MEDIA = b".nomedia"
#: Bytes and lines of a file of rules. Each rule is compared with every file below.
_MOST_BYTES: Final = 1 << 18
_MOST_RULES: Final = 10_000
_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(r"\r\n?|\n")

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


#: The rules of one place, in order. The last one that matches decides.
Patterns = tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's rules at one folder of a walk: `excludes` for the whole folder, and those of the folders above."""

    excludes: Patterns
    #: Each with the length of its folder's path, relative to the walked folder.
    below: tuple[tuple[int, Patterns], ...] = ()

    @classmethod
    def of(cls, patterns: Sequence[str]) -> Rules:
        """Rules for a whole folder. Invalid patterns are ignored."""
        return cls(_parsed(enumerate(patterns), b"")[0])

    def within(self, folder: bytes, patterns: Patterns) -> Rules:
        """These rules and those of *folder*, relative, for the paths below it."""
        start = len(folder) + 1 if folder else 0
        return Rules(self.excludes, ((start, patterns), *self.below))

    def leave_out(self, path: bytes, *, is_folder: bool) -> bool:
        """Return whether *path*, relative to the walked folder, is left out. No folder above it is."""
        if not self.below and not self.excludes:
            return False
        if _verdict(self.excludes, path, is_folder=is_folder):
            return True
        for start, patterns in self.below:
            verdict = _verdict(patterns, path[start:], is_folder=is_folder)
            if verdict is not None:
                return verdict
        return False


def _verdict(patterns: Patterns, path: bytes, *, is_folder: bool) -> bool | None:
    """Return whether *path* is left out; None if no rule is about it."""
    text = os.fsdecode(path)
    name = text.rpartition("/")[2]
    for pattern in reversed(patterns):
        if pattern.matches(text, name, is_folder=is_folder):
            return pattern.leaves_out
    return None


def read_rules(path: bytes, shown: bytes) -> tuple[Patterns, list[BadRule]]:
    """Read the rules in the file *path*, and its invalid lines. *shown* is the path for these.

    Raises `OSError`, also for a file with too many rules.
    """
    with open_file(path) as opened:
        content = opened.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {_MOST_BYTES >> 10} kB")
    # File names need not be valid text, nor do patterns for them.
    lines = _LINE_END.split(os.fsdecode(content.removeprefix(_MARK)))
    if len(lines) > _MOST_RULES:
        raise OSError(errno.EFBIG, f"it has more than {_MOST_RULES} lines")
    return _parsed(enumerate(lines, 1), shown)


def _parsed(lines: Iterable[tuple[int, str]], shown: bytes) -> tuple[Patterns, list[BadRule]]:
    good: list[Pattern] = []
    bad: list[BadRule] = []
    for number, line in lines:
        try:
            pattern = parse_pattern(line)
        except ValueError:
            bad.append(BadRule(shown, number, line))
        else:
            good += [] if pattern is None else [pattern]
    return tuple(good), bad


def is_pattern(line: str) -> bool:
    """Return whether *line* is a valid rule; blank lines and comments are."""
    try:
        parse_pattern(line)
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
