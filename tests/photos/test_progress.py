"""Progress, on a terminal and elsewhere."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stderr

from photos.cli.kit.progress import BYTES, Bar


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@contextmanager
def terminal():
    """Standard error on a terminal that is nought columns wide; gives what was written there."""
    ours, theirs = os.openpty()
    written = []
    with open(theirs, "w", encoding="utf-8") as stream, redirect_stderr(stream):
        yield written
        stream.flush()
        written.append(os.read(ours, 100_000).decode())
    os.close(ours)


def test_away_from_a_terminal_a_line_comes_now_and_then(capsys):
    clock = Clock()
    with Bar("Indexing", 400, "file", clock) as bar:
        for _ in range(100):
            clock.now += 1
            bar.advance()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert lines[0] == "Indexing: 20 files of 400, about 6 min 20 s left"


def test_quick_work_is_silent_away_from_a_terminal(capsys):
    with Bar("Indexing", 3, "file", Clock()) as bar:
        bar.reach(3, 3)
    assert capsys.readouterr().err == ""


def test_sizes_are_told_as_sizes(capsys):
    clock = Clock()
    with Bar("a model", None, BYTES, clock) as bar:
        bar.reach(1, 1_500_000_000)
        clock.now = 60
        bar.reach(500_000_000, 1_500_000_000)
    assert capsys.readouterr().err == "a model: 500 MB of 1.5 GB, about 2 min 00 s left\n"


def test_what_comes_before_the_first_step_is_no_part_of_the_rate(capsys):
    clock = Clock()
    with Bar("Indexing", 200, "file", clock) as bar:
        clock.now = 30
        bar.advance()
        for _ in range(50):
            clock.now += 1
            bar.advance()
    assert capsys.readouterr().err.splitlines() == [
        "Indexing: 1 file of 200",
        "Indexing: 21 files of 200, about 2 min 59 s left",
        "Indexing: 41 files of 200, about 2 min 39 s left",
    ]


def test_a_terminal_sees_a_bar():
    with terminal() as written, Bar("Indexing", 4, "file") as bar:
        bar.advance()
    assert "Indexing:   0%" in written[0]
    assert "/4 [" in written[0]


def test_work_that_never_starts_shows_no_bar():
    with terminal() as written:
        with Bar("Indexing", 4, "file"):
            pass
        sys.stderr.write("end")
    assert written == ["end"]
