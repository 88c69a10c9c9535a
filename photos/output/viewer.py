"""Open files in the system's viewer, never through a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from photos.errors import NoDisplay, NoViewer

#: Starts a program with these arguments.
Start = Callable[[Sequence[bytes]], None]

#: Environment variables of a display. Without one, xdg-open would start programs in the terminal.
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_files(
    paths: Sequence[bytes],
    platform: str = sys.platform,
    start: Start | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Open the files at the absolute *paths*.

    Raises `NoViewer` if the system has no program to open files, and `NoDisplay` without a display.
    """
    if start is None and platform == "win32":
        for path in paths:
            os.startfile(os.fsdecode(path))  # type: ignore[attr-defined,unused-ignore]  # noqa: S606 - as Explorer does
        return
    if platform != "darwin" and not any(map((os.environ if environment is None else environment).get, _DISPLAYS)):
        raise NoDisplay(_DISPLAYS)
    for command in commands(paths, platform):
        (start or _start)(command)


def commands(paths: Sequence[bytes], platform: str) -> list[list[bytes]]:
    """Commands to run: one for all files on macOS; elsewhere one for each, since xdg-open takes one file."""
    # Absolute paths begin with a slash, so none is taken for an option.
    assert all(path.startswith(b"/") for path in paths)
    if platform == "darwin":
        return [[b"open", *paths]]
    return [[b"xdg-open", path] for path in paths]


def _start(command: Sequence[bytes]) -> None:
    nothing = subprocess.DEVNULL
    try:
        # A session of its own keeps the viewer open when the terminal is closed.
        subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)  # noqa: S603 - no shell
    except OSError as error:
        raise NoViewer(os.fsdecode(command[0])) from error
