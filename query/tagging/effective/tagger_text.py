"""Text that taggers print: a picture and its tags on one line, or tags below the line that names the picture.

The first form is `a.jpg: dog | beach`, with a tab, a comma or a colon after the name, and `|`, `;` or `,` between tags.
The second is what the scripts of RAM and RAM++ print, one picture a run, if a script prints the name before each:

    a.jpg
    Image Tags:  dog | beach
    图像标签:  狗 | 海滩
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from query.errors import LineProblem

_TAGS: Final = re.compile(r"Image Tags\s*:(.*)", re.IGNORECASE)
#: A name, as far as its ending, and what follows.
_NAMED: Final = re.compile(r"\s*(?:\t|,|:|\||;|->)(.*)")
_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{2,5}(?=\s*(?:\t|,|:|\||;|->|$))")
#: A command that is shown before it runs, and the head of a file in the output of `tail`.
_COMMAND: Final = re.compile(r".*--image[= ]\s*(\S+)")
_FRAME: Final = ("==>", "<==")
_SEPARATORS: Final = ("|", ";", ",")

#: Line from 1 on, path, and labels.
Line = tuple[int, str, tuple[str, ...]]


def text_lines(text: str, is_picture: Callable[[str], bool], problems: list[LineProblem]) -> Iterator[Line]:
    """The pictures in *text* with their labels. *is_picture* tells names of pictures from others.

    Lines that name no picture are problems. In a record of runs, with lines that begin with `Image Tags:`, only such
    lines without a picture before them are: all others are messages of the program.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if any(_TAGS.match(line) for _, line in lines):
        yield from _runs(lines, is_picture, problems)
        return
    for number, line in lines:
        path, rest = _parted(line, is_picture)
        if path is None:
            problems.append(LineProblem(number, "it does not begin with the name of a picture"))
        else:
            yield number, path, _split(rest, _SEPARATORS)


def _runs(
    lines: list[tuple[int, str]], is_picture: Callable[[str], bool], problems: list[LineProblem]
) -> Iterator[Line]:
    path: str | None = None
    for number, line in lines:
        tags = _TAGS.match(line)
        if tags is None:
            path = _named(line, is_picture) or path
        elif path is None:
            problems.append(LineProblem(number, "no line before it names its picture"))
        else:
            yield number, path, _split(tags[1], _SEPARATORS[:1])
            path = None


def _named(line: str, is_picture: Callable[[str], bool]) -> str | None:
    """The picture that a line of a record names, and nothing else."""
    command = _COMMAND.match(line)
    if command is not None and is_picture(command[1]):
        return command[1]
    opening, closing = _FRAME
    plain = line.removeprefix(opening).removesuffix(closing).strip(": ")
    return plain if is_picture(plain) else None


def _parted(line: str, is_picture: Callable[[str], bool]) -> tuple[str | None, str]:
    """The picture's name at the beginning of *line*, and what follows it."""
    for ending in _ENDING.finditer(line):
        # Copies of the whole beginning for each ending would take long on long lines.
        if is_picture(f"picture{ending[0]}"):
            rest = _NAMED.match(line, ending.end())
            return line[: ending.end()], rest[1] if rest is not None else ""
    return None, ""


def _split(tags: str, separators: Sequence[str]) -> tuple[str, ...]:
    mark = next((mark for mark in separators if mark in tags), "|")
    return tuple(part.strip() for part in tags.split(mark) if part.strip())
