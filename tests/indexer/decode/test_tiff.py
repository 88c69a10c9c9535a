"""TIFF files of the kinds that Pillow refuses or reads wrongly. The files are written by tifffile."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from indexer.decode import Damaged, TooLarge, Unsupported, read_photo
from indexer.decode.errors import Incomplete
from tests.indexer.decode.test_decode import SQUARE, difference, pixels
from tests.pictures import encoded, exif_with, scene, turned

PICTURE = scene(160, 120, seed=5)
RGB = np.asarray(PICTURE)
GREY = np.asarray(PICTURE.convert("L"))
DEPTHS = {"u1": 255, "u2": 65535, "u4": 2**32 - 1, "i2": 32767, "i4": 2**31 - 1, "f2": 1, "f4": 1, "f8": 1}


def deep(samples, kind):
    return (samples / 255 * DEPTHS[kind]).astype(kind)


def tiff(samples, *, order="<", bigtiff=False, then=(), **options):
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder=order, bigtiff=bigtiff) as writer:
        writer.write(samples, metadata=None, **options)
        for others, further in then:
            writer.write(others, metadata=None, **further)
    return stream.getvalue()


def shown(samples):
    return SQUARE.pixels(Image.fromarray(samples).convert("RGB"))


@pytest.mark.parametrize("kind", DEPTHS)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("layout", ["white", "black", "rgb", "planes"])
def test_every_number_format_and_layout_gives_the_picture(layout, order, kind):
    if layout in {"white", "black"}:
        stored, name = (255 - GREY, "miniswhite") if layout == "white" else (GREY, "minisblack")
        data = tiff(deep(stored, kind), order=order, photometric=name)
        assert difference(pixels(data), shown(GREY)) < 1
    else:
        stored = deep(RGB, kind) if layout == "rgb" else np.moveaxis(deep(RGB, kind), -1, 0)
        planes = "contig" if layout == "rgb" else "separate"
        data = tiff(stored, order=order, photometric="rgb", planarconfig=planes)
        assert difference(pixels(data), shown(RGB)) < 1


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd", "lzma", "jpeg2000", "webp", "jpeg"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_every_compression_is_read_in_either_byte_order(bigtiff, compression):
    for order in "<>":
        data = tiff(RGB, order=order, bigtiff=bigtiff, photometric="rgb", compression=compression)
        assert difference(pixels(data), shown(RGB)) < 3


@pytest.mark.parametrize("compression", ["lzw", "zlib"])
@pytest.mark.parametrize("kind", ["u2", "f4"])
def test_predictors_and_tiles_are_read(kind, compression):
    data = tiff(deep(RGB, kind), photometric="rgb", compression=compression, predictor=True, tile=(64, 64))
    assert difference(pixels(data), shown(RGB)) < 1


def test_lab_is_shown_in_its_colours():
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    # Pillow stores a and b with a sign.
    bands = [np.asarray(band) for band in ImageCms.applyTransform(PICTURE, to_lab).split()]
    offset = np.stack([bands[0], bands[1], bands[2]], -1)
    signed = offset ^ np.array([0, 0x80, 0x80], np.uint8)
    for stored, name in ((signed, 8), (offset, 9)):
        assert difference(pixels(tiff(stored, photometric=name)), shown(RGB)) < 3
        wide = stored.astype(np.uint16) << 8
        assert difference(pixels(tiff(wide, photometric=name)), shown(RGB)) < 3


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("alpha", ["assocalpha", "unassalpha", "unspecified"])
def test_transparency_of_a_tiff_shows_white(alpha, kind):
    half = np.full((*GREY.shape, 1), 128, np.uint8)
    colours = RGB // 2 if alpha == "assocalpha" else RGB
    data = tiff(deep(np.concatenate([colours, half], -1), kind), photometric="rgb", extrasamples=[alpha])
    expected = RGB if alpha == "unspecified" else (RGB / 2 + 127).astype(np.uint8)
    assert difference(pixels(data), shown(expected)) < 3


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_a_transparency_of_zero_everywhere_is_none(kind):
    empty = np.zeros((*GREY.shape, 1), np.uint8)
    data = tiff(deep(np.concatenate([RGB, empty], -1), kind), photometric="rgb", extrasamples=["unassalpha"])
    assert difference(pixels(data), shown(RGB)) < 1


@pytest.mark.parametrize("marks", [{"subfiletype": 1}, {"extratags": [(255, 3, 1, 2, True)]}, {}], ids=str)
def test_the_picture_is_read_and_not_the_thumbnail_before_it(marks):
    stamp = np.asarray(scene(40, 30, seed=8))
    large = np.asarray(scene(320, 240, seed=5))
    data = tiff(stamp, photometric="rgb", then=[(large, {"photometric": "rgb"})], **marks)
    photo = read_photo(data, SQUARE)
    assert (photo.facts.width, photo.facts.height, photo.facts.format) == (320, 240, "TIFF")
    assert difference(photo.pixels, shown(large)) < 1


def test_the_first_of_several_pages_is_read():
    others = [(np.asarray(scene(160, 120, seed=seed)), {"photometric": "rgb"}) for seed in (8, 9)]
    assert difference(pixels(tiff(RGB, photometric="rgb", then=others)), shown(RGB)) < 1


@pytest.mark.parametrize("highlights", [1.0, 7.5])
def test_highlights_beyond_one_do_not_darken_a_float_picture(highlights):
    samples = deep(RGB, "f4")
    samples[:1, :5] = highlights
    assert difference(pixels(tiff(samples, photometric="rgb")), shown(RGB)) < 3


@pytest.mark.parametrize("scale", [255, 65535, 4321.5])
def test_float_samples_of_any_range_are_no_white_or_black_picture(scale):
    samples = deep(RGB, "f8") * scale
    samples = (np.rint(samples) if scale != 4321.5 else samples).astype(np.float32)
    samples[0, 0] = (np.nan, np.inf, -np.inf)
    got = pixels(tiff(samples, photometric="rgb"))
    assert difference(got, shown(RGB)) < (3 if scale != 4321.5 else 12)


def test_a_tiff_that_pillow_refuses_is_upright_with_its_facts():
    options = {"photometric": "rgb", "extratags": [(274, 3, 1, 6, True), (271, 2, 0, "Maker", True)]}
    stored = np.asarray(PICTURE.transpose(Image.Transpose.ROTATE_90))
    for bigtiff in (False, True):
        photo = read_photo(tiff(deep(stored, "f4"), bigtiff=bigtiff, **options), SQUARE)
        assert (photo.facts.width, photo.facts.height, photo.facts.camera) == (160, 120, "Maker")
        assert difference(photo.pixels, shown(RGB)) < 1


def test_the_pixels_of_ordinary_tiffs_are_pillows():
    for ending in ({}, {"compression": "tiff_lzw"}, {"compression": "jpeg", "quality": 90}):
        data = encoded(PICTURE, "tif", exif=exif_with(Model="X"), **ending)
        assert (pixels(data) == SQUARE.pixels(Image.open(io.BytesIO(data)).convert("RGB"))).all()
    assert difference(pixels(turned(PICTURE, 6, "tif")), shown(RGB)) < 1


@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("compression", [None, "zlib", "jpeg"])
def test_half_a_tiff_is_incomplete(compression, kind):
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    if compression == "jpeg" and kind == "f4":
        kind = "u1"
    # Its directory comes first, so that the half has it.
    data = tiff(deep(noise, kind), photometric="rgb", compression=compression)
    assert int.from_bytes(data[4:8], "little") < 100
    with pytest.raises(Incomplete, match=r"incomplete: its end is missing \(\d+% of the file\)"):
        read_photo(data[: len(data) // 2], SQUARE)


def test_kinds_that_are_not_read_are_named_and_not_called_damaged():
    with pytest.raises(Unsupported, match=r"complex TIFF picture"):
        read_photo(tiff(GREY.astype(np.complex64), photometric="minisblack"), SQUARE)
    channels = np.repeat(GREY[..., np.newaxis], 7, -1)
    with pytest.raises(Unsupported, match=r"TIFF picture .* of 7 channels"):
        read_photo(tiff(deep(channels, "u2"), photometric="minisblack", planarconfig="contig"), SQUARE)
    data = bytearray(tiff(RGB, photometric="rgb", compression="zlib"))
    at = data.index((259).to_bytes(2, "little") + (3).to_bytes(2, "little")) + 8
    data[at : at + 2] = (34676).to_bytes(2, "little")
    with pytest.raises(Unsupported, match=r"a TIFF picture \(8 bits, SGILOG\)"):
        read_photo(bytes(data), SQUARE)


def test_broken_data_of_a_tiff_are_damage():
    data = bytearray(tiff(deep(RGB, "f4"), photometric="rgb", compression="zlib"))
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    with pytest.raises(Damaged, match="float TIFF picture"):
        read_photo(bytes(data), SQUARE)


def test_a_tiff_that_promises_too_many_pixels_is_refused_from_its_header():
    data = bytearray(tiff(deep(GREY, "f4"), photometric="minisblack"))
    for tag in (256, 257):
        at = data.index(tag.to_bytes(2, "little") + (4).to_bytes(2, "little")) + 8
        data[at : at + 4] = (60_000).to_bytes(4, "little")
    with pytest.raises(TooLarge, match=r"205 megapixels \(3,600\)"):
        read_photo(bytes(data), SQUARE)
