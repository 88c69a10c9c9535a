"""The log of `photos watch` and the daemon."""

from __future__ import annotations

import logging
import re
import stat
import sys
import warnings
from contextlib import closing

import pytest

from photos.config import LOG_LEVELS, load
from photos.daemon.log import MOST_BYTES, log_end, logging_to
from photos.daemon.session import Session
from photos.errors import EmptyLibrary
from photos.exits import Stopped
from tests.photos.socket_server import serving

OURS = logging.getLogger("photos.daemon.watcher")
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (DEBUG|INFO|WARNING|ERROR|CRITICAL) .")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "library" / "watch.log"


def lines(path):
    return path.read_text("utf-8").splitlines()


def test_every_line_has_a_time_and_a_level(path):
    with logging_to(path, "info"):
        OURS.info("Watching %s.", "/pictures")
        OURS.warning("It is full.")
    assert all(LINE.match(line) for line in lines(path))
    assert [line.split(" ", 2)[2] for line in lines(path)] == ["INFO Watching /pictures.", "WARNING It is full."]


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_is_the_least_that_is_logged(path, level, count):
    assert level in LOG_LEVELS
    with logging_to(path, level):
        for method in (OURS.debug, OURS.info, OURS.warning, OURS.error):
            method("a message")
    assert len(lines(path)) == count


def test_without_a_file_it_logs_to_standard_error(capsys):
    with logging_to(None, "info"):
        OURS.info("here")
    OURS.warning("not any more")
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0].endswith(" INFO here"), "INFO not any more" in err) == ("", True, False)


def test_the_file_is_bounded_and_for_its_owner_alone(path):
    with logging_to(path, "info"):
        for _ in range(13):
            OURS.info("x" * 1_000_000)
    assert {file.name for file in path.parent.iterdir()} == {"watch.log", "watch.log.1"}
    assert all(file.stat().st_size <= MOST_BYTES for file in path.parent.iterdir())
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in path.parent.iterdir())


def test_warnings_of_other_libraries_are_logged_once_each(path):
    with warnings.catch_warnings(), logging_to(path, "info"):
        warnings.simplefilter("always")
        for _ in range(3):
            logging.getLogger("watchdog.observers").warning("events were lost")
            logging.getLogger("transformers.tokenization").warning("a strange tokenizer")
            warnings.warn("a truncated file", UserWarning, stacklevel=1)
        logging.getLogger("watchdog").warning("something else")
        logging.getLogger("PIL.Image").info("of no interest")
    logged = [line.split(" ", 2)[2] for line in lines(path)]
    assert logged[0] == "WARNING watchdog.observers: events were lost"
    assert logged[1] == "WARNING transformers.tokenization: a strange tokenizer"
    assert "UserWarning: a truncated file" in logged[2]
    assert logged[3:] == ["WARNING watchdog: something else"]


def test_our_own_messages_are_logged_each_time(path):
    with logging_to(path, "info"):
        OURS.warning("again")
        OURS.warning("again")
    assert len(lines(path)) == 2


def test_control_characters_and_line_feeds_are_escaped(path):
    with logging_to(path, "info"):
        OURS.info("evil\x1b[31m\nname")
    assert [line.split(" ", 2)[2] for line in lines(path)] == [r"INFO evil\x1b[31m name"]


def test_the_end_is_logged_with_its_reason(path, tmp_path):
    with logging_to(path, "info"):
        assert log_end(Stopped(15)) == 143
        assert log_end(EmptyLibrary(tmp_path)) == 1
    stopped, empty = lines(path)
    assert "INFO Stopped by a signal." in stopped
    assert "CRITICAL The library" in empty


def test_a_bug_is_logged_with_its_traceback(path):
    with pytest.raises(KeyError) as bug:
        {}["bug"]
    with logging_to(path, "info"):
        assert log_end(bug.value) == 1
    assert "CRITICAL Internal error: KeyError" in lines(path)[0]
    assert "Traceback" in path.read_text("utf-8")


def test_logging_is_as_before_at_the_end(path):
    before = [list(logging.getLogger(name).handlers) for name in (None, "watchdog")]
    with logging_to(path, "debug"):
        pass
    assert [list(logging.getLogger(name).handlers) for name in (None, "watchdog")] == before
    assert warnings.showwarning.__module__ != "logging"
    assert sys.stderr is not None


def test_the_level_is_a_setting():
    assert load({}, {}).log_level == "info"
    assert load({}, {"PHOTOS_LOG_LEVEL": "debug"}).log_level == "debug"


def test_the_words_of_a_query_are_not_logged(path, filled):
    """Not even at level debug, nor if the search fails with an unexpected error."""

    def broken(request):
        raise KeyError("sesame")

    settings, encoders = load({"library": filled.library}, {}), filled.encoders
    with logging_to(path, "debug"):
        with closing(Session(settings, encoders)) as session, serving(settings.library, session.search, OURS.warning):
            assert filled("search", "sesame", "--json").status == 0
            assert filled("search", "tag:sesame").status == 2
        with serving(settings.library, broken, OURS.warning):
            assert filled("search", "sesame", "--json").status == 0
    assert "A search could not be answered" in path.read_text("utf-8")
    assert "sesame" not in path.read_text("utf-8")
