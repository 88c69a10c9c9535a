"""Small pictures in the terminal, where it can show them."""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import click

from photos.cli.views import graphics
from photos.cli.views.graphics import ESC, through_tmux
from photos.output.thumbnails import thumbnail

AUTO: Final = "auto"
NONE: Final = "none"
CHOICES: Final = (AUTO, "kitty", "iterm", "sixel", NONE)
#: Lines of text that a picture is high, and pixels: a line has 16 to 40 of them, so no terminal has to enlarge much.
_ROWS, _PIXELS = 8, 320
#: A line's height where only pixels count, as in Sixel.
_LINE = 18
#: Seconds that a terminal is given to answer. One that is far away may take longer, and then shows no pictures.
_PATIENCE = 0.3
#: May it show a picture? And what is it? Every terminal answers the second, which tells when not to wait for the first.
_QUESTION = ESC + b"_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA" + ESC + b"\\" + ESC + b"[c"
_WHAT_IT_IS = re.compile(rb"\x1b\[\?([\d;]*)c")
#: What terminals say that they can do: 4 is Sixel.
_SIXEL = b"4"

#: Asks the terminal something, and gives what it answers in time.
Ask = Callable[[bytes], bytes]


def protocol(wanted: str, environment: Mapping[str, str], *, is_terminal: bool, ask: Ask | None = None) -> str:
    """Which of `CHOICES` to show pictures by: what is *wanted*, or for "auto" what the terminal says of itself."""
    if wanted != AUTO:
        return wanted
    # The console of Linux shows the question itself, as it shows everything that it does not know.
    if not is_terminal or environment.get("TERM", "") in {"", "dumb", "linux"}:
        return NONE
    named = _by_name(environment)
    # Kitty's pictures do not scroll with the text within tmux, which would leave them on top of it.
    if named is not None and not (named == "kitty" and "TMUX" in environment):
        return named
    return _by_answer((ask or _ask)(_QUESTION))


def shower(wanted: str) -> Callable[[bytes], None] | None:
    """What shows the picture at a path in this terminal, see `protocol`; None if nothing does.

    That is told where it was left to the terminal.
    """
    by = protocol(wanted, os.environ, is_terminal=sys.stdout.isatty())
    if by == NONE:
        if wanted == AUTO:
            click.echo("This terminal is not known to show pictures; --preview=sixel and the like try it.", err=True)
        return None

    def show_file(path: bytes) -> None:
        written = picture(path, by, os.environ)
        if written is not None:
            show([written, b"\n"])

    return show_file


def picture(path: bytes, by: str, environment: Mapping[str, str]) -> bytes | None:
    """The photo at *path* as bytes for the terminal; None if it cannot be read now."""
    image = thumbnail(path, _PIXELS)
    if image is None:
        return None
    if by == "sixel":
        image.thumbnail((_PIXELS, _ROWS * _LINE))
        # tmux knows Sixel itself, if it knows it at all.
        return graphics.sixel(image)
    written = graphics.kitty(image, _ROWS) if by == "kitty" else graphics.iterm(image, _ROWS)
    return through_tmux(written) if "TMUX" in environment else written


def _by_name(environment: Mapping[str, str]) -> str | None:
    """What terminals that say who they are can show."""
    program = environment.get("TERM_PROGRAM", "")
    term = environment.get("TERM", "")
    if "KITTY_WINDOW_ID" in environment or term in {"xterm-kitty", "xterm-ghostty"} or program == "ghostty":
        return "kitty"
    if program in {"iTerm.app", "WezTerm", "mintty"} or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "sixel" if term in {"foot", "foot-extra", "mlterm", "yaft-256color"} else None


def _by_answer(answer: bytes) -> str:
    if b"_Gi=31;OK" in answer:
        return "kitty"
    said = _WHAT_IT_IS.search(answer)
    return "sixel" if said is not None and _SIXEL in said[1].split(b";")[1:] else NONE


def _ask(question: bytes) -> bytes:
    """The terminal's answer, which nobody else gets to read; nothing where it cannot be asked, or takes too long."""
    try:
        import termios
        import tty
    except ImportError:
        return b""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return b""
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():
            # In the background the answer would be another's, and the system stops whoever asks.
            return b""
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSAFLUSH)
            os.write(terminal, question)
            return _answer(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    except (OSError, termios.error):
        return b""
    finally:
        os.close(terminal)


def _answer(terminal: int) -> bytes:
    answer = b""
    end = time.monotonic() + _PATIENCE
    while _WHAT_IT_IS.search(answer) is None and (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([terminal], [], [], left)
        if not ready:
            break
        answer += os.read(terminal, 1024)
    return answer


def show(written: Sequence[bytes]) -> None:
    """Write to standard output what the terminal is to take as it is."""
    sys.stdout.flush()
    for each in written:
        sys.stdout.buffer.write(each)
    sys.stdout.buffer.flush()
