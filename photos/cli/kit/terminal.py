"""The terminal: its width, colours, and the pager for long results."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from typing import TextIO

#: Width of what does not go to a terminal: it is not cut.
UNLIMITED: Final = 500
#: Styles by their use; see `click.style`.
_STYLES: Final[dict[str, dict[str, object]]] = {
    "heading": {"bold": True},
    "tag": {"fg": "cyan"},
    "soft": {"dim": True},
    "good": {"fg": "green"},
    "bad": {"fg": "red"},
    "note": {"fg": "yellow"},
}
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def width(stream: TextIO | None = None) -> int:
    """Columns of the terminal that *stream*, standard output unless given, goes to; `UNLIMITED` where there is none."""
    if not (stream or sys.stdout).isatty():
        return UNLIMITED
    import shutil

    return shutil.get_terminal_size().columns


def uses_colour(stream: TextIO | None = None, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether *stream*, standard output unless given, is to have colours.

    NO_COLOR (https://no-color.org) wins over CLICOLOR_FORCE (https://bixense.com/clicolors), and that over the rest.
    """
    if environment.get("NO_COLOR"):
        return False
    if is_forced(environment):
        return True
    is_plain = environment.get("TERM") == "dumb" or environment.get("CLICOLOR") == "0"
    return not is_plain and (stream or sys.stdout).isatty()


def is_forced(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether colours are wanted also where there is no terminal."""
    return not environment.get("NO_COLOR") and environment.get("CLICOLOR_FORCE", "0") not in {"", "0"}


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return *text* in one of the styles, if *stream* is to have colours."""
    if not text or not uses_colour(stream):
        return text
    looks: dict[str, object] = _STYLES[style]
    return click.style(text, **looks)  # type: ignore[arg-type]  # the styles are click's own keywords


def without_colours(text: str) -> str:
    """Return *text* without the sequences of `paint`."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def prose(line: str, stream: TextIO | None = None, *, hang: int | None = None) -> str:
    """Return a sentence broken between words to fit the terminal of *stream*.

    It goes on two columns to the right of its own indentation, or *hang* columns from the left.
    """
    columns = width(stream)
    if len(line) <= columns:
        return line
    import textwrap

    indent = " " * (len(line) - len(line.lstrip()) + 2 if hang is None else hang)
    return textwrap.fill(line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def show_lines(lines: Iterable[str]) -> None:
    """Write *lines*; on a terminal through the pager (PAGER, or less) if they are more than fit on it."""
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        for line in lines:
            click.echo(line)
        return
    import shutil

    held = list(lines)
    if sum(line.count("\n") + 1 for line in held) < shutil.get_terminal_size().lines:
        for line in held:
            click.echo(line)
        return
    # Colours pass, and the text stays on the screen at the end.
    os.environ.setdefault("LESS", "FRX")
    click.echo_via_pager("\n".join(held))
