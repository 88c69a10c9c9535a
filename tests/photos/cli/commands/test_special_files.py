"""Special files in the place of an indexed file: a pipe, which may block without end, or a folder."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading

import pytest

from tests.e2e.program import ROOT

#: Seconds after which something waits for the pipe.
_PATIENCE = 20.0


@pytest.fixture
def pipe(filled, pictures):
    """A pipe in the place of a photo. The test fails if something waits for data from it."""
    path = pictures / "red.png"
    path.unlink()
    os.mkfifo(path)
    waited = []

    def release():
        # A pipe can be opened for writing only while a reader waits.
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return
        waited.append(path)

    watchdog = threading.Timer(_PATIENCE, release)
    watchdog.start()
    yield path
    watchdog.cancel()
    assert not waited


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--sheet", "sheet.html"), 0),
        (("--sheet", "sheet.jpg"), 0),
        (("--copy-to", "copies"), 1),
        (("--link-to", "links"), 0),
        (("--preview=kitty",), 0),
        (("--preview=sixel",), 0),
    ],
)
@pytest.mark.parametrize("command", [("search", "red"), ("similar", "bright/yellow.png")])
def test_results_are_shown_without_waiting_for_a_pipe(filled, pictures, pipe, monkeypatch, command, options, status):
    monkeypatch.chdir(pictures)
    result = filled(*command, "-t", "4", *options)
    assert (result.status, "red.png" in result.out) == (status, True), result.err
    if "--copy-to" in options:
        assert "red.png was left out: it is no regular file." in result.err


@pytest.mark.parametrize(
    "command", [("similar", "red.png"), ("embed", "red.png"), ("search", "./red.png"), ("search", "--like", "red.png")]
)
def test_a_pipe_is_no_picture_for_a_query(filled, pictures, pipe, monkeypatch, command):
    monkeypatch.chdir(pictures)
    result = filled(*command)
    assert (result.status, result.out) == (1, "")
    assert "cannot be read as a picture: it is no regular file" in result.err


def test_a_pipe_is_no_duplicate(filled, pictures, pipe):
    shutil.copy(pictures / "blue.png", pictures / "blue copy.png")
    pipe.rename(pictures / "kept")
    shutil.copy(pictures / "black.png", pictures / "red.png")
    assert filled("index").status == 0
    pipe.unlink()
    (pictures / "kept").rename(pipe)
    for options in ((), ("--others",), ("--near", "0.5"), ("--json",)):
        assert filled("duplicates", *options).status == 0


def test_tuning_skips_a_pipe_in_previews(filled, pipe, tmp_path, monkeypatch):
    (tmp_path / "two.txt").write_text("% threshold 0.0001\nred\nblue\n")
    assert filled("retag", "--vocabulary", tmp_path / "two.txt").status == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n" * 6))
    result = filled("vocab", "tune", "red", "--preview=sixel")
    assert (result.status, "red.png" in result.out) == (0, True)


def test_the_path_that_is_a_file_is_used(filled, pictures, tmp_path):
    shutil.copy(pictures / "red.png", pictures / "a copy.png")
    assert filled("index").status == 0
    (pictures / "a copy.png").unlink()
    (pictures / "a copy.png").mkdir()
    result = filled("search", "red", "-t", "1", "--copy-to", tmp_path / "copies")
    assert result.status == 0
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["001-red.png"]


def test_a_device_is_no_picture(filled):
    assert "it is no regular file" in filled("similar", "/dev/null").err


def test_a_shells_process_substitution_is_a_picture(filled, pictures):
    with (pictures / "red.png").open("rb") as picture, subprocess.Popen(
        [sys.executable, "-c", "import sys, time; time.sleep(0.3); sys.stdout.buffer.write(sys.stdin.buffer.read())"],
        stdin=picture, stdout=subprocess.PIPE, cwd=ROOT,
    ) as program:  # fmt: skip
        result = filled("similar", f"/dev/fd/{program.stdout.fileno()}", "--paths")
    assert (result.status, len(result.lines)) == (0, 5)
