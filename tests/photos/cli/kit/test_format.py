"""Text for people: paths, tables, numbers."""

from __future__ import annotations

import os

import pytest

from photos.cli.kit.format import columns, counted, duration, matches_table, probability, shown_path, table


def test_a_path_is_relative_to_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert shown_path(os.fsencode(tmp_path) + b"/a/b.jpg") == "a/b.jpg"


def test_a_path_is_relative_to_the_home_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert shown_path(os.fsencode(tmp_path) + b"/a.jpg") == "~/a.jpg"


def test_a_path_that_is_not_utf_8_is_escaped():
    assert shown_path(b"/m/\xff\n\x1b.jpg") == "/m/\\udcff\\n\\x1b.jpg"


def test_columns_align_with_wide_characters():
    lines = list(table([("猫", "1"), ("cat", "22")], right=(1,)))
    assert lines == ["猫    1", "cat  22"]
    assert columns("e\u0301") == 1


def test_a_score_that_rounds_to_zero_has_no_sign():
    match = {"score": -0.0004, "probability": None, "taken_at": None, "path": "a.jpg", "paths": ["a.jpg"], "tags": []}
    _, line, below = matches_table([match, {**match, "score": -0.0006}], of_text=False)
    assert (line.split()[1], below.split()[1]) == ("0.000", "-0.001")


def test_an_empty_table_has_no_line():
    assert list(table([])) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (1.0, "100 %"),
        (0.934, "93 %"),
        (0.01, "1 %"),
        (0.0041, "0.41 %"),
        (1e-5, "0.001 %"),
        (1e-9, "<0.0001 %"),
    ],
)
def test_small_probabilities_keep_their_digits(value, text):
    assert probability(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "<1 ms"), (0.0009, "<1 ms"), (0.0123, "12 ms"), (3.44, "3.4 s"), (125, "2 min 05 s"), (4800, "1 h 20 min")],
)
def test_times_have_the_unit_that_suits_them(seconds, text):
    assert duration(seconds) == text


def test_numbers_agree_with_their_nouns():
    assert counted(1, "photo") == "1 photo"
    assert counted(12345, "photo") == "12 345 photos"
    assert counted(2, "embedded", "embedded") == "2 embedded"
