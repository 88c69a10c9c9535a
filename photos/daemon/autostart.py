"""Service files for systemd and launchd, which start the daemon at login. No program is run for it."""

from __future__ import annotations

import hashlib
import os
import plistlib
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from photos.config import LOG_FILE
from photos.daemon.process import command
from photos.errors import FileExists, NothingFound, SettingError

_UNIT = """[Unit]
Description=Keep the photo library {library} up to date

[Service]
ExecStart={command}
Restart=on-failure
SuccessExitStatus=129 130 143
RestartSec=60
Nice=10

[Install]
WantedBy=default.target
"""


def install(
    library: Path, environment: Mapping[str, str], platform: str = sys.platform, catalog: str | None = None
) -> tuple[Path, list[str]]:
    """Write the service file of *library*. Returns its path, and the commands that enable it.

    *catalog* is the address of its catalog without the password, if that is on a server. With an empty one the service
    keeps to the library's own, whatever the settings say. Raises `FileExists` if a different file is there, and
    `SettingError` on a system that has neither.
    """
    path = _path(library, environment, platform)
    content = _content(library, platform, catalog)
    if path.exists() and (not path.is_file() or path.read_bytes() != content):
        raise FileExists(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if platform == "darwin":
        return path, [f"launchctl bootstrap gui/$(id -u) {shlex.quote(str(path))}"]
    return path, ["systemctl --user daemon-reload", f"systemctl --user enable --now {path.name}"]


def uninstall(library: Path, environment: Mapping[str, str], platform: str = sys.platform) -> tuple[Path, list[str]]:
    """Remove the service file of *library*. Returns its path, and the commands that disable it.

    Raises `NothingFound`.
    """
    path = _path(library, environment, platform)
    try:
        path.unlink()
    except FileNotFoundError:
        raise NothingFound(f"{path} does not exist: no service was installed for this library.") from None
    if platform == "darwin":
        return path, [f"launchctl bootout gui/$(id -u)/{path.stem}"]
    return path, [f"systemctl --user disable --now {path.name}", "systemctl --user daemon-reload"]


def _path(library: Path, environment: Mapping[str, str], platform: str) -> Path:
    # Each library has a service of its own.
    name = f"photos-{hashlib.sha256(os.fsencode(library)).hexdigest()[:8]}"
    home = Path(environment.get("HOME") or Path.home())
    if platform == "darwin":
        return home / "Library" / "LaunchAgents" / f"org.{name}.plist"
    if platform.startswith("linux"):
        config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        return config / "systemd" / "user" / f"{name}.service"
    raise SettingError(platform, "there is no service file for this system; `photos help daemon` says how to start it")


def _content(library: Path, platform: str, catalog: str | None) -> bytes:
    words = command(library, catalog)
    if platform == "darwin":
        log = str(library / LOG_FILE)
        agent = {
            "Label": f"org.photos-{hashlib.sha256(os.fsencode(library)).hexdigest()[:8]}",
            "ProgramArguments": words,
            "RunAtLoad": True,
            "KeepAlive": {"Crashed": True},
            "ProcessType": "Background",
            "StandardErrorPath": log,
            "StandardOutPath": log,
        }
        return plistlib.dumps(agent)
    # systemd expands specifiers (%) and variables ($).
    quoted = " ".join('"' + _escaped(word) + '"' for word in words)
    return os.fsencode(_UNIT.format(library=_escaped(str(library)), command=quoted))


def _escaped(word: str) -> str:
    for mark, escape in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$"), ("\n", "\\n")):
        word = word.replace(mark, escape)
    return word
