"""Service files that start the daemon at login."""

import plistlib
from pathlib import Path

import pytest

from photos.daemon.autostart import install, uninstall
from photos.errors import FileExists, NothingFound, SettingError

LIBRARY = Path('/home/me/100% "mine"/$library')


def test_a_systemd_unit_quotes_the_librarys_name(tmp_path):
    path, commands = install(LIBRARY, {"HOME": str(tmp_path)}, "linux")
    assert path.parent == tmp_path / ".config" / "systemd" / "user"
    line = next(line for line in path.read_text().splitlines() if line.startswith("ExecStart="))
    assert '"/home/me/100%% \\"mine\\"/$$library"' in line
    assert commands[-1] == f"systemctl --user enable --now {path.name}"
    assert install(LIBRARY, {"HOME": str(tmp_path)}, "linux")[0] == path


def test_a_launchd_agent_runs_the_same_command(tmp_path):
    path, commands = install(LIBRARY, {"HOME": str(tmp_path)}, "darwin")
    agent = plistlib.loads(path.read_bytes())
    assert agent["Label"] == path.stem
    assert agent["ProgramArguments"][-6:] == [
        str(LIBRARY),
        "watch",
        "--nice",
        "0",
        "--log-file",
        f"{LIBRARY}/watch.log",
    ]
    assert str(path) in commands[0]


def test_a_different_file_is_kept_and_our_own_is_removed(tmp_path):
    environment = {"HOME": str(tmp_path)}
    path, _ = install(LIBRARY, environment, "linux")
    uninstall(LIBRARY, environment, "linux")
    assert not path.exists()
    with pytest.raises(NothingFound):
        uninstall(LIBRARY, environment, "linux")
    path.write_text("mine")
    with pytest.raises(FileExists):
        install(LIBRARY, environment, "linux")


def test_other_systems_are_referred_to_the_documentation(tmp_path):
    with pytest.raises(SettingError, match="photos help daemon"):
        install(LIBRARY, {"HOME": str(tmp_path)}, "win32")
