"""Contact sheets."""

import base64
import io
import os
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from photos.output.contact_sheets import MOST_IN_JPEG, Cell, Row, Section, write_html, write_jpeg
from photos.output.thumbnails import thumbnail
from tests.pictures import scene, turned, write


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


def opened(path):
    return Image.open(io.BytesIO(path.read_bytes()))


def read(path):
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


def test_a_sheet_is_one_self_contained_file(tmp_path):
    cells = [
        Cell(bytes(write(tmp_path / f"{seed}.jpg", seed)), "0.312", ("dog", "beach"), "2024-05-01") for seed in (1, 2)
    ]
    write_html(tmp_path / "sheet.html", "dogs", "a lead", [Section("", "", [Row("", "", cells)])])
    reader = read(tmp_path / "sheet.html")
    sources = [value for name, value in reader.attributes if name in {"src", "href"}]
    assert len(sources) == 2
    for source in sources:
        head, _, data = source.partition(",")
        assert head == "data:image/jpeg;base64"
        assert Image.open(io.BytesIO(base64.b64decode(data))).size == (96, 64)
    assert "url(" not in (tmp_path / "sheet.html").read_text()
    assert reader.tags.count("li") == 4
    assert "0.312" in reader.text
    assert "2024-05-01" in reader.text


@pytest.mark.parametrize(
    "name",
    [b'"><script>alert(1)</script>.jpg', b"\x1b[31m\xff\n.jpg", "a\u202eb & 'c'.jpg".encode(), b"{0}{title}.jpg"],
)
def test_names_are_escaped(tmp_path, name):
    path = bytes(tmp_path) + b"/" + name.replace(b"/", b"|")
    with open(path, "wb") as file:
        file.write(turned(scene(), 1))
    nasty = "</style><script>{x}\x07\ud800"
    cell = Cell(path, nasty, (nasty,), nasty)
    write_html(tmp_path / "sheet.html", nasty, nasty, [Section(nasty, nasty, [Row(nasty, nasty, [cell])])])
    reader = read(tmp_path / "sheet.html")
    assert "script" not in reader.tags
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", (tmp_path / "sheet.html").read_text("utf-8"))
    write_jpeg(tmp_path / "sheet.jpg", nasty, [cell])
    assert opened(tmp_path / "sheet.jpg").format == "JPEG"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_at_the_path_is_not_overwritten(tmp_path, monkeypatch, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError))
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "mine.html").write_text("mine")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "mine")
    cell = Cell(bytes(write(tmp_path / "1.jpg", 1)), "0.3")
    with pytest.raises(FileExistsError):
        write_html(tmp_path / "mine.html", "t", "", [Section("", "", [Row("", "", [cell])])])
    with pytest.raises(FileExistsError):
        write_jpeg(tmp_path / "link.jpg", "t", [cell])
    assert (tmp_path / "mine.html").read_text() == (tmp_path / "mine").read_text() == "mine"
    write_html(tmp_path / "new.html", "t", "", [Section("", "", [Row("", "", [cell])])])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.jpg", "link.jpg", "mine", "mine.html", "new.html"]


def test_a_sheet_can_replace_an_older_one(tmp_path):
    for title in ("one", "two"):
        write_html(tmp_path / "sheet.html", title, "", [], overwrite=True)
    assert "<h1>two</h1>" in (tmp_path / "sheet.html").read_text()


def test_a_jpeg_takes_up_to_the_maximum_of_photos(tmp_path):
    gone = Cell(bytes(tmp_path / "gone.jpg"), "0.1")
    write_jpeg(tmp_path / "sheet.jpg", "t", [gone] * MOST_IN_JPEG)
    assert opened(tmp_path / "sheet.jpg").height < 65_500


def test_an_unreadable_picture_leaves_an_empty_cell(tmp_path):
    gone = Cell(bytes(tmp_path / "gone.jpg"), "0.1")
    write_html(tmp_path / "sheet.html", "t", "", [Section("", "", [Row("", "", [gone])])])
    assert "not readable now" in read(tmp_path / "sheet.html").text
    write_jpeg(tmp_path / "sheet.jpg", "t", [gone])
    assert opened(tmp_path / "sheet.jpg").width == 320 + 2 * 20


def test_a_jpeg_sheet_shows_the_pictures_in_order(tmp_path):
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    cells = []
    for at, colour in enumerate(colours):
        Image.new("RGB", (400, 300), colour).save(tmp_path / f"{at}.png")
        cells.append(Cell(bytes(tmp_path / f"{at}.png"), "0.3"))
    write_jpeg(tmp_path / "sheet.jpg", "colours", cells, columns=2, side=200)
    sheet = opened(tmp_path / "sheet.jpg")
    assert sheet.size == (20 + 2 * 220, 76 + 2 * (150 + 52 + 20) + 20)
    for at, colour in enumerate(colours):
        centre = (20 + at % 2 * 220 + 100, 76 + at // 2 * 222 + 75)
        assert all(abs(got - wanted) < 12 for got, wanted in zip(sheet.getpixel(centre), colour, strict=True))


def test_a_thumbnail_is_upright_whole_and_not_enlarged(tmp_path):
    path = tmp_path / "turned.jpg"
    path.write_bytes(turned(scene(96, 64), 6))
    small = thumbnail(bytes(path), 48)
    assert small.size == (48, 32)
    assert all(abs(got - wanted) < 40 for got, wanted in zip(small.getpixel((1, 1)), (250, 20, 20), strict=True))
    assert thumbnail(bytes(path), 1000).size == (96, 64)
    assert thumbnail(os.fsencode(tmp_path / "none.jpg"), 48) is None
