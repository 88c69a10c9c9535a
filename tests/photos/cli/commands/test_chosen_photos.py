"""`tag` and `rate` on files, folders and queries, in any order of words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def tagged(photos, label):
    found = photos("search", f"tag:{label}", "--top", "100", "--json")
    return {Path(json.loads(line)["path"]).name for line in found.lines}


def rated(photos, query):
    found = photos("search", query, "--top", "100", "--json")
    return {(Path(json.loads(line)["path"]).name, json.loads(line)["rating"]) for line in found.lines}


def test_labels_may_come_before_images(filled, pictures):
    assert filled("tag", "+trip", "-red", pictures / "red.png", pictures / "blue.png").status == 0
    assert tagged(filled, "trip") == {"red.png", "blue.png"}


def test_words_from_xargs_are_images(filled, pictures):
    names = "\0".join(map(str, [pictures / "red.png", pictures / "blue.png"]))
    program = [sys.executable, "-m", "photos", "--library", str(filled.library), "tag", "+trip"]
    done = subprocess.run(
        ["xargs", "-0", *program], input=names, text=True, capture_output=True, cwd=Path(__file__).parents[4]
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert tagged(filled, "trip") == {"red.png", "blue.png"}


def test_a_folder_stands_for_its_photos(filled, pictures):
    result = filled("tag", pictures / "bright", "+sunny", "--json")
    assert tagged(filled, "sunny") == {"yellow.png", "white.png"}
    assert {json.loads(line)["path"] for line in result.lines} == {
        str(pictures / "bright/yellow.png"),
        str(pictures / "bright/white.png"),
    }


def test_a_query_of_filters_stands_for_all_its_photos(filled):
    filled("tag", "--query", "name:*e*.png", "+with e")
    assert tagged(filled, "with e") == {"red.png", "green.png", "blue.png", "yellow.png", "white.png"}


def test_a_query_of_words_needs_a_number(filled):
    refused = filled("tag", "--query", "red", "+best")
    assert refused.status == 2
    assert "say how many of the best are meant with --top N" in refused.err
    assert filled("tag", "--query", "red", "-t", "1", "+best").status == 0
    assert tagged(filled, "best") == {"red.png"}


def test_a_query_may_be_joined_with_images(filled, pictures):
    filled("tag", pictures / "red.png", "--query=name:blue.png", "+both")
    assert tagged(filled, "both") == {"red.png", "blue.png"}


def test_a_query_or_a_folder_without_photos_changes_nothing(filled, pictures, tmp_path):
    (tmp_path / "none").mkdir()
    assert filled("tag", pictures / "red.png", tmp_path / "none", "+x").status == 1
    assert "No photo meets `year:1999`" in filled("tag", "--query", "year:1999", "+x").err
    assert filled("search", "tag:x").status == 2


def test_a_rejected_label_may_have_any_letter(filled, pictures):
    red = pictures / "red.png"
    filled("tag", red, "+cat", "+t-shirt", "+water")
    assert filled("tag", red, "+trip", "-cat", "-t-shirt", "-water").status == 0
    assert tagged(filled, "trip") == {"red.png"}
    history = json.loads(filled("tags", red, "--history", "--json").out)["history"]
    assert {each["label"] for each in history if each["what"] == "rejected"} == {"cat", "t-shirt", "water"}


def test_a_label_alone_is_a_usage_error(filled, pictures):
    assert filled("tag", "+trip").status == 2
    assert filled("tag", pictures / "red.png").status == 2
    assert filled("rate", "5").status == 2


def test_many_photos_are_counted(filled, pictures):
    for number in range(12):
        name = pictures / f"many{number}.png"
        name.write_bytes((pictures / "red.png").read_bytes() + bytes([number]))
    filled("index")
    assert filled("tag", pictures, "+trip").out == "+trip: 18 photos.\n"
    assert filled("rate", "4", pictures).out == "Rated 18 photos.\n"


def test_stars_by_hand_count_in_filters(filled, pictures):
    assert filled("rate", "4", pictures / "red.png", pictures / "blue.png").lines[0].startswith("★★★★☆  ")
    assert rated(filled, "rating:4..") == {("red.png", 4), ("blue.png", 4)}
    assert rated(filled, "is:rated") == {("red.png", 4), ("blue.png", 4)}
    filled("rate", "rejected", pictures / "blue.png")
    assert rated(filled, "rating:-1") == {("blue.png", -1)}
    filled("rate", "file", pictures / "red.png")
    assert rated(filled, "is:rated") == {("blue.png", -1)}


def test_stars_by_hand_outlast_a_change_of_the_file(filled, pictures):
    filled("rate", "2", "--query", "name:red.png")
    filled("verify", "--repair")
    (pictures / "red.png").rename(pictures / "moved.png")
    filled("index")
    assert rated(filled, "rating:2") == {("moved.png", 2)}


@pytest.mark.parametrize("stars", ["6", "-2", "five"])
def test_other_stars_are_refused(filled, pictures, stars):
    assert filled("rate", stars, pictures / "red.png").status == 2


def test_ratings_are_records(filled, pictures):
    record = json.loads(filled("rate", "0", pictures / "red.png", "--json").out)
    assert (record["path"], record["rating"]) == (str(pictures / "red.png"), 0)
