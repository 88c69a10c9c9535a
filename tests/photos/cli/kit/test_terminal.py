"""Terminals: colours, width, paths shortened in their middle, and the pager."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest

from photos.__main__ import main
from photos.cli import Invocation
from photos.cli.kit.format import columns, matches_table, shortened, table
from photos.cli.kit.terminal import paint, prose, show_lines, uses_colour, without_colours
from tests.photos.conftest import read_here


@contextmanager
def terminal(width, height=24):
    """Standard output on a terminal of that size; yields a function that returns what was written."""
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def written():
        stream.flush()
        parts = []
        while select.select([ours], [], [], 0)[0]:
            parts.append(os.read(ours, 100_000))
        return b"".join(parts).decode().replace("\r\n", "\n")

    with open(theirs, "w", encoding="utf-8") as stream, redirect_stdout(stream):
        before = sys.__stdout__
        # The size is asked of the process's own standard output.
        sys.__stdout__ = stream
        try:
            yield written
        finally:
            sys.__stdout__ = before
            os.close(ours)


@pytest.fixture
def environment(monkeypatch):
    for name in ("NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "on_terminal", "elsewhere"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"CLICOLOR_FORCE": "1"}, True, True),
        ({"CLICOLOR_FORCE": "0"}, True, False),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"CLICOLOR": "0"}, False, False),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True, True),
    ],
)
def test_colours_follow_the_environment(environment, variables, on_terminal, elsewhere, capsys):
    assert uses_colour(environment=variables) is elsewhere
    with terminal(80):
        assert uses_colour(environment=variables) is on_terminal


def test_colours_take_no_columns(environment):
    with terminal(80):
        painted = paint("beach", "tag")
    assert painted != "beach"
    assert columns(painted) == 5
    assert without_colours(painted) == "beach"


def test_a_forced_colour_reaches_a_pipe(filled):
    program = [sys.executable, "-m", "photos", "--library", str(filled.library), "tags"]
    source = str(Path(__file__).parents[4])
    environment = {**os.environ, "PYTHONPATH": source, "CLICOLOR_FORCE": "1", "NO_COLOR": ""}
    assert b"\x1b[36m" in subprocess.run(program, env=environment, capture_output=True).stdout
    del environment["CLICOLOR_FORCE"]
    assert b"\x1b" not in subprocess.run(program, env=environment, capture_output=True).stdout


@pytest.mark.parametrize(
    ("path", "room", "text"),
    [
        ("2019/Italy/IMG_1.jpg", 30, "2019/Italy/IMG_1.jpg"),
        ("~/Pictures/2019/Italy/Rome/IMG_1.jpg", 24, "~/Pi…taly/Rome/IMG_1.jpg"),
        ("a-very-long-name-of-a-file-0041.jpg", 24, "a-very-long…ile-0041.jpg"),
        ("2019/a-very-long-name-of-a-file-0041.jpg", 24, "a-very-long…ile-0041.jpg"),
        ("猫猫猫猫猫猫猫猫猫猫猫猫猫/IMG_1.jpg", 24, "猫猫…猫猫猫猫/IMG_1.jpg"),
    ],
)
def test_a_path_is_shortened_in_its_middle(path, room, text):
    assert shortened(path, room) == text
    assert columns(text) <= room


def _match(path, *labels, paths=1):
    return {
        "score": 0.2,
        "probability": 0.9,
        "taken_at": "2019-05-01T10:00:00",
        "path": path,
        "paths": [path] * paths,
        "tags": [{"label": label} for label in labels],
    }


LONG = "/mnt/archive/photographs/2019/a long journey through Italy/Rome/evening/IMG_2041.jpg"


@pytest.mark.parametrize("places", [1, 2])
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("labels", [(), ("beach", "sunset", "cloudy sky", "lighthouse", "water")])
@pytest.mark.parametrize("path", [LONG, "/a.jpg", f"/{'very-' * 40}long.jpg"])
def test_every_line_of_results_fits_the_terminal(environment, width, labels, path, places):
    matches = [_match(path, *labels, paths=places), _match("/b.jpg", *labels)]
    with terminal(width):
        lines = list(matches_table(matches, of_text=True))
    assert max(map(columns, lines)) <= width
    assert path.rpartition("/")[2][-5:] in lines[1]
    assert ("in 2 places" in lines[1]) is (places == 2)
    # Two places leave no room for tags on 80 columns.
    assert ("beach" in lines[1]) is bool(labels and width >= (80 if places == 1 else 100)) or path == "/a.jpg"


def test_away_from_a_terminal_no_path_is_cut():
    path = "/" + "x" * 900
    assert path in list(matches_table([_match(path, "beach")], of_text=True))[1]
    assert path in next(table([("1", path)], paths=1))


def test_a_table_of_paths_fits_the_terminal(environment):
    with terminal(80):
        lines = list(table([("1", "near", LONG, "(not checked)"), ("2", "best", "/a.jpg", "")], paths=2))
    assert [columns(line) for line in lines] == [80, 15]


def test_the_last_cell_of_a_table_goes_on_below_itself(environment):
    rows = [("model", "good for"), ("google/siglip2", "a quarter of the work per picture, less exact than others")]
    with terminal(40):
        assert list(table(rows)) == [
            "model           good for",
            (
                "google/siglip2  a quarter of the work\n"
                "                per picture, less exact\n"
                "                than others"
            ),
        ]
    assert len(list(table(rows))) == 2


def test_sentences_break_between_words(environment):
    with terminal(40):
        assert prose("one two three four five six seven eight nine") == (
            "one two three four five six seven eight\n  nine"
        )
    assert prose("word " * 50) == "word " * 50


@pytest.fixture
def asked(environment, monkeypatch, tmp_path):
    """The file into which the pager writes what it was asked to show."""
    pager, asked = tmp_path / "pager", tmp_path / "asked"
    pager.write_text(f"#!/bin/sh\ncat > {asked}\n")
    pager.chmod(0o755)
    monkeypatch.setenv("PAGER", str(pager))
    return asked


@pytest.mark.parametrize("command", [["failed", "not-pictures"], ["status"], ["tags", "red.png", "blue.png"]])
def test_a_long_report_goes_through_the_pager(filled, pictures, asked, monkeypatch, command):
    for number in range(8):
        (pictures / f"note {number}.txt").write_text(f"text {number}")
    filled("index")
    monkeypatch.chdir(pictures)
    with terminal(80, 4):
        monkeypatch.setattr("sys.stdin", sys.stdout)
        main(["--library", str(filled.library), *command], Invocation(encoders=filled.encoders, make_readers=read_here))
    assert len(asked.read_text().splitlines()) >= 4


def test_a_long_list_goes_through_the_pager(asked, monkeypatch):
    with terminal(80, 10) as written:
        monkeypatch.setattr("sys.stdin", sys.stdout)
        show_lines(["short"] * 3)
        assert written() == "short\n" * 3
        assert not asked.exists()
        show_lines(["long"] * 30)
    assert asked.read_text() == "long\n" * 30
