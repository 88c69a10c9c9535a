"""Pipes in the places of files: no command waits for someone to write into them."""

from __future__ import annotations

import os
import signal

import pytest

from photos.config import load


class Hung(BaseException):
    """A command waits for a pipe. No exception that a command handles."""


@pytest.fixture(autouse=True)
def clock():
    """Fail, instead of waiting without end, where a pipe blocks."""

    def fail(_number, _frame):
        raise Hung

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def replaced(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("ending", ["json", "faiss", "npy"])
@pytest.mark.parametrize("command", [("search", "red"), ("verify",), ("status",), ("index",)])
def test_an_index_file_that_is_a_pipe_is_made_again(filled, ending, command):
    assert filled("search", "red", "--paths").status == 0
    (path,) = (filled.library / "index").glob(f"space-1*.{ending}")
    replaced(path)
    filled(*command)
    assert filled("search", "red", "--paths").lines[0].endswith("red.png")


def test_a_state_that_is_a_pipe_is_no_state(filled):
    replaced(filled.library / "watch.json")
    assert filled("status").status == 0


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"])
def test_a_checkpoint_with_a_pipe_is_damaged(photos, pictures, other_checkpoint, name):
    replaced(other_checkpoint / name)
    ended = photos("add", pictures, "--model", other_checkpoint)
    assert ended.status == 1
    assert str(other_checkpoint) in ended.err


@pytest.mark.parametrize(
    "command",
    [
        ("vocab", "import"),
        ("vocab", "use"),
        ("vocab", "diff", "photographic"),
        ("retag", "--vocabulary"),
        ("tags", "import", "--source", "other"),
        ("similar",),
        ("why", "--", "red"),
    ],
)
def test_a_file_that_a_user_names_may_not_be_a_pipe(filled, tmp_path, command):
    ended = filled(*command, replaced(tmp_path / "pipe.txt"))
    assert ended.status in {1, 2}
    assert ended.err.count("\n") <= 3


def test_settings_that_are_a_pipe_are_named(tmp_path):
    path = replaced(tmp_path / "config.toml")
    with pytest.raises(Exception, match=r"config\.toml: it cannot be read: it is no regular file"):
        load({}, {"PHOTOS_CONFIG": str(path)})


def test_a_log_that_is_a_pipe_stops_the_daemon_with_a_sentence(filled):
    replaced(filled.library / "watch.log")
    for command in (("daemon", "start"), ("watch", "--log-file", filled.library / "watch.log")):
        ended = filled(*command)
        assert ended.status == 1
        assert "watch.log" in ended.err


def test_a_sheet_is_never_written_into_a_pipe(filled, tmp_path):
    ended = filled("search", "red", "--sheet", replaced(tmp_path / "sheet.html"))
    assert ended.status == 1
    assert "exists" in ended.err
