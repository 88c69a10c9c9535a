"""Commands that take a photo, given one of its companions: a RAW file, a live video or a sidecar."""

from __future__ import annotations

import json
import shutil

import pytest
from PIL import Image

from tests.raw_photos import dng


@pytest.fixture
def trip(photos, pictures, checkpoint, vocabulary):
    """A library of the pictures, where `red.png` has a RAW file and a sidecar, and a copy of it elsewhere has none."""
    photos.make_catalog()
    photos("model", "use", checkpoint)
    photos("vocab", "use", vocabulary)
    (pictures / "red.dng").write_bytes(dng(Image.new("RGB", (40, 30), (1, 2, 3))))
    (pictures / "red.xmp").write_text("<x/>")
    (pictures / "copies").mkdir()
    shutil.copy(pictures / "red.png", pictures / "copies")
    photos("add", pictures)
    return photos


def paths_of(result):
    return [json.loads(line)["path"] for line in result.lines]


@pytest.mark.parametrize("name", ["red.dng", "red.xmp"])
def test_tags_and_stars_go_to_the_photo_of_a_companion(trip, pictures, name):
    red = str(pictures / "red.png")
    assert paths_of(trip("tag", pictures / name, "+trip", "--json")) == [red]
    assert paths_of(trip("rate", "4", pictures / name, "--json")) == [red]
    assert paths_of(trip("tags", pictures / name, "--json")) == [red]
    assert paths_of(trip("tags", pictures / name, "--history", "--json")) == [red]
    found = json.loads(trip("search", "tag:trip", "--json").out)
    assert (found["path"], found["rating"]) == (str(pictures / "copies/red.png"), 4)


@pytest.mark.parametrize("name", ["red.dng", "red.xmp"])
def test_other_commands_take_a_companion_for_its_photo(trip, pictures, name):
    similar = trip("similar", pictures / name, "--json")
    assert (len(similar.lines), "red.png" in similar.out) == (5, False)
    like = json.loads(trip("search", "--like", pictures / name, "-t", "1", "--json").lines[0])
    assert like["path"] == str(pictures / "copies/red.png")
    assert trip("why", pictures / name, "red").status == 0
    assert trip("teach", "reddish", "--yes", pictures / name).status == 0


def test_sidecars_are_written_for_the_photo_of_a_companion(trip, pictures):
    (pictures / "red.xmp").unlink()
    trip("index")
    trip("tag", pictures / "red.dng", "+trip")
    assert "made 1 sidecar" in trip("xmp", "write", pictures / "red.dng").out


def test_imported_tags_of_a_companion_are_its_photos(trip, pictures, tmp_path):
    (tmp_path / "tags.csv").write_text(f"path,tags\n{pictures / 'red.dng'},mountain\n")
    trip("tags", "import", tmp_path / "tags.csv", "--source", "other")
    assert "mountain" in trip("tags", pictures / "red.png").out


def test_a_file_of_no_photo_is_not_in_the_library(trip, pictures):
    (pictures / "alone.xmp").write_text("<x/>")
    assert "is not in the library" in trip("tag", pictures / "alone.xmp", "+trip").err
