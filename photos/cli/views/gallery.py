"""The gallery's address, printed or opened in a browser."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable, Mapping

import click

from photos.cli.kit.terminal import prose

#: Environment variables of a display. Without one, a browser of the terminal might take it over.
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_UNTIL = "It is served until Ctrl-C."


def show_address(address: str, *, serves_here: bool) -> None:
    """Print the address for a browser, and to standard error what it is good for."""
    click.echo(address)
    note = _UNTIL if serves_here else "A daemon, or another photos serve, serves it."
    click.echo(prose(f"{note} The address is good for one browser, within a minute.", sys.stderr), err=True)


def open_gallery(
    address: str,
    *,
    only_print: bool,
    environment: Mapping[str, str],
    serves_here: bool = False,
    browse: Callable[[str], bool] = webbrowser.open,
    platform: str = sys.platform,
) -> None:
    """Open *address* in the browser, or if there is none, print it and say so."""
    if only_print:
        click.echo(address)
        return
    has_display = platform in {"darwin", "win32"} or any(environment.get(name) for name in _DISPLAYS)
    if has_display and _opened(address, browse):
        click.echo(f"The gallery is open in the browser.{f' {_UNTIL}' if serves_here else ''}", err=True)
        return
    click.echo(address)
    note = "No browser could be opened here; open this address in one within a minute."
    click.echo(prose(f"{note}{f' {_UNTIL}' if serves_here else ''}", sys.stderr), err=True)


def _opened(address: str, browse: Callable[[str], bool]) -> bool:
    try:
        return browse(address)
    except (webbrowser.Error, OSError):
        return False
