"""JPEG files that lack bytes, or that Pillow alone refuses."""

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from indexer.decode import Damaged, Unsupported, read_photo
from indexer.decode.errors import Incomplete
from tests.indexer.decode.test_decode import SQUARE, difference, pixels
from tests.indexer.decode.test_notes import packet, segment
from tests.indexer.metadata.packets import bag
from tests.pictures import encoded, exif_with, scene

END = b"\xff\xd9"
PICTURE = scene(480, 320, seed=5)


def start_of_frame(data, kind=0xC0):
    return data.index(b"\xff" + bytes([kind]))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}], ids=str)
def test_a_jpeg_without_its_end_mark_is_whole(options):
    written = packet(bag("dc:subject", "dog"))
    whole = encoded(PICTURE, quality=90, exif=exif_with(Model="X"), xmp=written, **options)
    photo = read_photo(whole[:-2], SQUARE)
    assert (photo.pixels == pixels(whole)).all()
    assert (photo.facts.camera, photo.facts.keywords) == ("X", ("dog",))
    assert (pixels(whole[:-1]) == photo.pixels).all()


@pytest.mark.parametrize("ending", [b"", END, bytes(20_000)], ids=["cut", "ended", "zeros"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_half_a_jpeg_is_incomplete_however_it_ends(mode, ending):
    grainy = Image.effect_noise((480, 320), 60).convert(mode)
    data = encoded(grainy, quality=90)
    with pytest.raises(Incomplete, match=r"the lower part of its picture is missing \([45]\d%\)"):
        read_photo(data[: len(data) // 2] + ending, SQUARE)


def test_a_progressive_jpeg_without_its_last_scan_is_incomplete():
    data = encoded(PICTURE, quality=90, progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(Incomplete, match="its finer details are missing"):
        read_photo(data[:last], SQUARE)


def test_a_progressive_jpeg_that_was_cut_and_ended_is_incomplete():
    data = encoded(PICTURE, quality=90, progressive=True)
    last = data.rindex(b"\xff\xda")
    within = (data.rindex(b"\xff\xda", 0, last) + last) // 2
    with pytest.raises(Incomplete, match="it is incomplete"):
        read_photo(data[:within] + END, SQUARE)


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}], ids=str)
def test_a_jpeg_that_was_cut_within_its_last_rows_and_ended_is_incomplete(options):
    data = encoded(PICTURE, quality=90, **options)
    with pytest.raises(Incomplete, match=r"the lower part of its picture is missing \(\d%\)"):
        read_photo(data[: int(len(data) * 0.98)] + END, SQUARE)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("end", [None, -2])
def test_a_picture_that_is_grey_below_is_whole(mode, end):
    grey = PICTURE.convert(mode)
    grey.paste(128 if mode == "L" else (128, 128, 128), (0, 160, 480, 320))
    data = encoded(grey, quality=95)
    assert (pixels(data[:end]) == pixels(data)).all()
    assert np.abs(pixels(data)[-1] - 128).max() == 0


def test_a_height_that_comes_after_the_data_is_found():
    data = encoded(PICTURE, quality=90)
    at = start_of_frame(data) + 5
    late = data[:at] + b"\0\0" + data[at + 2 : -2] + segment(0xDC, (320).to_bytes(2, "big")) + END
    photo = read_photo(late, SQUARE)
    assert (photo.pixels == pixels(data)).all()
    assert (photo.facts.width, photo.facts.height) == (480, 320)
    with pytest.raises(Damaged, match="it states no height"):
        read_photo(data[:at] + b"\0\0" + data[at + 2 :], SQUARE)


@pytest.mark.parametrize(
    "broken",
    [segment(0xE0, b"JFIF\0"), segment(0xE0, b"JFIF\0\1"), segment(0xEE, b"Adobe"), segment(0xE1, b"Exif\0\0")],
    ids=["empty", "short", "adobe", "exif"],
)
def test_a_broken_segment_of_a_program_costs_no_photo(broken):
    data = encoded(PICTURE, quality=90, exif=exif_with(Model="X"))
    bare = data[:2] + data[20:]
    assert data[2:4] == b"\xff\xe0"
    assert difference(pixels(bare[:2] + broken + bare[2:]), pixels(data)) == 0


def test_a_lossless_jpeg_is_decoded_at_full_size():
    grey = np.asarray(PICTURE.convert("L"))
    data = imagecodecs.ljpeg_encode(grey)
    assert b"\xff\xc3" in data
    assert (pixels(data) == SQUARE.pixels(Image.fromarray(grey).convert("RGB"))).all()


@pytest.mark.parametrize("bits", [12, 16])
def test_a_jpeg_of_more_than_eight_bits_is_scaled(bits):
    grey = np.asarray(PICTURE.convert("L"))
    deep = (grey.astype(np.float64) / 255 * (2**bits - 1)).astype(np.uint16)
    data = imagecodecs.jpegls_encode(deep) if bits == 16 else imagecodecs.ljpeg_encode(deep, bitspersample=12)
    assert difference(pixels(data), SQUARE.pixels(Image.fromarray(grey).convert("RGB"))) < 1


def test_a_jpeg_of_several_resolutions_is_named():
    data = encoded(PICTURE)
    at = start_of_frame(data)
    with pytest.raises(Unsupported, match="several resolutions"):
        read_photo(data[:at] + b"\xff\xc5" + data[at + 2 :], SQUARE)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_mended_jpeg_is_upright(orientation):
    stored = PICTURE if orientation == 1 else PICTURE.transpose(Image.Transpose.ROTATE_90)
    data = encoded(stored, quality=95, exif=exif_with(Orientation=orientation))
    photo = read_photo(data[:2] + segment(0xE0, b"JFIF\0") + data[20:-2], SQUARE)
    assert (photo.facts.width, photo.facts.height) == (480, 320)
    assert difference(photo.pixels, SQUARE.pixels(PICTURE)) < 3


def test_a_second_picture_in_the_file_does_not_matter():
    first, second = encoded(PICTURE, quality=90), encoded(scene(64, 64, seed=9))
    assert (pixels(first + second) == pixels(first)).all()
    stream = io.BytesIO()
    PICTURE.save(stream, "MPO", save_all=True, append_images=[scene(64, 64)], quality=90)
    assert difference(pixels(stream.getvalue()), pixels(first)) < 1
