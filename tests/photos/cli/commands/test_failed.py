"""`failed`: pictures that could not be indexed, and the files that are none."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from PIL import Image

from indexer.files.picture_names import is_picture_name, outcome_by_name
from photos.cli.views.failed import by_reason
from store import Outcome
from store.records import Problem

#: Files that people have among their pictures, and that are none.
OTHERS = {
    "notes.txt": b"a text",
    "empty.txt": b"",
    "IMG_0001.mov": b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
    "clip.avi": b"RIFF\0\0\0\0AVI LIST",
    "IMG_0002.jpg.supplemental-metadata.json": b'{"title": "IMG_0002.jpg"}',
    "IMG_0003.AAE": b"<?xml version='1.0'?><plist/>",
    "IMG_0004_01.xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
    "library.db": b"SQLite format 3\0",
    "unknown": b"\x01\x02\xfe\xff\0\0",
}
#: Files that a person takes for pictures, by outcome.
FAILURES = {
    "page.jpg": (b"<!doctype html><title>404</title>", "unsupported"),
    "zero.jpg": (bytes(64), "damaged"),
    "empty.png": (b"", "damaged"),
    "art.psd": (b"8BPS\0\1", "unsupported"),
}


def cut_png() -> bytes:
    out = BytesIO()
    Image.effect_noise((40, 30), 80).save(out, "PNG")
    return out.getvalue()[:300]


@pytest.fixture
def mixed(filled, pictures):
    (pictures / "notes.txt").unlink()
    for name, content in (*OTHERS.items(), *((name, content) for name, (content, _) in FAILURES.items())):
        (pictures / name).write_bytes(content)
    (pictures / "cut.bak").write_bytes(cut_png())
    assert filled("index").status == 0
    return filled


def outcomes(result):
    return {each["path"].rpartition("/")[2]: each["outcome"] for each in map(json.loads, result.lines)}


def test_only_pictures_can_fail(mixed):
    expected = {name: outcome for name, (_, outcome) in FAILURES.items()}
    result = mixed("failed", "--json")
    assert outcomes(result) == {**expected, "cut.bak": "damaged"}
    assert f"{len(OTHERS)} files are not pictures" in mixed("failed").err
    assert outcomes(mixed("failed", "not-pictures", "--json")) == dict.fromkeys(OTHERS, "not a picture")


def test_an_outcome_filters(mixed):
    for asked in (["damaged"], ["unsupported"], ["damaged", "unsupported"], ["too-large"]):
        wanted = {name for name, outcome in outcomes(mixed("failed", "--json")).items() if outcome in asked}
        assert set(outcomes(mixed("failed", *asked, "--json"))) == wanted
    assert "No file is too large." in mixed("failed", "too-large").err
    assert mixed("failed", "broken").status == 2
    assert mixed("failed", "damaged", "--retry").status == 2


def test_status_names_failures_and_counts_the_rest(mixed):
    out = mixed("status").out
    assert "3 files damaged (photos failed damaged)" in out
    assert "2 files unsupported (photos failed unsupported)" in out
    assert f"{len(OTHERS)} files are not pictures" in out
    files = json.loads(mixed("status", "--json").out)["files"]
    assert files == {"indexed": 6, "damaged": 3, "unsupported": 2, "not a picture": len(OTHERS)}


def test_indexing_tells_failures_from_other_files(filled, pictures):
    (pictures / "clip.mp4").write_bytes(b"\0\0\0\x14ftypisom\0\0\0\0isom")
    result = filled("index")
    assert "1 file is not a picture, and left out." in result.out
    assert "photos failed" not in result.out


def test_many_failures_are_grouped_by_reason(filled, pictures):
    for number in range(24):
        (pictures / f"{number:02}.jpg").write_bytes(b"a text")
    (pictures / "zero.jpg").write_bytes(bytes(64))
    assert filled("index").status == 0
    result = filled("failed")
    assert result.lines[0].startswith("24 files unsupported: ")
    assert result.lines[1:5] == [*(f"  {pictures}/0{number}.jpg" for number in range(3)), "  and 21 more"]
    assert result.lines[5].startswith("1 file damaged: ")
    assert "photos failed --all" in result.err
    for options in (["--all"], ["damaged"]):
        assert all(": " in line and line.startswith(f"{pictures}/") for line in filled("failed", *options).lines)
    assert len(filled("failed", "--all").lines) == len(filled("failed", "--json").lines) == 25


def test_reasons_that_differ_in_figures_are_one_group():
    def problems(*reasons):
        return [Problem(b"/a", Outcome.DAMAGED, reason) for reason in reasons]

    missing = [f"it is incomplete: its end is missing ({share}% of the file)" for share in (5, 70, 70)]
    assert [reason for _, reason, _ in by_reason(problems(*missing))] == ["it is incomplete: its end is missing"]
    assert [reason for _, reason, _ in by_reason(problems(*missing[1:]))] == [missing[1]]
    assert [reason for _, reason, _ in by_reason(problems("it has 3 pages", "it has 40 pages"))] == ["it has … pages"]


@pytest.mark.parametrize(
    ("name", "is_picture"),
    [("a.JPG", True), ("b/a.cr3", True), ("a.jpg.txt", False), (".jpg", False), ("jpg", False), ("a.mp4", False)],
)
def test_an_ending_makes_the_name_of_a_picture(name, is_picture):
    assert is_picture_name(b"/photos/" + name.encode()) == is_picture


def test_a_file_that_could_not_be_read_stays_a_failure():
    assert outcome_by_name(Outcome.FAILED, b"/a/notes.txt", 9) is Outcome.FAILED
    assert outcome_by_name(Outcome.TOO_LARGE, b"/a/film.mkv", 9) is Outcome.NOT_A_PICTURE
    assert outcome_by_name(Outcome.TOO_LARGE, b"/a/wall.tif", 9) is Outcome.TOO_LARGE
