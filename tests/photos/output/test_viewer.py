"""The system's viewer."""

import pytest

from photos.errors import NoDisplay, NoViewer
from photos.output.viewer import commands, open_files

PATHS = [b"/photos/; rm -rf $(HOME) `x`.jpg", b"/photos/-b \xff.jpg"]


def test_every_path_is_one_argument_without_a_shell():
    assert commands(PATHS, "linux") == [[b"xdg-open", PATHS[0]], [b"xdg-open", PATHS[1]]]
    assert commands(PATHS, "darwin") == [[b"open", *PATHS]]


def test_the_given_commands_are_started():
    started = []
    open_files(PATHS, "darwin", started.append)
    assert started == [[b"open", *PATHS]]


def test_a_path_that_could_be_an_option_is_refused():
    with pytest.raises(AssertionError):
        commands([b"--help"], "linux")


def test_a_system_without_a_viewer_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoViewer, match="There is no xdg-open to show files with"):
        open_files(PATHS[:1], "linux", environment={"WAYLAND_DISPLAY": "wayland-0"})


def test_nothing_is_started_without_a_display():
    started = []
    with pytest.raises(NoDisplay, match="There is no display"):
        open_files(PATHS, "linux", started.append, {"DISPLAY": ""})
    assert started == []
