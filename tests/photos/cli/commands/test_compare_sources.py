"""`photos tags compare`: sources of tags beside each other and beside the user's own words."""

from __future__ import annotations

import json

import pytest
from PIL import Image


@pytest.fixture
def taggers(filled, pictures):
    """The library with tags of two programs, one of which says blue of everything."""
    photos = ("red.png", "blue.png", "green.png", "bright/white.png")
    ram = {
        "status": 0,
        "message": "ok",
        "data": [
            {"filepath": each, "model_identified_tags": f"{each.split('/')[-1][:-4]} | sky", "image_caption": None}
            for each in photos
        ],
    }
    (pictures / "ram_plus_results.json").write_text(json.dumps(ram, indent=2))
    florence = {each: {"<OD>": {"bboxes": [[0, 0, 1, 1]], "labels": ["blue", "red"]}} for each in photos}
    (pictures / "florence.json").write_text(json.dumps(florence, indent=1))
    for name, source in (("ram_plus_results.json", "ram++"), ("florence.json", "florence")):
        result = filled("tags", "import", pictures / name, "--source", source)
        assert result.out.startswith(f"4 photos with tags from {source}"), result.err
    return filled


def rows(result):
    return [line.split() for line in result.lines]


def test_three_sources_are_shown_pair_by_pair_and_label_by_label(taggers, pictures):
    taggers("tag", pictures / "red.png", "+red", "-blue")
    taggers("tag", pictures / "blue.png", "+blue")
    result = taggers("tags", "compare", "siglip", "ram++", "florence")
    assert result.status == 0, result.err
    assert result.lines[0] == "4 photos and 2 labels in all"
    assert ["ram++,", "florence", "2", "0", "6", "0.25", "0.00"] in rows(result)
    assert ["most", "differences", "siglip", "ram++", "florence", "by", "all", "overlap", "kappa"] in rows(result)
    # Florence says red and blue of everything: right twice, and wrong about blue on the red photo.
    (judged,) = (row for row in rows(result) if row[:2] == ["all", "labels"] and len(row) == 10)
    assert judged[2:4] == ["2", "1"]
    assert judged[-2:] == ["0.67", "1.00"]


def test_a_comparison_without_words_of_the_user_says_so(taggers):
    result = taggers("tags", "compare", "ram++", "florence")
    assert "your words" not in result.out
    assert "You said nothing yet" in result.err
    records = [json.loads(line) for line in taggers("tags", "compare", "ram++", "florence", "--json").lines]
    assert {each["precision"] for record in records for each in record["sources"]} == {None}
    assert {each["recall"] for record in records for each in record["sources"]} == {None}


def test_examples_are_words_of_the_user_that_a_note_names(taggers, pictures):
    taggers("teach", "red", "--yes", pictures / "red.png", "--no", pictures / "blue.png")
    result = taggers("tags", "compare", "ram++", "florence")
    assert "2 of these words are examples of `photos teach`" in " ".join(result.err.split())
    overall = json.loads(taggers("tags", "compare", "ram++", "florence", "--json").lines[0])
    assert (overall["shown"], overall["absent"], overall["taught"]) == (1, 1, 2)


def test_a_query_limits_the_photos(taggers, pictures, monkeypatch):
    monkeypatch.chdir(pictures)

    def compared(*arguments):
        return json.loads(taggers("tags", "compare", "ram++", "florence", "--json", *arguments).lines[0])

    assert compared("--query", "in:bright")["compared_photos"] == 1
    assert compared("--query", "red", "--top", "1")["compared_photos"] == 1
    assert compared("--query", "red", "--top", "9")["compared_photos"] == 4
    nothing = taggers("tags", "compare", "ram++", "florence", "--query", "year:1900")
    assert (nothing.status, nothing.out) == (1, "")
    assert taggers("tags", "compare", "ram++", "florence", "--query", "red").status == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["siglip"], "Name two sources or more"),
        (["siglip", "auto"], "siglip and auto are the same tags"),
        (["ram++", "florence", "--top", "3"], "--top goes with --query"),
        (["ram++", "florence", "--force"], "name it with --sheet"),
        (["ram++", "florence", "--sheet", "x.doc"], "its name must end in"),
    ],
)
def test_a_wrong_comparison_is_a_usage_error(taggers, arguments, message):
    result = taggers("tags", "compare", *arguments)
    assert result.status == 2
    assert message in result.err


@pytest.mark.parametrize("name", ["sheet.html", "sheet.jpg", "sheet.png"])
def test_a_sheet_shows_the_photos_with_differences(taggers, pictures, tmp_path, name):
    taggers("tag", pictures / "red.png", "-blue")
    result = taggers("tags", "compare", "siglip", "ram++", "florence", "--sheet", tmp_path / name)
    assert result.status == 0, result.err
    assert f"Wrote {tmp_path / name}." in result.err
    if name.endswith("html"):
        text = (tmp_path / name).read_text("utf-8")
        assert text.count("<figure") == 4
        assert "✗ blue" in text
        assert "<dt>florence</dt>" in text
    else:
        with Image.open(tmp_path / name) as sheet:
            assert sheet.height > 500
    again = taggers("tags", "compare", "siglip", "ram++", "florence", "--sheet", tmp_path / name)
    assert again.status == 1
    assert "--force" in again.err


def test_a_sheet_is_never_one_of_the_photos(taggers, pictures):
    before = (pictures / "red.png").read_bytes()
    result = taggers("tags", "compare", "ram++", "florence", "--sheet", pictures / "red.png", "--force")
    assert result.status == 1
    assert "it is one of the photos" in result.err
    assert (pictures / "red.png").read_bytes() == before


def test_sources_that_agree_on_every_photo_make_no_sheet(taggers, pictures, tmp_path):
    taggers("tags", "import", pictures / "florence.json", "--source", "again")
    result = taggers("tags", "compare", "florence", "again", "--sheet", tmp_path / "sheet.html")
    assert result.status == 0
    assert "no label has a difference" in result.out
    assert "so there is no sheet" in result.err
    assert not (tmp_path / "sheet.html").exists()


#: Lines such as those of RAM's list, without a line feed at the end, and a few harder ones.
LIST = "3D CG rendering\nblue\npant\npants\nred\nrubik's cube\nshih-tzu\ncat/dog\nsalt, pepper\nR&B singer\nT-shirt"


def test_a_taggers_list_is_a_vocabulary_for_a_fair_comparison(taggers, pictures, tmp_path):
    (tmp_path / "ram_tag_list.txt").write_text(LIST)
    result = taggers("retag", "--vocabulary", tmp_path / "ram_tag_list.txt", "--as", "ram")
    assert "ram_tag_list as ram (11 labels" in result.out
    assert [line.strip() for line in taggers("vocab", "show", "ram:").lines[1:]] == LIST.split("\n")
    (pictures / "ram.log").write_text("red.png\nImage Tags:  red | rubik's cube\nblue.png\nImage Tags:  salt, pepper\n")
    taggers("tags", "import", pictures / "ram.log", "--source", "log")
    taggers("tag", pictures / "red.png", "+ram:red")
    overall, *labels = map(json.loads, taggers("tags", "compare", "siglip:ram", "log", "--json").lines)
    assert overall["compared_photos"] == 2
    assert sorted(each["label"] for each in labels) == ["red", "rubik's cube", "salt, pepper"]
    (red,) = (each for each in labels if each["label"] == "red")
    assert [(each["right"], each["recall"]) for each in red["sources"]] == [(1, 1.0), (1, 1.0)]
