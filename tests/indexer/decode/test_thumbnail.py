"""Thumbnails: upright, in the picture's colours, with nothing else of its file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from indexer.decode import SIDE, Fit, is_srgb, read_photo, srgb
from indexer.models import Preprocessing
from tests.pictures import adobe_profile, encoded, exif_with, p3_profile, scene, swapped_profile, turned
from tests.raw_photos import dng

SQUARE = Preprocessing(256, "bilinear", 1 / 255, (0.5,) * 3, (0.5,) * 3)
SMALL = Preprocessing(16, "bilinear", 1 / 255, (0.5,) * 3, (0.5,) * 3)
PLACE = {"GPSLatitudeRef": "N", "GPSLatitude": (47.0, 22.0, 11.0), "GPSLongitudeRef": "E", "GPSLongitude": (8.0, 1, 2)}


def thumbnail(data, preprocessing=SQUARE):
    made = read_photo(data, preprocessing, with_thumbnail=True).thumbnail
    return None if made is None else Image.open(io.BytesIO(made))


def colour(image, where=(0.5, 0.5)):
    return np.array(image.convert("RGB").getpixel((int(image.width * where[0]), int(image.height * where[1]))), int)


def test_a_thumbnail_is_a_webp_file_of_the_whole_picture():
    image = thumbnail(encoded(scene(1200, 800)))
    assert (image.format, image.size) == ("WEBP", (SIDE, 213))


def test_a_small_picture_is_not_enlarged():
    assert thumbnail(encoded(scene(96, 64))).size == (96, 64)
    assert thumbnail(encoded(Image.new("RGB", (1, 1)), "png")).size == (1, 1)


def test_the_pixels_for_the_encoder_are_the_same_without_a_thumbnail():
    data = encoded(scene(1600, 1200))
    with_one = read_photo(data, SQUARE, with_thumbnail=True)
    without = read_photo(data, SQUARE)
    assert (with_one.pixels == without.pixels).all()
    assert with_one.miniature == without.miniature
    assert without.thumbnail is None


def test_pixels_smaller_than_a_thumbnail_give_none():
    # The encoder takes so few pixels that the picture was decoded at 200 x 150.
    assert thumbnail(encoded(scene(1600, 1200)), SMALL) is None
    assert thumbnail(encoded(scene(1600, 1200), "png"), SMALL).size == (320, 240)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_is_upright(ending, orientation):
    picture = scene(480, 320)
    image = thumbnail(turned(picture, orientation, ending))
    assert image.size == (320, 213)
    assert not image.getexif()
    for corner in ((0.02, 0.02), (0.98, 0.02), (0.02, 0.98), (0.98, 0.98)):
        assert np.abs(colour(image, corner) - colour(picture, corner)).max() < 40


@pytest.mark.parametrize("profile", [p3_profile(), adobe_profile(), swapped_profile()], ids=["P3", "Adobe RGB", "odd"])
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif"])
def test_a_thumbnail_keeps_the_profile_and_the_colours(ending, profile):
    image = thumbnail(encoded(Image.new("RGB", (600, 400), (200, 60, 60)), ending, icc_profile=profile))
    assert image.info["icc_profile"] == profile
    assert np.abs(colour(image) - (200, 60, 60)).max() <= 8


def test_red_in_p3_is_a_stronger_red_on_the_screen():
    image = thumbnail(encoded(Image.new("RGB", (600, 400), (200, 60, 60)), quality=95, icc_profile=p3_profile()))
    shown = srgb(image.convert("RGB"), image.info["icc_profile"])
    assert np.abs(colour(shown) - (217, 42, 51)).max() <= 6


def test_a_heic_file_is_seen_in_its_colours():
    picture = Image.new("RGB", (600, 400), (200, 60, 60))
    picture.info["icc_profile"] = p3_profile()
    image = thumbnail(encoded(picture, "heic"))
    assert image.info["icc_profile"] == p3_profile()
    assert np.abs(colour(image) - (200, 60, 60)).max() <= 10


def test_a_raw_photo_is_seen():
    picture = scene(640, 480)
    image = thumbnail(dng(picture, scene(640, 480, seed=2).resize((120, 80))))
    assert image.size == (320, 240)


def test_a_profile_of_the_screen_is_left_out():
    from PIL import ImageCms

    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert is_srgb(own)
    assert "icc_profile" not in thumbnail(encoded(scene(600, 400), icc_profile=own)).info
    assert not any(map(is_srgb, (p3_profile(), adobe_profile(), swapped_profile())))


@pytest.mark.parametrize("profile", [b"x", b"\0" * 16 + b"RGB " + b"nothing" * 30, p3_profile()[:300]])
def test_a_broken_profile_costs_nothing_and_is_left_out(profile):
    image = thumbnail(encoded(Image.new("RGB", (600, 400), (200, 60, 60)), icc_profile=profile))
    assert "icc_profile" not in image.info
    assert np.abs(colour(image) - (200, 60, 60)).max() <= 8


def test_a_long_profile_is_applied():
    long = swapped_profile() + bytes(40_000)
    long = len(long).to_bytes(4, "big") + long[4:]
    image = thumbnail(encoded(Image.new("RGB", (600, 400), (230, 40, 60)), icc_profile=long))
    assert "icc_profile" not in image.info
    assert np.abs(colour(image) - (60, 230, 40)).max() <= 12


def test_cmyk_is_shown_in_colours_of_the_screen():
    image = thumbnail(encoded(Image.new("CMYK", (600, 400), (0, 200, 200, 0))))
    assert image.mode == "RGB"
    assert colour(image)[0] > 200 > colour(image)[1]


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_nothing_else_of_the_file_is_in_a_thumbnail(ending):
    exif = exif_with(Make="Secret maker", Artist="Secret person", place=PLACE)
    options = {"exif": exif}
    if ending in {"jpg", "webp"}:
        options["xmp"] = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">Secret words</x:xmpmeta>'
    if ending == "jpg":
        options["comment"] = b"Secret comment"
    data = encoded(scene(600, 400), ending, **options)
    assert b"Secret" in data
    photo = read_photo(data, SQUARE, with_thumbnail=True)
    assert photo.facts.latitude == pytest.approx(47.37, abs=0.01)
    assert b"Secret" not in photo.thumbnail
    chunks = {photo.thumbnail[12:16]}
    assert chunks == {b"VP8 "}


def test_a_transparent_picture_lies_on_white():
    image = thumbnail(encoded(Image.new("RGBA", (400, 300), (255, 0, 0, 0)), "png"))
    assert (colour(image) > 250).all()


@pytest.mark.parametrize("size", [(20_000, 2), (2, 20_000), (3000, 1)])
def test_panoramas_keep_at_least_a_line(size):
    image = thumbnail(encoded(Image.new("RGB", size, (9, 99, 9)), "png"))
    assert max(image.size) == SIDE
    assert min(image.size) == 1


def test_fit_keeps_proportions_and_enlarges_nothing():
    assert Fit(320).wanted(4000, 3000) == (320, 240)
    assert Fit(320).wanted(100, 50) == (100, 50)
    assert Fit(320).wanted(0, 0) == (1, 1)
