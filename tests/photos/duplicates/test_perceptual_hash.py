"""Perceptual hashes."""

from random import Random

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from photos.duplicates.perceptual_hash import HASH_VERSION, MAX_BITS, PackedHashes, hash_file, hash_pixels
from tests.pictures import encoded, scene, turned


def textured(seed):
    """A picture with structure of every size."""
    random = np.random.default_rng(seed)
    layers = [
        Image.fromarray(random.integers(0, 255, (side, side, 3), np.uint8)).resize((320, 240), Image.Resampling.BICUBIC)
        for side in (3, 6, 12)
    ]
    return Image.blend(Image.blend(layers[0], layers[1], 0.4), layers[2], 0.2)


def are_similar(one, other, max_bits=MAX_BITS):
    return bool(PackedHashes.stack([one, other]).are_similar(np.array([0]), np.array([1]), max_bits)[0])


def distance(one, other):
    return int(PackedHashes.stack([one, other]).distances(np.array([0]), np.array([1]))[0])


def hashed(tmp_path, image, ending="jpg", **options):
    path = tmp_path / f"picture.{ending}"
    path.write_bytes(image if isinstance(image, bytes) else encoded(image, ending, **options))
    return hash_file(bytes(path))


@pytest.mark.parametrize("seed", range(5))
def test_a_slightly_edited_copy_is_similar(tmp_path, seed):
    image = textured(seed)
    original = hashed(tmp_path, image, quality=95)
    assert are_similar(original, hashed(tmp_path, image, quality=30))
    assert are_similar(original, hashed(tmp_path, image.resize((120, 90)), "png"))
    assert are_similar(original, hashed(tmp_path, ImageEnhance.Brightness(image).enhance(1.1)))
    assert are_similar(original, hashed(tmp_path, image.crop((4, 3, 316, 237))))


def test_pictures_are_hashed_upright(tmp_path):
    upright = textured(1)
    assert are_similar(hashed(tmp_path, turned(upright, 6)), hashed(tmp_path, upright))


def test_different_pictures_are_not_similar(tmp_path):
    hashes = [hashed(tmp_path, textured(seed)) for seed in range(12)]
    assert not any(are_similar(one, other) for at, one in enumerate(hashes) for other in hashes[:at])
    distances = [distance(one, other) for at, one in enumerate(hashes) for other in hashes[:at]]
    assert min(distances) > MAX_BITS


def test_the_same_shapes_in_other_colours_are_not_similar(tmp_path):
    image = textured(2)
    grey = np.asarray(image.convert("L"))
    red, blue = (Image.fromarray(np.stack([grey if at == i else grey // 9 for i in range(3)], -1)) for at in (0, 2))
    assert not are_similar(hashed(tmp_path, red), hashed(tmp_path, blue), 64)


def test_blank_pictures_are_not_similar(tmp_path):
    for colours in (((10, 90, 200), (10, 90, 200)), ((255, 255, 255), (254, 254, 254)), ((0, 0, 0), (200, 9, 9))):
        one, other = (hashed(tmp_path, Image.new("RGB", (64, 48), colour)) for colour in colours)
        assert not are_similar(one, other, 64)


WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "lazy",
    "dog",
    "invoice",
    "total",
    "due",
    "dear",
    "sir",
    "regards",
    "a",
    "shop",
]


def page(seed, lines, size, paper="white", ink="black"):
    """A page with some lines of text, all pages alike but for the words."""
    random = Random(seed)
    image = Image.new("RGB", (620, 877), paper)
    draw = ImageDraw.Draw(image)
    for line in range(lines):
        text = " ".join(random.choice(WORDS) for _ in range(random.randint(2, 10)))
        draw.text((60, 60 + 1.6 * size * line), text[:50], ink, ImageFont.load_default(size))
    return image


@pytest.mark.parametrize("size", [14, 20, 28])
@pytest.mark.parametrize("lines", [1, 2, 3, 5, 8, 12, 20])
@pytest.mark.parametrize("colours", [("white", "black"), ("black", "white"), ("#fdf6e3", "#333")])
def test_pages_of_different_text_are_not_similar(tmp_path, lines, size, colours):
    hashes = [hashed(tmp_path, page(seed, lines, size, *colours), quality=90) for seed in range(5)]
    assert not any(are_similar(one, other) for at, one in enumerate(hashes) for other in hashes[:at])


def test_a_faint_picture_is_similar_to_its_saved_copy(tmp_path):
    fog = Image.blend(textured(4), Image.new("RGB", (320, 240), (190, 195, 200)), 0.8)
    original = hashed(tmp_path, fog, quality=95)
    hashes = PackedHashes.stack([original])
    assert (hashes.are_faint()[0], hashes.are_plain()[0]) == (True, False)
    assert are_similar(original, hashed(tmp_path, fog, quality=60))
    assert are_similar(original, hashed(tmp_path, fog.resize((120, 90)), "png"))


def test_a_thing_before_a_plain_ground_is_similar_to_its_copy(tmp_path):
    image = Image.new("RGB", (320, 240), "white")
    image.paste(textured(5).resize((110, 90)), (100, 80))
    assert are_similar(hashed(tmp_path, image, quality=95), hashed(tmp_path, image.resize((160, 120)), quality=50))


def test_the_transform_is_the_discrete_cosine_transform():
    # A single wave of the rows has one frequency.
    wave = np.cos(np.pi * 3 * (2 * np.arange(32) + 1) / 64)
    pixels = np.repeat((128 + 100 * wave)[np.newaxis, :, np.newaxis], 32, 0).repeat(3, 2).astype(np.uint8)
    bits = hash_pixels(pixels).bits.reshape(8, 8)
    assert bits[0, 0]
    assert bits[0, 3]


def test_a_change_of_the_hash_needs_a_new_version():
    # Stored hashes carry the version: if this fails on purpose, count HASH_VERSION up.
    across, down = np.meshgrid(np.arange(32), np.arange(32))
    pixels = np.stack([(across * across + 3 * down) % 251, down * 5 + across, (across * down) % 200], -1).astype(
        np.uint8
    )
    made = hash_pixels(pixels)
    assert HASH_VERSION == 1
    assert np.packbits(made.bits).tobytes().hex() == "860e3935726e795a"
    assert made.colours[0, 0].tolist() == [8, 9, 2]
    assert made.colours[5, 2].tolist() == [156, 117, 92]


def test_colours_are_integers_so_storing_loses_nothing(tmp_path):
    assert hashed(tmp_path, textured(0)).colours.dtype == np.uint8


def test_an_unreadable_picture_has_no_hash(tmp_path):
    assert hash_file(bytes(tmp_path / "none.jpg")) is None
    assert hashed(tmp_path, b"no picture") is None
    assert hashed(tmp_path, encoded(scene())[:200]) is None
