"""Progress, on a terminal and elsewhere."""

from __future__ import annotations

import os
import select
import sys
from contextlib import contextmanager, redirect_stderr

from indexer import FileDone, ReadingBegins
from photos.cli.kit.progress import BYTES, Bar, ProgressBars, StatusLine
from photos.operations.indexing.index import Resumed
from photos.operations.progress import Stage, Step, Wait, Waiting
from store import Outcome


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@contextmanager
def terminal():
    """Standard error on a terminal of zero columns; returns what was written there."""
    ours, theirs = os.openpty()
    written = []
    with open(theirs, "w", encoding="utf-8") as stream, redirect_stderr(stream):
        yield written
        stream.flush()
        parts = []
        while select.select([ours], [], [], 0)[0]:
            parts.append(os.read(ours, 100_000))
        written.append(b"".join(parts).decode())
    os.close(ours)


def test_away_from_a_terminal_a_line_is_written_at_intervals(capsys):
    clock = Clock()
    with Bar("Indexing", 400, "file", clock) as bar:
        for _ in range(100):
            clock.now += 1
            bar.advance()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert lines[0] == "Indexing: 20 files of 400, about 6 min 20 s left"


def test_quick_work_writes_nothing_away_from_a_terminal(capsys):
    with Bar("Indexing", 3, "file", Clock()) as bar:
        bar.reach(3, 3)
    assert capsys.readouterr().err == ""


def test_bytes_are_written_as_sizes(capsys):
    clock = Clock()
    with Bar("a model", None, BYTES, clock) as bar:
        bar.reach(1, 1_500_000_000)
        clock.now = 60
        bar.reach(500_000_000, 1_500_000_000)
    assert capsys.readouterr().err == "a model: 500 MB of 1.5 GB, about 2 min 00 s left\n"


def test_time_before_the_first_step_is_no_part_of_the_rate(capsys):
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


def test_a_terminal_shows_a_bar():
    with terminal() as written, Bar("Indexing", 4, "file") as bar:
        bar.advance()
    assert "Indexing:   0%" in written[0]
    assert "/4 [" in written[0]


def test_work_without_a_step_shows_no_bar():
    with terminal() as written:
        with Bar("Indexing", 4, "file"):
            pass
        sys.stderr.write("end")
    assert written == ["end"]


def test_bars_show_the_stages_and_the_files_of_an_operation(capsys):
    lines = []
    with ProgressBars(lines.append) as progress:
        progress.report(ReadingBegins(2))
        progress.report(Step(Stage.ENCODE_LABELS, 3, 6))
        progress.report(FileDone(b"/a.jpg", Outcome.INDEXED, None))
        progress.report(object())
        progress.report(Resumed())
    assert lines == []
    assert "this run goes on from there" in capsys.readouterr().err
    with terminal() as written, ProgressBars() as progress:
        progress.report(Step(Stage.TAG, 3, 6))
        progress.report(ReadingBegins(2))
        progress.report(FileDone(b"/a.jpg", Outcome.INDEXED, None))
    assert "Tagging:" in written[0]
    assert "Indexing:" in written[0]


def test_a_stage_that_begins_again_has_a_bar_of_its_own():
    with terminal() as written, ProgressBars() as progress:
        for done in (2, 4, 0, 1):
            progress.report(Step(Stage.TAG, done, 4))
    assert written[0].count("Tagging:   0%") == 2


def test_every_stage_has_a_title():
    with terminal() as written, ProgressBars() as progress:
        for stage in Stage:
            progress.report(Step(stage, 1, 2))
    assert written[0].count("  0%|") == len(Stage)


def test_lines_go_to_the_given_receiver():
    clock, lines = Clock(), []
    with Bar("Indexing", 400, "file", clock, lines.append) as bar:
        clock.now = 30
        bar.advance(20)
    assert lines == ["Indexing: 20 files of 400"]


def test_one_line_is_on_the_terminal_at_a_time():
    with terminal() as written, ProgressBars() as progress:
        progress.report(Waiting(Wait.MODEL))
        progress.report(Step(Stage.ENCODE_LABELS, 3, 6))
        progress.report(ReadingBegins(2))
        progress.report(FileDone(b"/a.jpg", Outcome.INDEXED, None))
        progress.report(Step(Stage.TAG, 1, 2))
        progress.report(FileDone(b"/b.jpg", Outcome.INDEXED, None))
        progress.report(Waiting(Wait.TAGS))
    # A second line would be reached by a line feed.
    assert "\n" not in written[0]
    assert written[0].index("Loading the model") < written[0].index("Encoding labels") < written[0].index("Indexing")
    assert "Bringing tags and index up to date" in written[0]


def test_a_line_that_waits_is_drawn_again():
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as stream, redirect_stderr(stream):
        line = StatusLine("Loading")
        drawn = 0
        while drawn < 3:
            assert select.select([ours], [], [], 30)[0], "it stands still"
            drawn += os.read(ours, 100_000).count(b"Loading")
        line.hide()
    os.close(ours)


def test_nothing_is_said_of_waiting_away_from_a_terminal(capsys):
    with ProgressBars() as progress:
        progress.report(Waiting(Wait.SCAN))
    assert capsys.readouterr().err == ""


def test_every_wait_has_a_text():
    with terminal() as written, ProgressBars() as progress:
        for wait in Wait:
            progress.report(Waiting(wait))
    assert written[0].count("00:00") >= len(Wait)
