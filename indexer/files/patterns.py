r"""Patterns in the syntax of .gitignore, in bounded time: at most the length of the path times that of the pattern.

A pattern becomes one regular expression. Each part between two wildcards is taken where it first occurs, in an atomic
group: another place can match nothing more, and trying all of them takes exponential time. The syntax and its meaning
are git's: https://git-scm.com/docs/gitignore.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Final

#: Characters of a pattern: more than the path of a file can have.
LONGEST: Final = 4096
_STAR: Final = "*"
_BLANKS = " \t"
#: An expression that nothing matches.
_NOTHING: Final = "(?!)"
#: The classes of POSIX, as ASCII: https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap09.html
_CLASSES: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One rule: whether it leaves out what it matches or takes it back in, and what it matches."""

    leaves_out: bool
    of_folders: bool
    #: True if the name alone is matched, wherever it is.
    of_names: bool
    regex: re.Pattern[str]

    def matches(self, path: str, name: str, *, is_folder: bool) -> bool:
        """Return whether this is about *path*, relative to the rule's folder, whose last part is *name*."""
        if self.of_folders and not is_folder:
            return False
        return self.regex.fullmatch(name if self.of_names else path) is not None


def parse_pattern(line: str) -> Pattern | None:
    """Return the rule in *line*; None for a blank line, a comment, or a slash alone.

    Raises `ValueError` for a line that can match nothing: one that ends within an escape or a bracket, a class of
    characters that does not exist, an exclamation mark alone, or more than `LONGEST` characters.
    """
    text = _without_blanks(line)
    if not text or text.startswith("#"):
        return None
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    leaves_out = not text.startswith("!")
    text = text if leaves_out else text[1:]
    if not text:
        raise ValueError("there is nothing after the exclamation mark")
    of_folders = text.endswith("/")
    text = text.removesuffix("/")
    if not text:
        return None
    if "/" not in text:
        return Pattern(leaves_out, of_folders, of_names=True, regex=_compiled(_segment(text)))
    segments = text.removeprefix("/").split("/")
    return Pattern(leaves_out, of_folders, of_names=False, regex=_compiled(_path(segments)))


def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


def _without_blanks(line: str) -> str:
    """*line* without blanks at its end; a backslash keeps one."""
    end = len(line)
    while end and line[end - 1] in _BLANKS:
        before = line[: end - 1]
        if (len(before) - len(before.rstrip("\\"))) % 2:
            break
        end -= 1
    return line[:end]


def _path(segments: list[str]) -> str:
    """The expression for a whole path. A segment `**` stands for any number of folders; at the end, for all inside."""
    blocks: list[list[str]] = [[]]
    for segment in segments:
        if len(segment) > 1 and not segment.strip(_STAR):
            blocks.append([])
        else:
            blocks[-1].append(_segment(segment))
    first, *others = blocks
    if not others:
        return "/".join(first)
    # Of two `**` in a row, the block between is empty.
    between = ["(?>(?:[^/]++/)*?" + "".join(f"{each}/" for each in block) + ")" for block in others[:-1] if block]
    last = "(?:[^/]++/)*?" + "/".join(others[-1]) if others[-1] else ".+"
    return "".join([*(f"{each}/" for each in first), *between, last])


def _segment(text: str) -> str:
    """The expression for one name. None is empty, so an empty one matches nothing."""
    if not text:
        return _NOTHING
    runs = [(is_star, "".join(marks)) for is_star, marks in groupby(_marks(text), lambda mark: mark == _STAR)]
    first = runs.pop(0)[1] if not runs[0][0] else ""
    if not runs:
        return first
    last = runs.pop()[1] if not runs[-1][0] else ""
    between = "".join(f"(?>[^/]*?{part})" for is_star, part in runs if not is_star)
    return f"{first}{between}[^/]*{last}"


def _marks(text: str) -> list[str]:
    """The parts of a name: a star, or an expression for one character."""
    marks = []
    at = 0
    while at < len(text):
        mark = text[at]
        at += 1
        if mark == "\\":
            if at == len(text):
                raise ValueError("it ends with a backslash")
            marks.append(re.escape(text[at]))
            at += 1
        elif mark == "[":
            expression, at = _bracket(text, at)
            marks.append(expression)
        else:
            marks.append(_STAR if mark == "*" else "[^/]" if mark == "?" else re.escape(mark))
    return marks


def _bracket(text: str, at: int) -> tuple[str, int]:
    """The expression for the bracket whose content begins at *at*, and the place after it."""
    is_negated = text[at : at + 1] in {"!", "^"}
    start = at = at + is_negated
    inside = []
    while text[at : at + 1] != "]" or at == start:
        if text.startswith("[:", at) and (end := text.find(":]", at + 2)) > 0:
            name = text[at + 2 : end]
            if name not in _CLASSES:
                raise ValueError(f"there is no class of characters [:{name}:]")
            inside.append(_CLASSES[name])
            at = end + 2
            continue
        low, at = _member(text, at)
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in {"]", ""}:
            high, at = _member(text, at + 1)
            # A range the wrong way round contains nothing.
            inside += [f"{re.escape(low)}-{re.escape(high)}"] if low <= high else []
        else:
            inside.append(re.escape(low))
    content = "".join(inside)
    if not content:
        return ("[^/]" if is_negated else _NOTHING), at + 1
    return f"(?!/)[{'^' if is_negated else ''}{content}]", at + 1


def _member(text: str, at: int) -> tuple[str, int]:
    """The character at *at*, which a backslash may escape, and the place after it."""
    if text[at : at + 1] == "\\":
        at += 1
    if at >= len(text):
        raise ValueError("a bracket is not closed")
    return text[at], at + 1
