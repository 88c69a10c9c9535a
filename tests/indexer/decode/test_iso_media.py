"""HEIC and AVIF files: bytes after their last box, and bytes that are missing."""

import struct

import pytest
from PIL import Image

from indexer.decode import Damaged, Unsupported, identify, read_photo
from indexer.decode.errors import Incomplete
from indexer.decode.iso_media import without_gain_map
from tests.indexer.decode.test_decode import SQUARE, pixels
from tests.pictures import encoded, scene

PICTURE = scene(320, 240, seed=4)
TRAILERS = {
    "text": b"<?xml version='1.0'?><x:xmpmeta/>\n" * 9,
    "Samsung": b"\0\0\x01\x0aImage_UTC_Data1700000000000SEFHj\0\0\0\1\0\0\0SEFT",
    "zeros": bytes(700),
    "three": b"abc",
    "video": struct.pack(">I4s", 60, b"mpvd") + bytes(52),
    "unknown box": struct.pack(">I4s", 500_000, b"sefT") + bytes(52),
    "impossible box": struct.pack(">I4s", 5, b"meta"),
}


@pytest.mark.parametrize("trailer", TRAILERS.values(), ids=TRAILERS)
@pytest.mark.parametrize("ending", ["heic", "avif"])
def test_bytes_after_the_last_box_do_not_matter(ending, trailer):
    data = encoded(PICTURE, ending)
    assert (pixels(data + trailer) == pixels(data)).all()


@pytest.mark.parametrize("ending", ["heic", "avif"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_missing_bytes_of_a_box_are_damage(ending, share):
    data = encoded(PICTURE, ending)
    with pytest.raises(Incomplete, match="incomplete"):
        read_photo(data[: max(40, int(len(data) * share))], SQUARE)


def test_half_a_video_within_the_file_is_missing_too():
    data = encoded(PICTURE, "heic") + struct.pack(">I4s", 5000, b"mpvd") + bytes(52)
    with pytest.raises(Incomplete, match=r"its end is missing \(\d+% of the file\)"):
        read_photo(data, SQUARE)


def test_a_file_of_boxes_that_describe_nothing_is_damaged():
    with pytest.raises(Damaged, match="described"):
        read_photo(
            struct.pack(">I4s4sI", 16, b"ftyp", b"heic", 0) + struct.pack(">I4s", 16, b"free") + bytes(8), SQUARE
        )


@pytest.mark.parametrize(("codec", "name"), [(b"avif", "AVIF"), (b"heic", "HEIF")])
def test_the_short_header_of_a_picture_is_known(codec, name):
    head = struct.pack(">I4s4s4s", 16, b"ftyp", b"mif3", codec) + struct.pack(">I4s", 24, b"mini") + bytes(16)
    assert identify(head) == name
    with pytest.raises(Unsupported, match="short header"):
        read_photo(head, SQUARE)


@pytest.mark.parametrize("brand", [b"mif3", b"miaf", b"MA1B", b"mif2", b"1pic"])
@pytest.mark.parametrize(("ending", "codec"), [("avif", b"avif"), ("heic", b"heic")])
def test_a_file_is_known_by_any_of_its_brands(ending, codec, brand):
    data = encoded(PICTURE, ending)
    brands = data[: int.from_bytes(data[:4], "big")]
    assert codec in brands[16:]
    renamed = data[:8] + brand + (codec if brand == b"mif3" else data[12:16]) + data[16:]
    assert (pixels(renamed) == pixels(data)).all()


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "heic"])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_zeros_in_place_of_the_rest_of_a_file_are_damage(ending, share):
    grainy = Image.effect_noise((320, 240), 70).convert("RGB")
    data = encoded(grainy, ending)
    kept = int(len(data) * share)
    with pytest.raises(Incomplete, match="incomplete"):
        read_photo(data[:kept] + bytes(len(data) - kept), SQUARE)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "heic", "gif", "tif", "bmp"])
def test_zeros_after_a_whole_file_are_no_damage(ending):
    data = encoded(PICTURE, ending)
    assert (pixels(data + bytes(5000)) == pixels(data)).all()


def test_a_gain_map_is_left_out_where_it_is_described_and_nowhere_else():
    meta = struct.pack(">I4s", 24, b"meta") + b"infe\0\0\0\0tmap\0\0\0\0"
    data = struct.pack(">I4s4sI", 16, b"ftyp", b"avif", 0) + meta + struct.pack(">I4s", 12, b"mdat") + b"tmap"
    assert without_gain_map(data) == data.replace(b"tmap", b"skip", 1)
