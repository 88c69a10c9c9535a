"""Filters that find nothing name what may have been meant; filters on the day of adding; filters of `similar`."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from store import Catalog, StoredDescription
from store.sql import schema as tables


@pytest.fixture
def shot(photos, tmp_path, checkpoint, vocabulary):
    """A library with pictures of two cameras in folders with names of several words."""
    folder = tmp_path / "pictures"
    (folder / "2019-05 Lake Como").mkdir(parents=True)
    for number, camera in enumerate(["NIKON D750", "Canon EOS R6"]):
        exif = Image.Exif()
        exif[0x0110] = camera
        name = folder / "2019-05 Lake Como" / f"DSC_00{number}4.jpg"
        Image.new("RGB", (40, 30), (number * 60, 10, 10)).save(name, exif=exif)
    photos.make_catalog()
    photos("vocab", "use", vocabulary)
    assert photos("add", folder, "--model", checkpoint).status == 0
    return photos


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("camera:nikkon", "camera:NIKON"),
        ("camera:cannon eos", 'camera:"Canon EOS R6"'),
        ("in:Comoo", "in:*Como*"),
        ("in:2019-05 Lake Commo", 'in:"2019-05 Lake Como"'),
        ("in:pictures/2019-05 Lake Cmo", 'in:"pictures/2019-05 Lake Como"'),
        ("in:picturse", "in:pictures"),
        ("name:DCS_0004.jpg", "name:DSC_0004.jpg"),
        ("name:DCS_0014", "name:DSC_0014"),
    ],
)
def test_a_mistyped_name_is_met_by_the_nearest(shot, query, meant):
    result = shot("search", query)
    assert (result.status, result.out) == (1, "")
    assert result.err.endswith(f"; did you mean `{meant}`?\n")
    assert shot("search", meant).status == 0


def test_a_part_of_a_captions_word_is_met_by_wildcards(shot, tmp_path):
    picture = tmp_path / "pictures" / "cake.jpg"
    exif = Image.Exif()
    exif[0x010E] = "Anna's birthday cake"
    Image.new("RGB", (40, 30), (9, 99, 9)).save(picture, exif=exif)
    assert shot("index").status == 0
    assert shot("search", "--caption", "Birthday Cake", "--paths").lines == [str(picture)]
    assert shot("search", "--not", "has:caption", "--paths").out.count("DSC") == 2
    result = shot("search", "caption:birth")
    assert (result.status, result.err) == (
        1,
        "photos: No photo meets `caption:birth`, but some meet `caption:*birth*`.\n",
    )
    assert "but some meet `caption:*birth*`" in shot("search", "caption:birth*").err
    assert shot("search", "caption:*birth*", "--paths").lines == [str(picture)]
    assert "but some" not in shot("search", "text:birthday").err
    assert shot("search", "--text", "birthday|invoice").status == 1


def test_descriptions_by_other_models_are_found(shot, tmp_path):
    made_at = datetime(2026, 1, 1)  # noqa: DTZ001 - the catalog keeps times without a zone
    told = StoredDescription("model@1", frozenset({"caption", "text"}), "A desk", (), "Invoice No. 7", made_at)
    with Catalog.open(shot.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        (found,) = (
            row.id for row in t.connection.execute(select(tables.photo).where(tables.photo.c.camera == "NIKON D750"))
        )
        t.descriptions.put(found, told)

    def names(*query):
        return [Path(line).name for line in shot("search", *query, "--paths").lines]

    described, other = ["DSC_0004.jpg"], ["DSC_0014.jpg"]
    for query in ("text:invoice", 'text:"no 7"', "ocr:nothing|invoice", "caption:desk", "has:description", "has:text"):
        assert (names(query), names(f"-{query}")) == (described, other)
    assert names("caption:desk", "text:invoice", "has:caption") == described
    (tmp_path / "pictures" / "2019-05 Lake Como" / "DSC_0004.jpg").unlink()
    assert shot("index").status == 0
    assert shot("search", "text:invoice").status == 1


@pytest.mark.parametrize("query", ["camera:sony", "-camera:*n*", "year:1999", "in:./nowhere"])
def test_what_resembles_nothing_has_no_hint(shot, query):
    assert "did you mean" not in shot("search", query).err


def test_a_folder_that_was_never_added_is_met_by_the_nearest(shot, tmp_path):
    assert f"Did you mean {tmp_path / 'pictures'}?" in shot("remove", tmp_path / "picture").err


@pytest.fixture(params=["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_photos_are_found_by_the_local_day_they_were_added(filled):
    day = datetime.now().astimezone().replace(hour=0, minute=30, second=0, microsecond=0) - timedelta(days=3)
    before = day - timedelta(hours=1)
    with Catalog.open(filled.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        for photo_id, moment in ((1, day), (2, before)):
            update = tables.photo.update().where(tables.photo.c.id == photo_id)
            t.connection.execute(update.values(added_at=moment.astimezone(UTC).replace(tzinfo=None)))

    def found(query):
        return {json.loads(line)["photo"] for line in filled("search", query, "--json").lines}

    assert found(f"added:{day:%Y-%m-%d}") == {1}
    assert found("added:3-days-ago") == {1}
    assert found("added:4-days-ago") == {2}
    assert found("added:last-2-days") == {3, 4, 5, 6}
    assert found("added:today") == {3, 4, 5, 6}
    assert found("-added:today") == {1, 2}
    assert found("added:today|4-days-ago") == {2, 3, 4, 5, 6}


def test_similar_takes_filters(filled, pictures):
    def found(*options):
        lines = filled("similar", pictures / "red.png", "--json", *options).lines
        return [Path(json.loads(line)["path"]).name for line in lines]

    assert set(found()) == {"green.png", "blue.png", "yellow.png", "white.png", "black.png"}
    assert set(found("in:bright")) == {"yellow.png", "white.png"}
    assert set(found("--in", "bright", "--name", "y*")) == {"yellow.png"}
    assert set(found("-in:bright", "-t", "2")) < {"green.png", "blue.png", "black.png"}
    assert set(found("--not", "in:bright", "--group")) == {"green.png", "blue.png", "black.png"}


def test_similar_takes_no_words_beside_the_picture(filled, pictures):
    result = filled("similar", pictures / "red.png", "blue")
    assert result.status == 2
    assert "is not only filters" in result.err


def test_similar_says_when_its_filters_leave_nothing(filled, pictures):
    result = filled("similar", pictures / "red.png", "year:1999")
    assert (result.status, result.err) == (1, "photos: No photo meets `year:1999`.\n")


def test_times_are_local_with_their_offset_in_json(filled, pictures, zone):
    before = datetime.now().astimezone().replace(microsecond=0)
    filled("tag", pictures / "red.png", "+mine")
    record = json.loads(filled("tags", pictures / "red.png", "--history", "--json").out)
    at = datetime.fromisoformat(record["history"][0]["at"])
    assert before <= at <= datetime.now().astimezone()
    assert at.utcoffset() == before.utcoffset()
    assert f"{at:%Y-%m-%d %H:%M}  added" in filled("tags", pictures / "red.png", "--history").out
    since = json.loads(filled("vocab", "history", "--json").lines[0])["since"]
    assert datetime.fromisoformat(since).utcoffset() == before.utcoffset()


@pytest.fixture
def placed(photos, tmp_path, checkpoint, vocabulary):
    """A library with pictures in Rome, Ostia, Paris, and one without a place."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    places = {"rome": (41.9, 12.5), "ostia": (41.73, 12.28), "paris": (48.86, 2.34), "nowhere": None}
    for number, (name, place) in enumerate(places.items()):
        exif = Image.Exif()
        if place is not None:
            latitude, longitude = place
            degrees = {1: "N", 2: (latitude, 0.0, 0.0), 3: "E", 4: (longitude, 0.0, 0.0)}
            exif.get_ifd(0x8825).update(degrees)
        Image.new("RGB", (40, 30), (number * 60, 10, 10)).save(folder / f"{name}.jpg", exif=exif)
    photos.make_catalog()
    photos("vocab", "use", vocabulary)
    assert photos("add", folder, "--model", checkpoint).status == 0
    return photos


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("near:Rome", {"rome"}),
        ("near:Roma,30km", {"rome", "ostia"}),
        ("near:new york", set()),
        ("place:italy", {"rome", "ostia"}),
        ("country:IT", {"rome", "ostia"}),
        ("place:italy|france", {"rome", "ostia", "paris"}),
        ("place:italy|Paris", {"rome", "ostia", "paris"}),
        ("-place:italy", {"paris", "nowhere"}),
        ("place:europe -near:paris", {"rome", "ostia"}),
        ("place:italy name:o*", {"ostia"}),
    ],
)
def test_photos_are_found_by_the_names_of_places(placed, query, names):
    found = placed("search", *query.split(" ") if " -" in query or " name" in query else [query], "--json")
    assert {Path(json.loads(line)["path"]).stem for line in found.lines} == names


def test_a_place_that_is_not_known_is_met_by_the_nearest(placed):
    result = placed("search", "place:itlay")
    assert (result.status, result.out) == (2, "")
    assert result.err == "photos: `place:itlay` names no place that is known; did you mean place:Italy?\n"
    assert "write place:Italy" in placed("search", "near:italy").err
    assert "near:48.85,2.35,10km" in placed("search", "near:xqzxqz").err


def test_filters_on_paths_lead_with_the_files_that_meet_them(filled, pictures):
    (pictures / "backup").mkdir()
    for name in ("red.png", "blue.png"):
        shutil.copy(pictures / name, pictures / "backup" / name)
    filled("index")
    copies = {str(pictures / "backup" / name) for name in ("red.png", "blue.png")}
    similar = filled("similar", pictures / "green.png", "in:backup", "--paths")
    assert set(similar.lines) == copies
    assert similar.err == ""
    tagged = filled("tag", "--query", "in:backup", "+copy", "--json")
    assert {json.loads(line)["path"] for line in tagged.lines} == copies


def test_a_long_value_is_shortened_in_a_sentence(filled, pictures):
    assert len(filled("search", f"name:{'x' * 3000}").err) < 150
    (pictures / ".photosignore").write_text("[" * 500)
    assert all(len(line) < 300 for line in filled("index").err.splitlines())
