"""Decoding bytes to pixels and facts, or to a reason."""

import io
import zlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from indexer.decode import Damaged, DecodeError, TooLarge, Unsupported, read_photo
from indexer.models import Preprocessing
from tests.pictures import FORMATS, bomb_png, bomb_webp, encoded, exif_with, png_chunk, scene, turned

SQUARE = Preprocessing(32, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def pixels(data):
    return read_photo(data, SQUARE).pixels.astype(int)


def difference(one, other):
    return np.abs(one.astype(int) - other.astype(int)).mean()


@pytest.mark.parametrize("ending", FORMATS)
def test_common_formats_give_the_same_picture(ending):
    photo = read_photo(encoded(scene(), ending), SQUARE)
    assert photo.pixels.shape == (32, 32, 3)
    assert photo.pixels.dtype == np.uint8
    assert (photo.facts.width, photo.facts.height, photo.facts.format) == (96, 64, FORMATS[ending])
    assert difference(photo.pixels, SQUARE.pixels(scene())) < (12 if ending == "gif" else 4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_every_orientation_comes_out_upright(orientation, ending):
    photo = read_photo(turned(scene(), orientation, ending), SQUARE)
    assert (photo.facts.width, photo.facts.height) == (96, 64)
    assert difference(photo.pixels, SQUARE.pixels(scene())) < 3


def test_an_invalid_orientation_counts_as_upright():
    data = encoded(scene(), exif=exif_with(Orientation=77))
    assert difference(pixels(data), SQUARE.pixels(scene())) < 4


def test_a_jpeg_decoded_at_reduced_size_looks_the_same():
    large = scene(2400, 1800, seed=3)
    data = encoded(large, quality=95)
    whole = SQUARE.pixels(Image.open(io.BytesIO(data)))
    photo = read_photo(data, SQUARE)
    assert difference(photo.pixels, whole) < 1
    assert (photo.facts.width, photo.facts.height) == (2400, 1800)


@pytest.mark.parametrize("is_full", [False, True])
def test_only_pictures_that_are_decoded_whole_take_the_memory_lock(is_full):
    taken = []

    @contextmanager
    def lock():
        taken.append(True)
        yield

    data = encoded(Image.new("L", (8000, 5001), 90))
    photo = read_photo(data, replace(SQUARE, is_full=is_full), lock)
    assert np.abs(photo.pixels.astype(int) - 90).max() <= 1
    assert bool(taken) is is_full


def test_transparent_pixels_become_white():
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    assert (pixels(encoded(image, "png")) == 255).all()
    half = pixels(encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 128)), "png"))[0, 0]
    assert half.tolist() == [255, 127, 127]


def test_a_palette_with_transparency_shows_white_others_their_colours():
    image = Image.new("P", (20, 20), 0)
    image.putpalette([0, 0, 255, 255, 0, 0])
    assert (pixels(encoded(image, "png", transparency=0)) == 255).all()
    assert pixels(encoded(image, "png"))[0, 0].tolist() == [0, 0, 255]


def test_the_colour_marked_as_transparent_becomes_white():
    image = Image.new("RGB", (20, 20), (9, 9, 9))
    assert (pixels(encoded(image, "png", transparency=(9, 9, 9))) == 255).all()


def test_sixteen_bits_are_scaled_to_eight():
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    stream = io.BytesIO()
    Image.fromarray(ramp).save(stream, "PNG")
    got = pixels(stream.getvalue())
    assert got[0, 0, 0] < 10
    assert 120 < got[16, 16, 0] < 140
    assert got[-1, -1, 0] > 245


@pytest.mark.parametrize("mode", ["L", "1", "LA", "CMYK", "YCbCr", "I", "F"])
def test_every_mode_becomes_rgb(mode):
    ending = "tif" if mode in {"CMYK", "YCbCr", "I", "F"} else "png"
    grey = Image.new("L", (30, 30), 200).convert(mode)
    assert pixels(encoded(grey, ending)).shape == (32, 32, 3)


def test_a_cmyk_jpeg_keeps_its_colours():
    image = Image.new("RGB", (64, 64), (200, 60, 40)).convert("CMYK")
    got = pixels(encoded(image, "jpg", quality=95))[16, 16]
    assert np.abs(got - (200, 60, 40)).max() < 12


def test_an_animation_is_decoded_as_its_first_frame():
    first, second = Image.new("RGB", (20, 20), "red"), Image.new("RGB", (20, 20), "blue")
    for ending in ("gif", "webp", "png"):
        data = encoded(
            first, ending, save_all=True, append_images=[second], **({"lossless": True} if ending == "webp" else {})
        )
        assert pixels(data)[0, 0].tolist() == [255, 0, 0]


def test_facts_are_read():
    exif = exif_with(
        Make="NIKON CORPORATION\0",
        Model="NIKON D750",
        camera={"DateTimeOriginal": "2021:07:14 18:03:22", "OffsetTimeOriginal": "-03:30"},
        place={
            "GPSLatitudeRef": "S",
            "GPSLatitude": (33.0, 51.0, 24.0),
            "GPSLongitudeRef": "E",
            "GPSLongitude": (151.0, 12.0, 36.0),
        },
    )
    facts = read_photo(encoded(scene(), exif=exif), SQUARE).facts
    assert facts.taken_at == datetime.fromisoformat("2021-07-14T18:03:22")
    assert facts.taken_offset == -210
    assert facts.camera == "NIKON D750"
    assert facts.latitude == pytest.approx(-33.856667, abs=1e-5)
    assert facts.longitude == pytest.approx(151.21, abs=1e-5)


@pytest.mark.parametrize(
    "facts",
    [
        {"camera": {"DateTimeOriginal": "0000:00:00 00:00:00"}},
        {"camera": {"DateTimeOriginal": "2021:13:41 25:61:61"}},
        {"camera": {"DateTimeOriginal": "not a date", "OffsetTimeOriginal": "+99:00"}},
        {"place": {"GPSLatitudeRef": "N", "GPSLatitude": (200.0, 0.0, 0.0), "GPSLongitude": (1.0, 0.0, 0.0)}},
        {"place": {"GPSLatitudeRef": "N", "GPSLatitude": (0.0, 0.0, 0.0), "GPSLongitude": (0.0, 0.0, 0.0)}},
    ],
)
def test_a_broken_fact_costs_that_fact_only(facts):
    photo = read_photo(encoded(scene(), exif=exif_with(Model="X", **facts)), SQUARE)
    assert (photo.facts.taken_at, photo.facts.latitude, photo.facts.longitude) == (None, None, None)
    assert photo.facts.camera == "X"


def test_broken_exif_costs_no_photo():
    data = encoded(scene(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff rubbish")
    assert read_photo(data, SQUARE).facts.camera is None


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_truncated_file_is_damaged(ending, share):
    data = encoded(scene(400, 300, seed=2), ending)
    with pytest.raises(DecodeError):
        read_photo(data[: int(len(data) * share)], SQUARE)


def test_a_half_copied_heic_is_damaged_although_it_would_decode():
    data = encoded(scene(800, 600, seed=4), "heic")
    with pytest.raises(Damaged, match=r"incomplete: its end is missing \(\d+% of the file\)"):
        read_photo(data[: len(data) - 200], SQUARE)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7 ...", "a PDF"),
        (b"hello, this is text\n" * 9, "a text file"),
        (b"BMW and other cars of the road, a list", "a text file"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a sound file"),
        (b"\xff\x0a\xfa\x1f", "a JPEG XL picture"),
        (b"<svg xmlns='x'></svg>", "a vector drawing"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI\x50\0\x20\2", "Apple's programs"),
        (b"\x01\x02\x03\x04\x05\x00garbage", "no known picture format"),
    ],
)
def test_a_file_that_is_not_a_picture_is_named(data, what):
    with pytest.raises(Unsupported, match=what):
        read_photo(data, SQUARE)


@pytest.mark.parametrize(
    "data", [b"", bytes(5000), b"\xff\xd8\xff" + b"rubbish" * 50, b"\x89PNG\r\n\x1a\n" + b"x" * 99]
)
def test_a_file_with_only_the_start_of_a_picture_is_damaged(data):
    with pytest.raises(Damaged):
        read_photo(data, SQUARE)


def test_a_postscript_file_with_a_picture_name_is_not_read():
    with pytest.raises(Unsupported, match="PostScript"):
        read_photo(b"%!PS-Adobe-3.0 EPSF-3.0\n", SQUARE)


def test_a_raw_photo_in_a_tiff_is_not_read_as_its_thumbnail():
    stream = io.BytesIO()
    scene(16, 16).save(stream, "TIFF", tiffinfo={254: 1})
    with pytest.raises(Unsupported, match="RAW"):
        read_photo(stream.getvalue(), SQUARE)


@pytest.mark.parametrize(
    ("data", "megapixels"), [(bomb_png(30_000, 30_000), 900), (bomb_webp(12_000, 10_000), 120)], ids=["png", "webp"]
)
def test_a_decompression_bomb_is_refused_from_its_header(data, megapixels):
    with pytest.raises(TooLarge, match=rf"megapixels \({megapixels}\)"):
        read_photo(data, SQUARE)


def test_pictures_of_the_largest_telephones_are_within_the_limit():
    with pytest.raises(Damaged, match="broken|incomplete"):
        read_photo(bomb_png(16_320, 12_240), SQUARE)


@pytest.mark.parametrize(
    "text",
    [
        b"Comment\0\x09not compressed in any way that is known",
        b"Comment\0\0" + zlib.compress(bytes(1 << 23)),
        b"Comment\0\0 broken",
    ],
    ids=["method", "bomb", "broken"],
)
def test_a_png_with_broken_or_bomb_texts_is_still_a_photo(text):
    whole = encoded(scene(), "png", exif=exif_with(Model="X"))
    header = len(b"\x89PNG\r\n\x1a\n") + 12 + 13
    photo = read_photo(whole[:header] + png_chunk(b"zTXt", text) + whole[header:], SQUARE)
    assert (photo.pixels == pixels(whole)).all()
    assert photo.facts.camera == "X"


def test_a_png_may_lack_its_end_but_no_pixels():
    whole = encoded(scene(), "png")
    assert (pixels(whole[:-12]) == pixels(whole)).all()
    with pytest.raises(Damaged):
        read_photo(whole[: len(whole) // 2], SQUARE)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_large_pictures_release_the_memory_lock_even_if_damaged(ending):
    data = encoded(Image.new("L", (8000, 5001), 90), ending, **({"progressive": True} if ending == "jpg" else {}))
    with pytest.raises(Damaged):
        read_photo(data[: len(data) // 2], SQUARE)
    assert np.abs(pixels(data) - 90).max() <= 1
