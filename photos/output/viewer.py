"""Opens files in whatever the system shows pictures with. No shell is ever asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from photos.errors import NoDisplay, NoViewer

#: Starts a program with these arguments.
Start = Callable[[Sequence[bytes]], None]

#: What says where windows are shown. Without them xdg-open tries programs of the terminal, which have none here.
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_files(
    paths: Sequence[bytes],
    platform: str = sys.platform,
    start: Start | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Show the files at the absolute *paths*.

    Raises `NoViewer` if the system has no program for it, and `NoDisplay` if it has nothing to show windows on.
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
    """What is run. macOS opens all files at once; elsewhere xdg-open takes one."""
    # Absolute paths begin with a slash, so that none can pass for an option.
    assert all(path.startswith(b"/") for path in paths)
    if platform == "darwin":
        return [[b"open", *paths]]
    return [[b"xdg-open", path] for path in paths]


def _start(command: Sequence[bytes]) -> None:
    nothing = subprocess.DEVNULL
    try:
        # A session of its own: the viewer stays when the terminal goes.
        subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)  # noqa: S603 - no shell
    except OSError as error:
        raise NoViewer(os.fsdecode(command[0])) from error
