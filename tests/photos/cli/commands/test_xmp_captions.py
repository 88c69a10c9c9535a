"""`xmp write --captions`: what describers said, in sidecars, beside the captions of people."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from indexer.decode import DESCRIPTION
from photos.sidecars.packet import Packet
from store import Catalog, StoredDescription
from tests.indexer.decode.test_notes import packet
from tests.photos.sidecars.packets import ADOBE
from tests.photos.sidecars.test_captions import alternatives

OLD, NEW = "florence@1a2b", "qwen3@host"


@pytest.fixture
def described(filled):
    """The library, with captions of two describers; one of them says nothing of black."""
    describe(filled)
    return filled


def describe(program):
    """Describe all photos of the library."""
    with Catalog.open(program.library / "catalog.sqlite3") as catalog, catalog.write() as t:
        for photo in t.photos.get(t.selection.all().tolist()):
            colour = Path(os.fsdecode(photo.paths[0])).stem
            put(t, photo.id, OLD, f"An area in {colour}", 1)
            put(t, photo.id, NEW, None if colour == "black" else f"All {colour}", 2)


def put(t, photo_id, origin, caption, day):
    made_at = datetime(2026, 1, day)  # noqa: DTZ001 - the catalog keeps times without a zone
    t.descriptions.put(photo_id, StoredDescription(origin, frozenset({"caption"}), caption, (), None, made_at))


def written(pictures, name):
    return Packet((pictures / f"{name}.png.xmp").read_bytes()).text(DESCRIPTION)


def shown(program, picture):
    (line,) = program("captions", picture, "--json").lines
    record = json.loads(line)
    return record["caption"], [(each["describer"], each["caption"]) for each in record["descriptions"]]


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_captions_are_written_only_when_asked_for(described, pictures):
    assert described("xmp", "write").status == 0
    assert written(pictures, "red") is None
    result = described("xmp", "write", "--captions")
    assert (result.status, result.err) == (0, "")
    assert (written(pictures, "red"), written(pictures, "black")) == ("All red", "An area in black")
    assert "6 pictures need no change" in described("xmp", "write").out
    assert written(pictures, "red") == "All red"


def test_undo_puts_every_byte_back(described, pictures):
    (pictures / "red.xmp").write_text(ADOBE)
    described("index")
    before = contents(pictures)
    described("xmp", "write", "--captions", OLD)
    assert Packet((pictures / "red.xmp").read_bytes()).text(DESCRIPTION) == "An area in red"
    described("xmp", "write", "--captions", NEW)
    assert Packet((pictures / "red.xmp").read_bytes()).text(DESCRIPTION) == "All red"
    assert "put 6 sidecars back" in described("xmp", "undo").out
    assert written(pictures, "blue") == "An area in blue"
    assert described("xmp", "undo").status == 0
    assert contents(pictures) == before


def test_a_written_caption_keeps_its_origin(described, pictures):
    described("xmp", "write", "--captions")
    before = shown(described, pictures / "red.png")
    assert before == (None, [(NEW, "All red"), (OLD, "An area in red")])
    described("index")
    assert shown(described, pictures / "red.png") == before
    # Read anew, as by another library.
    for sidecar in pictures.rglob("*.xmp"):
        sidecar.write_bytes(sidecar.read_bytes() + b"\n")
    described("index")
    assert shown(described, pictures / "red.png") == before
    assert described("search", 'caption:"all red"', "--json").lines != []
    described("describe", "--forget", NEW)
    assert described("search", 'caption:"all red"', "--json").lines == []


def test_captions_of_people_stay(described, pictures):
    theirs = packet(alternatives(("x-default", "Ann")))
    (pictures / "red.xmp").write_bytes(theirs)
    described("index")
    described("xmp", "write", "--captions")
    assert Packet((pictures / "red.xmp").read_bytes()).text(DESCRIPTION) == "Ann"
    assert shown(described, pictures / "red.png")[0] == "Ann"
    # One that was written since the last scan, and a change of ours.
    (pictures / "blue.png.xmp").write_bytes(theirs)
    ours = (pictures / "green.png.xmp").read_bytes()
    (pictures / "green.png.xmp").write_bytes(ours.replace(b'"x-default">All green<', b'"x-default">Rex<'))
    described("xmp", "write", "--captions", OLD)
    assert (written(pictures, "blue"), written(pictures, "green")) == ("Ann", "Rex")
    assert written(pictures, "bright/white") == "An area in white"
    described("index")
    assert shown(described, pictures / "green.png")[0] == "Rex"


def test_the_caption_in_a_picture_counts_as_that_of_its_sidecar(described, pictures):
    with Image.open(pictures / "red.png") as image:
        image.save(pictures / "red.webp", lossless=True, xmp=packet(alternatives(("x-default", "Ann"))))
    described("index")
    describe(described)
    assert shown(described, pictures / "red.webp") == ("Ann", [(NEW, "All red"), (OLD, "An area in red")])
    described("xmp", "write", "--captions")
    assert Packet((pictures / "red.webp.xmp").read_bytes()).text(DESCRIPTION) is None
    assert written(pictures, "red") == "All red"


def test_a_caption_in_another_sidecar_takes_ours_back(described, pictures):
    described("xmp", "write", "--captions")
    (pictures / "red.xmp").write_bytes(packet(alternatives(("x-default", "Ann"))))
    described("index")
    described("xmp", "write", "--captions")
    assert written(pictures, "red") is None
    assert shown(described, pictures / "red.png")[0] == "Ann"


def test_what_a_describer_does_not_say_any_more_goes(described, pictures):
    described("xmp", "write", "--captions")
    described("describe", "--forget", NEW)
    described("describe", "--forget", OLD)
    assert described("xmp", "write", "--captions").status == 0
    assert [written(pictures, name) for name in ("red", "black")] == [None, None]


def test_a_dry_run_and_records_show_captions(described, pictures):
    line = next(line for line in described("xmp", "write", "-n", "--captions").lines if "red.png.xmp" in line)
    assert line.endswith(', caption "All red"')
    out = [json.loads(each) for each in described("xmp", "write", "--json", "--captions", OLD).lines]
    red = next(each for each in out if each.get("path") == str(pictures / "red.png"))
    assert red["caption"] == {"before": None, "after": "An area in red"}
    described("describe", "--forget", OLD)
    described("describe", "--forget", NEW)
    gone = described("xmp", "write", "-n", "--captions").lines
    assert f"{pictures / 'red.png.xmp'}: change: no caption" in gone
    out = [json.loads(each) for each in described("xmp", "write", "--json").lines]
    assert out == [{"run": None, "made": 0, "changed": 0, "unchanged": 6, "left": 0}]


def test_an_unknown_describer_is_named_with_the_others(described, pictures):
    result = described("xmp", "write", "--captions", "nobody")
    assert (result.status, result.out) == (1, "")
    assert result.err == f"photos: No photo was described by nobody; there is {OLD}, {NEW}.\n"
    assert list(pictures.rglob("*.xmp")) == []


def test_a_path_after_the_option_is_a_path(described, pictures):
    assert "made 1 sidecar and" in described("xmp", "write", "--captions", pictures / "red.png").out
    assert written(pictures, "red") == "All red"
    assert "made 1 sidecar and" in described("xmp", "write", pictures / "blue.png", "--captions", OLD).out
    assert written(pictures, "blue") == "An area in blue"
