"""Thumbnails keep the colours that a picture's profile gives it."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image, ImageCms

from indexer.decode import srgb
from photos.cli.views.preview import picture
from photos.output.contact_sheets import Cell, Row, Section, write_html, write_jpeg
from photos.output.thumbnails import in_srgb, jpeg, thumbnail
from tests.pictures import encoded, scene, swapped_profile

#: What the profile below shows for the stored colour.
STORED, SHOWN = (230, 40, 60), (60, 230, 40)
FORMATS = ["jpg", "png", "webp", "tif", "heic", "avif"]


def profiled(path, ending="jpg", size=(300, 200), profile=None):
    image = Image.new("RGB", size, STORED)
    profile = profile or swapped_profile()
    if ending == "heic":
        image.info["icc_profile"] = profile
        path.write_bytes(encoded(image, ending))
    else:
        path.write_bytes(encoded(image, ending, icc_profile=profile))
    return bytes(path)


def centre(image):
    return np.asarray(image.convert("RGB"))[image.height // 2, image.width // 2].astype(int)


def is_near(colour, expected):
    return np.abs(colour - np.array(expected)).max() < 16


def seen(image):
    """*image* as a viewer with colour management shows it."""
    profile = image.info.get("icc_profile")
    return centre(srgb(image, profile) if profile else image)


def test_the_profile_of_the_tests_gives_other_colours():
    image = Image.new("RGB", (4, 4), STORED)
    source = ImageCms.ImageCmsProfile(io.BytesIO(swapped_profile()))
    assert is_near(centre(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))), SHOWN)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_thumbnail_keeps_the_profile_of_its_picture(tmp_path, ending):
    path = profiled(tmp_path / f"p.{ending}", ending)
    image = thumbnail(path, 100)
    assert image.size == (100, 67)
    assert is_near(centre(image), STORED)
    assert is_near(seen(image), SHOWN)
    assert is_near(seen(Image.open(io.BytesIO(jpeg(image)))), SHOWN)
    assert is_near(centre(in_srgb(image)), SHOWN)


def test_a_picture_without_a_profile_has_a_thumbnail_without_one(tmp_path):
    path = tmp_path / "p.png"
    path.write_bytes(encoded(scene(), "png"))
    image = thumbnail(bytes(path), 100)
    assert "icc_profile" not in Image.open(io.BytesIO(jpeg(image))).info


def test_a_long_profile_is_applied_and_not_kept(tmp_path):
    long = swapped_profile()
    long += bytes(40_000)
    long = len(long).to_bytes(4, "big") + long[4:]
    image = thumbnail(profiled(tmp_path / "p.png", "png", profile=long), 100)
    assert "icc_profile" not in image.info
    assert is_near(centre(image), SHOWN)


def test_a_broken_profile_costs_no_thumbnail(tmp_path):
    image = thumbnail(profiled(tmp_path / "p.jpg", profile=b"\0" * 16 + b"RGB " + b"nothing of a profile" * 9), 100)
    assert is_near(centre(in_srgb(image)), STORED)


def test_grey_is_shown_by_its_own_profile(tmp_path):
    # A profile of RGB does not fit a grey picture, and is no reason to lose it.
    path = tmp_path / "p.jpg"
    path.write_bytes(encoded(Image.new("L", (40, 30), 90), icc_profile=swapped_profile()))
    assert is_near(centre(thumbnail(bytes(path), 40)), (90, 90, 90))


def test_sheets_and_previews_show_the_colours_of_the_profile(tmp_path):
    cell = Cell(profiled(tmp_path / "p.jpg"), "0.3")
    write_html(tmp_path / "sheet.html", "t", "", [Section("", "", [Row("", "", [cell])])])
    inline = re.search(r"data:image/jpeg;base64,([^\"]+)", (tmp_path / "sheet.html").read_text())[1]
    assert is_near(seen(Image.open(io.BytesIO(base64.b64decode(inline)))), SHOWN)
    write_jpeg(tmp_path / "sheet.jpg", "t", [cell], side=320)
    sheet = Image.open(tmp_path / "sheet.jpg")
    assert is_near(np.asarray(sheet.convert("RGB"))[76 + 120, 20 + 160].astype(int), SHOWN)
    written = picture(cell.path, "iterm", {})
    shown = Image.open(io.BytesIO(base64.b64decode(written.split(b":", 1)[1].rstrip(b"\x07"))))
    assert is_near(centre(shown), SHOWN)
