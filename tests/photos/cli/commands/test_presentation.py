"""Files made of results: albums, sheets, previews; groups; and chance."""

import json
import shutil
from datetime import datetime

import pytest
from PIL import ExifTags, Image

from tests.pictures import encoded


def test_results_become_copies_links_and_a_sheet(filled, tmp_path):
    result = filled(
        "search", "red", "-t", "2",
        "--copy-to", tmp_path / "copies", "--link-to", tmp_path / "links", "--sheet", tmp_path / "sheet.html",
    )  # fmt: skip
    assert result.status == 0
    assert (tmp_path / "copies" / "001-red.png").is_file()
    assert (tmp_path / "links" / "001-red.png").is_symlink()
    assert len(list((tmp_path / "copies").iterdir())) == 2
    page = (tmp_path / "sheet.html").read_text()
    assert page.count("<figure") == 2
    assert "<h1>red</h1>" in page
    assert len(result.lines) == 1 + 2
    assert result.err.count("\n") >= 3


def test_an_album_is_reported_in_a_sentence(filled, tmp_path):
    def message(count, option):
        return filled("search", "red", "-t", count, option, tmp_path / "album").err

    folder = tmp_path / "album"
    assert message(2, "--copy-to") == f"Copied 2 photos to {folder}.\n"
    assert message(3, "--copy-to") == f"Copied 1 photo to {folder}; 2 were there already.\n"
    assert message(1, "--copy-to") == f"Copied no photo to {folder}; 1 was there already.\n"
    assert message(2, "--link-to") == f"Made 2 links in {folder}.\n"


def test_a_missing_photo_is_left_out_of_an_album(filled, pictures, tmp_path):
    (pictures / "red.png").unlink()
    result = filled("search", "red", "-t", "2", "--copy-to", tmp_path / "copies")
    assert result.status == 1
    assert "red.png was left out: No such file or directory." in result.err
    assert len(result.lines) == 1 + 2
    assert len(list((tmp_path / "copies").iterdir())) == 1


def test_the_remaining_file_of_two_is_used(filled, pictures, tmp_path):
    shutil.copy(pictures / "red.png", pictures / "a copy.png")
    assert filled("index").status == 0
    (pictures / "a copy.png").unlink()
    result = filled("search", "red", "-t", "1", "--copy-to", tmp_path / "copies", "--sheet", tmp_path / "s.html")
    assert result.status == 0
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["001-red.png"]
    assert "not readable now" not in (tmp_path / "s.html").read_text()


def test_a_jpeg_sheet_of_too_many_photos_is_refused(filled, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("photos.output.contact_sheets.MOST_IN_PICTURE", 3)
    result = filled("search", "red", "--sheet", tmp_path / "sheet.jpg")
    assert result.status == 1
    assert "a picture holds at most 3 photos" in result.err
    assert list(tmp_path.glob("*sheet*")) == []


def test_similar_does_the_same(filled, pictures, tmp_path):
    assert filled("similar", pictures / "red.png", "-t", "2", "--sheet", tmp_path / "sheet.jpg").status == 0
    assert Image.open(tmp_path / "sheet.jpg", formats=["JPEG"]).verify() is None


def test_a_sheet_never_overwrites_a_file(filled, pictures, tmp_path):
    shutil.copy(pictures / "red.png", tmp_path / "mine.jpg")
    before = (tmp_path / "mine.jpg").read_bytes()
    result = filled("search", "red", "--sheet", tmp_path / "mine.jpg")
    assert result.status == 1
    assert "exists already" in result.err
    assert (tmp_path / "mine.jpg").read_bytes() == before
    assert filled("search", "red", "--sheet", tmp_path / "sheet.pdf").status == 2
    assert "cannot be written" in filled("search", "red", "--sheet", tmp_path / "no" / "sheet.html").err


def test_a_preview_goes_with_the_table(filled):
    out = filled("search", "red", "-t", "2", "--preview=kitty").out
    assert out.count("\x1b_Ga=T") == 2
    assert "\x1b" not in filled("search", "red", "-t", "2", "--preview").out
    assert "red.png" in filled("search", "--preview", "red", "-t", "2").lines[1]
    assert filled("search", "red", "--preview=kitty", "--json").status == 2


def test_a_missing_viewer_or_display_is_reported_after_the_results(filled, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for display, message in ((":0", "show files with"), ("", "no display")):
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.setenv(name, display)
        result = filled("search", "red", "--open")
        assert (result.status, len(result.lines), result.err.count("\n")) == (1, 7, 1)
        assert message in result.err


@pytest.fixture
def burst(photos, tmp_path, checkpoint, vocabulary):
    """Four of one moment, a later one, and a blue picture."""
    folder = tmp_path / "burst"
    folder.mkdir()
    for second in (1, 2, 3, 4, 59):
        exif = Image.Exif()
        exif[ExifTags.Base.Model] = "X-T4"
        when = datetime(2024, 5, 1, 12, 0, second)  # noqa: DTZ001 - a camera's wall clock
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{when:%Y:%m:%d %H:%M:%S}"
        # Each a little less red, so that the order is known, and the last is no near-duplicate of the first.
        red = 220 - second if second < 10 else 150
        (folder / f"{second}.png").write_bytes(encoded(Image.new("RGB", (40, 30), (red, 30, 30)), "png", exif=exif))
    (folder / "blue.png").write_bytes(encoded(Image.new("RGB", (40, 30), (30, 60, 220)), "png"))
    photos.make_catalog()
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", folder, "--model", checkpoint).status == 0
    return photos


def test_near_duplicates_and_bursts_count_as_one(burst):
    results = [json.loads(line) for line in burst("search", "red", "--group", "--json").lines]
    leader = results[0]
    assert leader["path"].endswith("/1.png")
    assert [each["path"].rpartition("/")[2] for each in leader["more"]][:3] == ["2.png", "3.png", "4.png"]
    assert "more" not in results[-1]
    assert results[-1]["path"].endswith("/blue.png")
    everyone = [each["photo"] for result in results for each in (result, *result.get("more", []))]
    assert len(everyone) == len(set(everyone)) == 6
    assert "+" in burst("search", "red", "--group").lines[1]


def test_top_and_offset_count_groups(burst):
    all_of_them = [json.loads(line)["path"] for line in burst("search", "red", "--group", "--json").lines]
    assert len(all_of_them) >= 2
    second = [
        json.loads(line)["path"] for line in burst("search", "red", "--group", "--json", "-t1", "--offset=1").lines
    ]
    assert second == all_of_them[1:2]


def test_the_note_on_the_rest_counts_groups_and_photos(burst, monkeypatch):
    monkeypatch.setenv("PHOTOS_TOP", "1")
    more = len(json.loads(burst("search", "red", "--group", "--json").out)["more"])
    assert burst("search", "red", "--group").err == (
        f"1 group of {more + 1} photos, of 6 photos; --top N or --all for more.\n"
    )


def test_min_score_auto_leaves_out_chance(filled):
    # Few photos: only what the model rules out.
    assert "Nothing here really matches" not in filled("search", "red").err
    found = filled("search", "red", "--min-score", "auto")
    assert 0 < len(found.lines) - 1 < 6
    assert filled("search", "red", "--min-score", "much").status == 2


def test_a_sheet_is_replaced_on_request_alone(filled, tmp_path):
    sheet = tmp_path / "sheet.html"
    sheet.write_text("mine")
    refused = filled("search", "red", "--sheet", sheet)
    assert (refused.status, sheet.read_text()) == (1, "mine")
    assert "--force replaces it" in refused.err
    assert filled("search", "red", "--sheet", sheet, "--force").status == 0
    assert "red.png" in sheet.read_text()
    picture = tmp_path / "sheet.jpg"
    for _ in range(2):
        assert filled("search", "red", "--sheet", picture, "--force").status == 0
    with Image.open(picture) as opened:
        assert opened.format == "JPEG"


def test_a_photo_of_the_answer_is_never_replaced_by_a_sheet(filled, pictures, tmp_path):
    photo = pictures / "extra.jpg"
    Image.new("RGB", (40, 30), (220, 30, 30)).save(photo)
    before = photo.read_bytes()
    filled("index")
    result = filled("search", "red", "--sheet", photo, "--force")
    assert result.status == 1
    assert "it is one of the photos" in result.err
    assert photo.read_bytes() == before


def test_force_without_a_sheet_is_a_usage_error(filled):
    assert filled("search", "red", "--force").status == 2
