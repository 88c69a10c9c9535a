"""Amounts of results: ten, all, or their number, and the note on those that are not shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

#: More than are shown unset.
PHOTOS = 14


@pytest.fixture
def many(photos, tmp_path, checkpoint, vocabulary):
    folder = tmp_path / "pictures"
    (folder / "some").mkdir(parents=True)
    for number in range(PHOTOS):
        place = folder / "some" if number < 12 else folder
        Image.new("RGB", (40, 30), (15 * number, 30, 200 - 10 * number)).save(place / f"{number:02}.png")
    photos.make_catalog()
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", folder, "--model", checkpoint).status == 0
    return photos


@pytest.fixture
def on_terminal(monkeypatch):
    """Makes the next run's standard output a terminal."""

    def run(photos, *arguments):
        with monkeypatch.context() as patch:
            patch.setattr(sys.stdout, "isatty", lambda: True)
            return photos(*arguments)

    return run


def test_filters_alone_give_a_pipe_file_or_album_everything(many, tmp_path):
    found = many("search", "name:*.png", "--paths")
    assert (len(found.lines), found.err) == (PHOTOS, "")
    assert len(many("search", "in:some", "--json").lines) == 12
    assert many("search", "in:some", "-0").out.count("\0") == 12
    many("search", "name:*.png", "--copy-to", tmp_path / "copies")
    assert len(list((tmp_path / "copies").iterdir())) == PHOTOS
    many("search", "name:*.png", "--link-to", tmp_path / "links")
    assert len(list((tmp_path / "links").iterdir())) == PHOTOS
    many("search", "name:*.png", "--sheet", tmp_path / "sheet.html")
    assert (tmp_path / "sheet.html").read_text().count("<img") == PHOTOS


def test_albums_are_whole_from_a_terminal_too(many, on_terminal, tmp_path):
    result = on_terminal(many, "search", "name:*.png", "--copy-to", tmp_path / "copies")
    assert len(list((tmp_path / "copies").iterdir())) == PHOTOS
    assert "14 of" not in result.err


def test_a_terminal_shows_ten_and_says_how_many_there_are(many, on_terminal):
    result = on_terminal(many, "search", "name:*.png")
    assert len(result.lines) == 1 + 10
    assert result.err == "10 of 14 photos; --top N or --all for more.\n"
    assert on_terminal(many, "search", "in:some", "--offset", "5").err == ""
    assert on_terminal(many, "search", "name:*.png", "--all").err == ""


def test_a_ranking_that_is_cut_says_so(many):
    result = many("search", "red", "--paths")
    assert (len(result.lines), result.err) == (10, "10 of 14 photos; --top N or --all for more.\n")
    assert "10 of 12 photos" in many("search", "red", "in:some").err
    assert "10 of 13 photos" in many("similar", next(Path(many.library.parent, "pictures").glob("*.png"))).err
    assert many("search", "red", "--paths", "-t", "5").err == ""


@pytest.mark.parametrize("command", [("search", "red"), ("search", "name:*"), ("search", "red", "--group")])
def test_all_shows_every_photo(many, command):
    lines = many(*command, "--all", "--json").lines
    seen = [each["photo"] for line in lines for each in (json.loads(line), *json.loads(line).get("more", []))]
    assert len(seen) == len(set(seen)) == PHOTOS


def test_count_prints_the_number_alone(many):
    assert many("search", "in:some", "--count").out == "12\n"
    assert many("search", "red", "--count").out == "14\n"
    assert json.loads(many("search", "in:some", "--count", "--json").out) == {"count": 12}
    scores = sorted(
        (json.loads(line)["score"] for line in many("search", "red", "--all", "--json").lines), reverse=True
    )
    assert many("search", "red", "--min-score", str((scores[10] + scores[11]) / 2), "--count").out == "11\n"
    none = many("search", "year:1950", "--count")
    assert (none.status, none.out) == (1, "0\n")
    assert "No photo meets" in none.err


def test_contradictory_amounts_are_wrong_usage(many, tmp_path):
    for options in (("--all", "-t", "3"), ("--count", "--paths"), ("--count", "--copy-to", tmp_path / "a")):
        result = many("search", "red", *options)
        assert (result.status, result.out) == (2, "")
    assert not (tmp_path / "a").exists()
