"""`photos facets`: cameras, years, folders and keywords with the numbers of their photos."""

from __future__ import annotations

import json

import pytest
from PIL import Image


@pytest.fixture
def dated(photos, tmp_path, checkpoint, vocabulary):
    """A library with pictures of two cameras and three years, one of them in two places."""
    folder = tmp_path / "pictures"
    (folder / "b").mkdir(parents=True)
    for number, (camera, year) in enumerate([("One", 2019), ("One", 2019), ("One", 2021), ("Two", 2020)]):
        exif = Image.Exif()
        exif[0x0110] = camera
        exif.get_ifd(0x8769)[0x9003] = f"{year}:05:01 10:00:00"
        Image.new("RGB", (40, 30), (number * 60, 10, 10)).save(folder / "b" / f"{number}.jpg", exif=exif)
    (folder / "copy.jpg").write_bytes((folder / "b/0.jpg").read_bytes())
    photos.make_catalog()
    photos("vocab", "use", vocabulary)
    assert photos("add", folder, "--model", checkpoint).status == 0
    return photos


def _found(result):
    return [(each["facet"], each["value"], each["photos"]) for each in map(json.loads, result.lines)]


def test_cameras_and_years_are_counted(dated):
    found = _found(dated("facets", "--json", "--by", "camera", "--by", "year"))
    assert found == [
        ("camera", "One", 3),
        ("camera", "Two", 1),
        ("year", 2019, 2),
        ("year", 2021, 1),
        ("year", 2020, 1),
    ]


def test_a_folder_counts_a_photo_once(dated, tmp_path):
    found = _found(dated("facets", "--json", "--by", "folder"))
    assert found == [("folder", str(tmp_path / "pictures"), 4), ("folder", str(tmp_path / "pictures/b"), 4)]


def test_filters_limit_the_photos(dated):
    assert _found(dated("facets", "camera:one", "year:..2020", "--by", "year", "--json")) == [("year", 2019, 2)]


def test_the_table_says_how_many_it_leaves_out(dated):
    result = dated("facets", "--by", "year", "--top", "2")
    assert result.lines == ["years", "  2  2019", "  1  2021", "  and 1 more; --all shows them."]
    assert len(dated("facets", "--by", "year", "--all").lines) == 4


def test_words_are_refused(dated):
    result = dated("facets", "dog")
    assert (result.status, result.out) == (2, "")
    assert "is not only filters" in result.err


def test_nothing_to_count_is_said(filled):
    assert filled("facets", "--by", "camera").status == 1
