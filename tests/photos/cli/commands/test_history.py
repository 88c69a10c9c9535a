"""Past searches: remembered up to a bound, listed, and forgotten for good."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest


def texts(program):
    return [json.loads(line)["text"] for line in program("history", "list", "--json").lines]


def test_searches_are_listed_newest_first_and_labels_are_not(filled):
    for words in ("something Red", "a  red thing", "red"):
        assert filled("search", words).status == 0
    assert texts(filled) == ["a red thing", "something red"]
    assert "something red" in filled("history", "list").lines[1]


@pytest.fixture(params=[14, -12])
def zone(request, monkeypatch):
    """Offset from UTC in hours. At any time of the day, one of the two has another date than UTC."""
    monkeypatch.setenv("TZ", f"XXX{-request.param:+}")
    time.tzset()
    yield timedelta(hours=request.param)
    monkeypatch.undo()
    time.tzset()


def test_times_are_local(zone, filled):
    filled("search", "something red")
    searched = datetime.fromisoformat(json.loads(filled("history", "list", "--json").out)["searched_at"])
    assert searched.utcoffset() == zone
    assert abs(datetime.now(UTC) - searched) < timedelta(hours=1)
    assert filled("history", "list").out == f"{searched:%Y-%m-%d}  something red\n"


def test_a_remembered_search_needs_no_encoder(filled):
    for _ in range(2):
        filled("search", "something red")
    assert filled.encoders.texts == 2, "one for the labels, one for the search"


def test_only_so_many_are_remembered(filled, monkeypatch):
    monkeypatch.setenv("PHOTOS_REMEMBERED_SEARCHES", "2")
    for number in range(5):
        filled("search", f"red {number}")
    assert texts(filled) == ["red 4", "red 3"]
    monkeypatch.setenv("PHOTOS_REMEMBERED_SEARCHES", "0")
    filled("search", "green 1")
    assert texts(filled) == ["red 4", "red 3"]


def test_long_texts_are_not_remembered(filled):
    assert filled("search", "r" * 301).status == 0
    assert filled("search", "r" * 300).status == 0
    assert texts(filled) == ["r" * 300]


def test_cleared_searches_are_gone_from_every_file(filled):
    filled("search", "a very private thing")
    filled("search", "red")
    held = lambda: b"".join(p.read_bytes() for p in filled.library.glob("catalog*"))  # noqa: E731 - used twice
    assert b"very private" in held()
    assert filled("history", "clear").out == "Forgot 1 past search.\n"
    assert b"very private" not in held()
    assert texts(filled) == []
    assert filled("history", "clear").out == "There was nothing to forget.\n"
    before = filled.encoders.texts
    assert filled("search", "red").status == 0
    assert filled.encoders.texts == before, "the texts of labels stay"


def test_a_new_library_has_no_history_and_is_not_made(photos):
    assert "No past search" in photos("history", "list").err
    assert photos("history", "clear").status == 0
    assert not photos.library.exists()
