"""Contact sheets."""

import base64
import io
import os
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from indexer.decode import srgb
from photos.output.contact_sheets import MOST_IN_PICTURE, write_html, write_picture
from photos.output.fonts import Fonts
from photos.output.sheet_notes import place_notes
from photos.output.sheet_rows import NO_WORDS, Cell, Note, NoteWord, Row, Section, months
from tests.pictures import encoded, p3_profile, scene

WORDS = ("Straße", "Ελλάδα", "Москва")


class Reader(HTMLParser):
    """Keeps elements, their attributes and all text."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def of(*images):
    """The pictures of a sheet: image 0 for photo 0 and so on, and none for other photos."""
    files = [encoded(image, "webp", lossless=True) for image in images]
    return lambda photos: (files[photo] if photo < len(files) else None for photo in photos)


NONE = of()


def opened(path):
    return Image.open(io.BytesIO(path.read_bytes()))


def read(path):
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


def page(path, cells, pictures=NONE, title="t"):
    write_html(path, title, "", [Section("", "", [Row("", "", cells)])], pictures)
    return read(path)


def test_a_sheet_is_one_self_contained_file_with_links_to_the_photos(tmp_path):
    cells = [
        Cell(n, os.fsencode(tmp_path / f"{n} & é.jpg"), "0.312", ("dog", "beach"), "2024-05-01", rank=n + 1)
        for n in range(2)
    ]
    reader = page(tmp_path / "sheet.html", cells, of(scene(320, 213), scene(213, 320)), "dogs")
    links = [value for name, value in reader.attributes if name == "href"]
    assert links == [f"file://{tmp_path}/{n}%20%26%20%C3%A9.jpg" for n in range(2)]
    for source in [value for name, value in reader.attributes if name == "src"]:
        head, _, data = source.partition(",")
        assert head == "data:image/webp;base64"
        assert Image.open(io.BytesIO(base64.b64decode(data))).format == "WEBP"
    assert "url(" not in (tmp_path / "sheet.html").read_text()
    assert "script" not in reader.tags
    assert reader.tags.count("li") == 4
    for text in ("0.312", "2024-05-01", "0 & é.jpg", "1 & é.jpg"):
        assert text in reader.text


def test_a_name_that_is_no_text_is_a_link_to_its_bytes(tmp_path):
    reader = page(tmp_path / "sheet.html", [Cell(9, b"/caf\xe9.jpg")])
    assert ("href", "file:///caf%E9.jpg") in reader.attributes


@pytest.mark.parametrize(("size", "shape"), [((320, 240), 1.3333), ((160, 320), 0.6), ((320, 20), 4.0)])
def test_a_cell_has_the_proportions_of_its_picture(tmp_path, size, shape):
    reader = page(tmp_path / "sheet.html", [Cell(0, b"/a.jpg")], of(scene(*size)))
    assert ("style", f"--shape:{shape:.4f}") in reader.attributes


@pytest.mark.parametrize(
    "name",
    [b'"><script>alert(1)</script>.jpg', b"\x1b[31m\xff\n.jpg", "a\u202eb & 'c'.jpg".encode(), b"{0}{title}.jpg"],
)
def test_names_are_escaped(tmp_path, name):
    path = bytes(tmp_path) + b"/" + name.replace(b"/", b"|")
    nasty = "</style><script>{x}\x07\ud800"
    cell = Cell(0, path, nasty, (nasty,), nasty, nasty, 1)
    row = Row(nasty, nasty, [cell])
    write_html(tmp_path / "sheet.html", nasty, nasty, [Section(nasty, nasty, [row])], of(scene()))
    reader = read(tmp_path / "sheet.html")
    assert "script" not in reader.tags
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", (tmp_path / "sheet.html").read_text("utf-8"))
    write_picture(tmp_path / "sheet.jpg", nasty, [row], of(scene()))
    assert opened(tmp_path / "sheet.jpg").format == "JPEG"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_at_the_path_is_not_overwritten(tmp_path, monkeypatch, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError))
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "mine.html").write_text("mine")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "mine")
    cells = [Cell(0, b"/1.jpg")]
    with pytest.raises(FileExistsError):
        page(tmp_path / "mine.html", cells)
    with pytest.raises(FileExistsError):
        write_picture(tmp_path / "link.jpg", "t", [Row("", "", cells)], NONE)
    assert (tmp_path / "mine.html").read_text() == (tmp_path / "mine").read_text() == "mine"
    page(tmp_path / "new.html", cells)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.jpg", "mine", "mine.html", "new.html"]


def test_a_sheet_can_replace_an_older_one(tmp_path):
    for title in ("one", "two"):
        write_html(tmp_path / "sheet.html", title, "", [], NONE, overwrite=True)
    assert "<h1>two</h1>" in (tmp_path / "sheet.html").read_text()


@pytest.mark.parametrize("is_alone", [False, True])
def test_a_jpeg_takes_up_to_the_maximum_of_photos(tmp_path, is_alone):
    cells = [Cell(n, b"/gone.jpg") for n in range(MOST_IN_PICTURE)]
    rows = [Row("a heading", "", [cell]) for cell in cells] if is_alone else [Row("", "", cells)]
    write_picture(tmp_path / "sheet.jpg", "t", rows[:400] if is_alone else rows, NONE)
    assert opened(tmp_path / "sheet.jpg").height < 65_500


def test_an_unreadable_picture_leaves_an_empty_cell(tmp_path):
    assert "not readable now" in page(tmp_path / "sheet.html", [Cell(5, b"/gone.jpg")]).text
    write_picture(tmp_path / "sheet.jpg", "t", [Row("", "", [Cell(5, b"/gone.jpg")])], NONE)
    assert opened(tmp_path / "sheet.jpg").width == 320 + 2 * 32


def test_a_jpeg_sheet_shows_whole_pictures_in_lines_of_one_height(tmp_path):
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    sizes = [(320, 213), (240, 320), (320, 320)]
    images = [Image.new("RGB", size, colour) for size, colour in zip(sizes, colours, strict=True)]
    write_picture(tmp_path / "sheet.jpg", "t", [Row("", "", [Cell(n, b"/a.jpg") for n in range(3)])], of(*images))
    sheet = np.asarray(opened(tmp_path / "sheet.jpg").convert("RGB")).astype(int)
    across = sheet[84 + 120]
    found = [np.flatnonzero(np.abs(across - colour).max(1) < 12) for colour in colours]
    assert [len(columns) for columns in found] == pytest.approx([361, 180, 240], abs=5)
    assert found[0].max() < found[1].min() < found[1].max() < found[2].min()
    for columns, colour in zip(found, colours, strict=True):
        down = np.abs(sheet[:, columns[len(columns) // 2]] - colour).max(1) < 12
        assert abs(int(down.sum()) - 240) <= 5


def test_a_full_line_ends_at_the_margin(tmp_path):
    write_picture(tmp_path / "sheet.jpg", "t", [Row("", "", [Cell(n, b"/a.jpg") for n in range(14)])], NONE)
    sheet = np.asarray(opened(tmp_path / "sheet.jpg").convert("L")).astype(int)
    assert sheet.shape[1] == 1800
    grey = np.flatnonzero(sheet[84 + 20] < 250)
    assert (grey.min(), grey.max()) == (32, 1800 - 32 - 1)


def test_a_jpeg_sheet_has_the_colours_of_the_screen(tmp_path):
    image = Image.new("RGB", (320, 240), (200, 60, 60))
    data = encoded(image, "webp", lossless=True, icc_profile=p3_profile())
    shown = np.array(srgb(image, p3_profile()).getpixel((9, 9)), int)
    write_picture(tmp_path / "sheet.jpg", "t", [Row("", "", [Cell(0, b"/a.jpg")])], lambda photos: iter([data]))
    sheet = opened(tmp_path / "sheet.jpg")
    assert "icc_profile" not in sheet.info
    assert np.abs(np.array(sheet.getpixel((150, 200)), int) - shown).max() < 8
    assert np.abs(shown - (200, 60, 60)).max() > 8


def test_photos_by_date_are_in_months_and_small_months_share():
    dates = ["2024-07-02"] * 7 + ["2024-06-30", "2024-05-05", "2023-12-31T10:00:00", "2023-11-01", "", ""]
    rows = months([Cell(n, b"/a.jpg", taken_at=date) for n, date in enumerate(dates)])
    assert [(row.title, len(row.cells)) for row in rows] == [
        ("July 2024", 7),
        ("May \N{EN DASH} June 2024", 2),
        ("November \N{EN DASH} December 2023", 2),
        ("Without a date", 2),
    ]
    assert months([]) == []
    assert months([Cell(1, b"/a.jpg", taken_at="odd-99")])[0].title == "Without a date"


def test_letters_of_many_scripts_are_drawn(tmp_path):
    fonts = Fonts(20)
    widths = [fonts.length(word) for word in WORDS]
    assert all(width > 30 for width in widths)
    if os.path.exists("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"):
        assert not fonts.missing


def test_letters_that_no_font_has_are_named(tmp_path):
    # Of the private use area: its letters belong to single fonts.
    cell = Cell(1, "/\U0010abcd\U0010abce.jpg".encode(), "fine")
    missing = write_picture(tmp_path / "sheet.jpg", "t", [Row("", "", [cell])], NONE)
    assert missing <= {"\U0010abcd", "\U0010abce", "\N{REPLACEMENT CHARACTER}"}
    fonts = Fonts(20)
    fonts.length("a\U0003abcd")
    assert fonts.missing == {"\U0003abcd"}


def test_a_long_name_is_shortened_to_its_width():
    fonts = Fonts(20)
    short = fonts.fitting("x" * 5000, 200)
    assert short.endswith("…")
    assert fonts.length(short) <= 200 < fonts.length(short.replace("…", "xx…"))
    assert fonts.fitting("short", 200) == "short"
    assert fonts.fitting("anything", 0) == "…"


NOTES = (
    Note("siglip", (NoteWord("dog", "0.123", decision=True), NoteWord("sea <b>", is_strong=False))),
    Note("ram++", (NoteWord("cat", decision=False),)),
    Note("none", ()),
)


def test_notes_are_lists_of_words_with_the_users_decisions(tmp_path):
    reader = page(tmp_path / "sheet.html", [Cell(0, b"/a.jpg", notes=NOTES)], of(scene()))
    assert ("class", "noted row") in reader.attributes
    assert [value for name, value in reader.attributes if name == "class" and value.startswith(("strong", "weak"))] == [
        "strong yes", "weak", "strong no",
    ]  # fmt: skip
    for text in ("siglip", "✓ dog 0.123", "sea <b>", "✗ cat", NO_WORDS):
        assert text in reader.text
    assert "b" not in reader.tags


def test_notes_make_a_picture_higher_and_stay_within_their_cell(tmp_path):
    many = Note("a title that is much longer than others", tuple(NoteWord(f"word{n}", "0.1") for n in range(40)))
    fonts = Fonts(15)
    placed = place_notes([*NOTES, many], 300, fonts)
    assert all(word.left + fonts.length(word.text) <= 300 for word in placed)
    first = [word.text for word in place_notes(NOTES, 300, fonts) if word.line == 0]
    assert first == ["siglip", "dog 0.123 (yes)", "sea <b>"]
    assert max(word.line for word in placed) > len(NOTES)
    rows = {False: Row("", "", [Cell(0, b"/a.jpg")]), True: Row("", "", [Cell(0, b"/a.jpg", notes=(many,))])}
    heights = {}
    for has_notes, row in rows.items():
        write_picture(tmp_path / f"{has_notes}.jpg", "t", [row], of(scene()))
        heights[has_notes] = opened(tmp_path / f"{has_notes}.jpg").height
    assert heights[True] > heights[False] + 100


def test_words_side_by_side_do_not_overlap():
    fonts = Fonts(15)
    placed = place_notes([Note("a", tuple(NoteWord("m" * n) for n in range(1, 30)))], 200, fonts)
    for before, after in pairwise(placed):
        assert after.line > before.line or before.left + fonts.length(before.text) < after.left


def test_a_sheet_is_a_png_in_a_file_of_that_name(tmp_path):
    write_picture(tmp_path / "sheet.PNG", "t", [Row("", "", [Cell(0, b"/a.jpg")])], of(scene()))
    assert opened(tmp_path / "sheet.PNG").format == "PNG"
