"""BMP files: colours in fields, transparency that is none, and headers of OS/2."""

import struct

import numpy as np
import pytest
from PIL import Image

from indexer.decode import Damaged, Unsupported, read_photo
from indexer.decode.errors import Incomplete
from tests.indexer.decode.test_decode import SQUARE, difference, pixels
from tests.pictures import encoded, scene

PICTURE = scene(67, 40, seed=5)


def bitmap(words, masks, *, header=40, compression=3, top_down=False, bits=32):
    """A BMP file whose pixels are *words*, with colours in the fields *masks*."""
    height, width = words.shape
    stride = (width * bits + 31) // 32 * 4
    rows = np.zeros((height, stride), np.uint8)
    stored = words if top_down else words[::-1]
    rows[:, : width * bits // 8] = np.ascontiguousarray(stored.astype(f"<u{bits // 8}")).view(np.uint8)
    info = struct.pack(
        "<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression, rows.size, 0, 0, 0, 0
    )
    body = info + struct.pack(f"<{len(masks)}I", *masks)
    body += bytes(max(0, header - len(body)))
    return b"BM" + struct.pack("<IHHI", 14 + len(body) + rows.size, 0, 0, 14 + len(body)) + body + rows.tobytes()


def packed(masks, picture=PICTURE):
    words = np.zeros((picture.height, picture.width), np.uint64)
    for mask, band in zip(masks, picture.split(), strict=True):
        shift = (mask & -mask).bit_length() - 1
        words |= np.rint(np.asarray(band) / 255 * (mask >> shift)).astype(np.uint64) << np.uint64(shift)
    return words


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize(
    ("bits", "masks"),
    [
        (32, (0xFF0000, 0xFF00, 0xFF)),
        (32, (0x3FF00000, 0xFFC00, 0x3FF)),
        (32, (0xFF000000, 0xFF0000, 0xFF00)),
        (16, (0xF800, 0x7E0, 0x1F)),
        (16, (0x6000, 0x1C00, 0x1F)),
        (16, (0xF00, 0xF0, 0xF)),
    ],
    ids=str,
)
def test_colours_in_fields_of_any_width_are_read(bits, masks, top_down):
    got = pixels(bitmap(packed(masks), masks, bits=bits, top_down=top_down))
    coarsest = min((mask >> ((mask & -mask).bit_length() - 1)) for mask in masks)
    assert difference(got, SQUARE.pixels(PICTURE)) < 1 + 128 / coarsest


@pytest.mark.parametrize("header", [56, 108, 124])
@pytest.mark.parametrize("masks", [(0xFF0000, 0xFF00, 0xFF, 0xFF000000), (0x3FC00, 0x3FC0000, 0x3FC, 1 << 31)], ids=str)
def test_an_alpha_of_zero_everywhere_is_none(masks, header):
    data = bitmap(packed(masks[:3]), masks, header=header)
    assert difference(pixels(data), SQUARE.pixels(PICTURE)) < 2


def test_a_real_alpha_shows_white():
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    half = PICTURE.copy()
    half.putalpha(Image.new("L", PICTURE.size, 128))
    expected = Image.blend(Image.new("RGB", PICTURE.size, "white"), PICTURE, 128 / 255)
    assert difference(pixels(bitmap(packed(masks, half), masks, header=124)), SQUARE.pixels(expected)) < 2


@pytest.mark.parametrize("size", [16, 20, 24, 36])
def test_a_header_of_os2_may_end_early(size):
    whole = encoded(PICTURE, "bmp")
    assert whole[14] == 40
    cut = whole[:10] + struct.pack("<II", 14 + size, size) + whole[18 : 14 + size] + whole[54:]
    assert (pixels(cut) == pixels(whole)).all()


def test_half_a_bitmap_with_fields_is_incomplete():
    masks = (0x3FF00000, 0xFFC00, 0x3FF)
    data = bitmap(packed(masks), masks)
    with pytest.raises(Incomplete, match=r"its end is missing \(\d+% of the file\)"):
        read_photo(data[: len(data) // 2], SQUARE)


def test_other_files_inside_a_bitmap_are_named():
    data = bitmap(packed((0xFF0000, 0xFF00, 0xFF)), (), compression=4)
    with pytest.raises(Unsupported, match="JPEG or PNG"):
        read_photo(data, SQUARE)
    with pytest.raises(Damaged):
        read_photo(bitmap(np.zeros((0, 9)), (0x3FF00000, 0xFFC00, 0x3FF)), SQUARE)
