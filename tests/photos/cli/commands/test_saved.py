"""Saved searches: saved, run, listed, removed."""

from __future__ import annotations

import json
import os

import pytest


def saved(program):
    return {each["name"]: each["query"] for each in map(json.loads, program("saved", "list", "--json").lines)}


def paths(result):
    assert result.status == 0, result.err
    return result.lines


def test_a_saved_search_finds_the_same_photos_anywhere(filled, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(pictures)
    words = ("red", "-blue", "--in", "./bright", "--like", "red.png", "-name:x*")
    found = paths(filled("search", *words, "--paths", "--save-as", " our  reds "))
    assert len(found) == 2
    monkeypatch.chdir(tmp_path)
    assert paths(filled("search", "--saved", "our reds", "--paths")) == found
    query = f'"red" -"blue" like:"{pictures}/red.png" in:{pictures}/bright -name:x*'
    assert sorted(saved(filled)["our reds"].split()) == sorted(query.split())


def test_a_name_stands_for_its_newest_query(filled):
    assert "Saved as mine" in filled("search", "red", "--save-as", "mine").err
    assert filled("search", "year:..2000", "--save-as", "mine").status == 1
    assert saved(filled) == {"mine": "year:..2000"}
    assert filled("saved", "list").out == "mine  year:..2000\n"


def test_saved_searches_are_removed_all_or_none(filled):
    for name in ("one", "two"):
        assert filled("search", name, "--save-as", name).status == 0
    wrong = filled("saved", "remove", "one", "tow")
    assert (wrong.status, "did you mean two?" in wrong.err) == (2, True)
    assert list(saved(filled)) == ["two", "one"]
    assert filled("saved", "remove", "one").out == 'one is no longer saved; it was: "one"\n'
    assert list(saved(filled)) == ["two"]


@pytest.mark.parametrize(
    "words", [("--saved", "none"), ("red", "--saved", "mine"), ("red", "--save-as", " "), ("tagg:x", "--save-as", "x")]
)
def test_wrong_usage_saves_nothing(filled, words):
    assert filled("search", "red", "--save-as", "mine").status == 0
    wrong = filled("search", *words)
    assert (wrong.status, len(wrong.lines)) == (2, 0)
    assert list(saved(filled)) == ["mine"]


def test_a_new_library_has_no_saved_search_and_is_not_made(photos):
    assert "No search is saved" in photos("saved", "list").err
    assert photos("saved", "remove", "x").status == 2
    assert not photos.library.exists()


def test_a_picture_whose_name_is_no_text_is_refused(filled, pictures):
    name = b"\xff.png"
    (pictures / "red.png").rename(pictures / "x.png")
    os.rename(pictures / "x.png", os.path.join(os.fsencode(pictures), name))
    wrong = filled("search", f"{pictures}/{os.fsdecode(name)}", "--save-as", "x")
    assert (wrong.status, "no text" in wrong.err) == (2, True)
