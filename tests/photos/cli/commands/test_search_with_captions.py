"""`photos search --with-captions`."""

import json
import os
from datetime import datetime

import pytest

from photos.config import load
from photos.library import OpenLibrary
from store import StoredDescription
from tests.photos.conftest import read_here
from tests.photos.encoders import COLOURS
from tests.photos.http.client import answering
from tests.photos.mcp.client import records

HEADING = "Ordered by `fused`: the scores of pictures, and of 6 captions with a third of the weight.\n"


def describe(program, captions, day=1):
    """Give pictures, by their names, captions of a describer."""
    settings, when = load({"library": program.library}, {}), datetime(2026, 1, day)  # noqa: DTZ001 - as in the catalog
    with OpenLibrary(settings, program.encoders, read_here) as library, library.catalog.write() as t:
        for photo in t.photos.get(t.selection.all().tolist()):
            caption = captions.get(os.path.basename(os.fsdecode(photo.paths[0])))
            if caption is not None:
                given = StoredDescription("somebody", frozenset({"caption"}), caption, (), None, when)
                t.descriptions.put(photo.id, given)


@pytest.fixture
def described(filled):
    """The library with a caption of each picture: the blue one is said to be red, and all others blue."""
    describe(
        filled, {f"{name}.png": "a red boat" if name == "blue" else f"blue number {len(name)}" for name in COLOURS}
    )
    return filled


def names(result):
    return [os.path.basename(json.loads(line)["path"]) for line in result.lines]


def test_captions_change_the_order_and_no_score(described):
    plain = described("search", "red", "--json")
    first, found = (described("search", "red", "--with-captions", "--json") for _ in range(2))
    assert (
        first.err == "Encoding 6 captions first, once for this model; an interruption keeps what is done.\n" + HEADING
    )
    assert found.err == HEADING
    assert first.out == found.out
    assert names(found).index("blue.png") < names(plain).index("blue.png")
    records = [json.loads(line) for line in found.lines]
    values = [record.pop("fused") for record in records]
    assert values == sorted(values, reverse=True)
    assert sorted(records, key=lambda each: each["photo"]) == sorted(
        (json.loads(line) for line in plain.lines), key=lambda each: each["photo"]
    )
    assert described("search", "red", "--json").out == plain.out


def test_the_table_has_a_column_of_the_order(described):
    heading, *rows = described("search", "red", "--with-captions").lines
    assert heading.split()[:3] == ["fused", "score", "probability"]
    assert len(rows) == 6
    assert "fused" not in described("search", "red").out


def test_options_go_with_captions(described):
    whole = described("search", "red", "--with-captions", "--paths").lines
    assert described("search", "red", "--with-captions", "--paths", "--offset", "2", "-t", "2").lines == whole[2:4]
    in_bright = described("search", "red", "in:bright", "--with-captions", "--paths").lines
    assert in_bright == [path for path in whole if "bright" in path]
    assert described("search", "red", "--save-as", "reds", "--with-captions", "--paths").lines == whole
    assert described("search", "--saved", "reds", "--with-captions", "--paths").lines == whole
    assert described("search", "--saved", "reds", "--paths").lines == described("search", "red", "--paths").lines
    assert described("search", "red", "--with-captions", "--count").out == "6\n"
    by_filters = described("search", "name:*e*", "--with-captions")
    assert (by_filters.err, by_filters.out) == ("", described("search", "name:*e*").out)


def test_a_library_without_captions_says_so(filled):
    found = filled("search", "red", "--with-captions", "--paths")
    assert found.err == "No photo has a caption; this is the order of the pictures alone.\n"
    assert found.lines == filled("search", "red", "--paths").lines


def test_a_long_caption_is_cut(described):
    describe(described, {"red.png": "word " * 400}, day=2)
    assert described("search", "red", "--with-captions").err.endswith(HEADING)


def test_the_server_and_assistants_use_the_vectors_that_there_are(described):
    with answering(described.library) as api:
        before = api.get("photos", query="red", with_captions="true").json
        assert before["captions"] == 0
        assert described("search", "red", "--with-captions").status == 0
        found = api.get("photos", query="red", with_captions="true").json
        plain = api.get("photos", query="red").json
    assert (found["captions"], plain["captions"]) == (6, None)
    printed = [json.loads(line) for line in described("search", "red", "--with-captions", "--json").lines]
    assert [each["id"] for each in found["matches"]] == [each["photo"] for each in printed]
    assert [each["fused"] for each in found["matches"]] == [each["fused"] for each in printed]
    assert "fused" not in plain["matches"][0]
    (asked,) = records(described.library, [("search_photos", {"query": "red", "with_captions": True})])
    assert asked["captions"] == 6
    assert [each["photo"] for each in asked["matches"]] == [each["photo"] for each in printed]


@pytest.mark.parametrize("sort", ["relevance", "date"])
def test_pages_with_captions_are_the_whole_result(described, sort):
    assert described("search", "red", "--with-captions").status == 0
    with answering(described.library) as api:
        asked = {"query": "red", "with_captions": "true", "sort": sort}
        whole = [each["id"] for each in api.get("photos", **asked).json["matches"]]
        found, after = [], {}
        while True:
            page = api.get("photos", **asked, limit=2, **after).json
            found += [each["id"] for each in page["matches"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert sorted(found) == sorted(whole)
        if sort == "relevance":
            assert found == whole
        other = api.get("photos", query="red", **after)
        assert (other.status, other.json["code"]) == (410, "wrong_cursor")
        plain = api.get("photos", query="red", limit=2).json["next"]
        assert api.get("photos", **asked, after=plain).status == 410
