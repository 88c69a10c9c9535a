"""Thumbnails in the terminal, if it has a graphics protocol."""

from __future__ import annotations

import io
import os
import re
import select
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click
from PIL import Image

from indexer.decode import srgb
from photos.cli.views import graphics
from photos.cli.views.graphics import ESC, through_tmux

if TYPE_CHECKING:
    from photos.thumbnails import Thumbnails

AUTO: Final = "auto"
NONE: Final = "none"
CHOICES: Final = (AUTO, "kitty", "iterm", "sixel", NONE)
#: Height of a picture in lines. A line has 16 to 40 pixels, so no terminal has to enlarge a thumbnail much.
_ROWS: Final = 8
#: Height of a line in pixels, for Sixel, which counts pixels only.
_LINE = 18
#: Seconds to wait for a terminal's answer. A remote one may take longer, and then shows no pictures.
_TIMEOUT = 0.3
#: Kitty's query for graphics support, then the query for device attributes. Every terminal answers the second, so its
#: answer ends the wait for the first.
_QUERY = ESC + b"_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA" + ESC + b"\\" + ESC + b"[c"
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
#: Device attribute of terminals with Sixel.
_SIXEL = b"4"

#: Sends a query to the terminal, and returns its answer, or what arrived in time.
Send = Callable[[bytes], bytes]


def protocol(wanted: str, environment: Mapping[str, str], *, is_terminal: bool, send: Send | None = None) -> str:
    """Graphics protocol, one of `CHOICES`: *wanted*, or for "auto" the one that the terminal supports."""
    if wanted != AUTO:
        return wanted
    # The Linux console would print the query.
    if not is_terminal or environment.get("TERM", "") in {"", "dumb", "linux"}:
        return NONE
    named = _by_name(environment)
    # In tmux, pictures of Kitty's protocol do not scroll with the text and would cover it.
    if named is not None and not (named == "kitty" and "TMUX" in environment):
        return named
    return _by_answer((send or _send)(_QUERY))


def shower(wanted: str, thumbnails: Thumbnails) -> Callable[[int], None] | None:
    """Function that shows a photo, by its number, in this terminal, see `protocol`; None without a protocol.

    For "auto", a message on standard error then says so.
    """
    by = protocol(wanted, os.environ, is_terminal=sys.stdout.isatty())
    if by == NONE:
        if wanted == AUTO:
            click.echo("This terminal is not known to show pictures; --preview=sixel and the like try it.", err=True)
        return None

    def show_photo(photo: int) -> None:
        made = thumbnails.thumbnail(photo)
        if isinstance(made, bytes):
            send_to_terminal([picture(made, by, os.environ), b"\n"])

    return show_photo


def picture(thumbnail: bytes, by: str, environment: Mapping[str, str]) -> bytes:
    """The picture in the file *thumbnail* as bytes for the terminal, in the colours of the screen."""
    with Image.open(io.BytesIO(thumbnail)) as opened:
        image = srgb(opened, opened.info.get("icc_profile"))
    if by == "sixel":
        image.thumbnail((image.width, _ROWS * _LINE))
        # tmux handles Sixel itself, if at all.
        return graphics.sixel(image)
    written = graphics.kitty(image, _ROWS) if by == "kitty" else graphics.iterm(image, _ROWS)
    return through_tmux(written) if "TMUX" in environment else written


def _by_name(environment: Mapping[str, str]) -> str | None:
    """Protocol of terminals that are known by their environment variables."""
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
    attributes = _ATTRIBUTES.search(answer)
    return "sixel" if attributes is not None and _SIXEL in attributes[1].split(b";")[1:] else NONE


def _send(query: bytes) -> bytes:
    """Send *query* to the terminal and read its answer; empty without a terminal, or if it takes too long."""
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
            # In the background, the foreground process would read the answer, and the system would stop this one.
            return b""
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSAFLUSH)
            os.write(terminal, query)
            return _answer(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    except (OSError, termios.error):
        return b""
    finally:
        os.close(terminal)


def _answer(terminal: int) -> bytes:
    answer = b""
    end = time.monotonic() + _TIMEOUT
    while _ATTRIBUTES.search(answer) is None and (left := end - time.monotonic()) > 0:
        ready, _, _ = select.select([terminal], [], [], left)
        if not ready:
            break
        answer += os.read(terminal, 1024)
    return answer


def send_to_terminal(written: Sequence[bytes]) -> None:
    """Write raw bytes for the terminal to standard output."""
    sys.stdout.flush()
    for each in written:
        sys.stdout.buffer.write(each)
    sys.stdout.buffer.flush()
