"""Whether two pictures look the same."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from photos.duplicates.phash import LIKELY, METHOD, look_at, look_of
from tests.pictures import encoded, scene, turned


def textured(seed):
    """A picture with structure of every size."""
    random = np.random.default_rng(seed)
    layers = [
        Image.fromarray(random.integers(0, 255, (side, side, 3), np.uint8)).resize((320, 240), Image.Resampling.BICUBIC)
        for side in (3, 6, 12)
    ]
    return Image.blend(Image.blend(layers[0], layers[1], 0.4), layers[2], 0.2)


def look(tmp_path, image, ending="jpg", **options):
    path = tmp_path / f"picture.{ending}"
    path.write_bytes(image if isinstance(image, bytes) else encoded(image, ending, **options))
    return look_at(bytes(path))


@pytest.mark.parametrize("seed", range(5))
def test_a_copy_saved_anew_reduced_brightened_or_cropped_a_little_looks_the_same(tmp_path, seed):
    image = textured(seed)
    original = look(tmp_path, image, quality=95)
    assert original.is_like(look(tmp_path, image, quality=30))
    assert original.is_like(look(tmp_path, image.resize((120, 90)), "png"))
    assert original.is_like(look(tmp_path, ImageEnhance.Brightness(image).enhance(1.1)))
    assert original.is_like(look(tmp_path, image.crop((4, 3, 316, 237))))


def test_a_picture_that_is_stored_turned_looks_as_it_is_to_be_seen(tmp_path):
    upright = textured(1)
    assert look(tmp_path, turned(upright, 6)).is_like(look(tmp_path, upright))


def test_different_pictures_do_not(tmp_path):
    looks = [look(tmp_path, textured(seed)) for seed in range(12)]
    assert not any(one.is_like(other) for at, one in enumerate(looks) for other in looks[:at])
    distances = [one.distance(other) for at, one in enumerate(looks) for other in looks[:at]]
    assert min(distances) > LIKELY


def test_the_same_shapes_in_other_colours_do_not(tmp_path):
    image = textured(2)
    grey = np.asarray(image.convert("L"))
    red, blue = (Image.fromarray(np.stack([grey if at == i else grey // 9 for i in range(3)], -1)) for at in (0, 2))
    assert not look(tmp_path, red).is_like(look(tmp_path, blue), 64)


def test_of_plain_pictures_the_colour_counts(tmp_path):
    plain = [
        look(tmp_path, Image.new("RGB", (64, 48), colour)) for colour in ((10, 90, 200), (12, 90, 198), (200, 9, 9))
    ]
    assert plain[0].is_like(plain[1])
    assert not plain[0].is_like(plain[2])


def test_the_transform_is_the_discrete_cosine_transform():
    # A single wave of the rows has one frequency.
    wave = np.cos(np.pi * 3 * (2 * np.arange(32) + 1) / 64)
    pixels = np.repeat((128 + 100 * wave)[np.newaxis, :, np.newaxis], 32, 0).repeat(3, 2).astype(np.uint8)
    bits = look_of(pixels).bits.reshape(8, 8)
    assert bits[0, 0]
    assert bits[0, 3]


def test_what_is_made_of_a_picture_changes_only_with_the_number_of_the_method():
    # Looks are kept by that number: if this fails, and is meant to, METHOD must be counted up.
    across, down = np.meshgrid(np.arange(32), np.arange(32))
    pixels = np.stack([(across * across + 3 * down) % 251, down * 5 + across, (across * down) % 200], -1).astype(
        np.uint8
    )
    made = look_of(pixels)
    assert METHOD == 1
    assert np.packbits(made.bits).tobytes().hex() == "860e3935726e795a"
    assert made.colours[0, 0].tolist() == [8, 9, 2]
    assert made.colours[5, 2].tolist() == [156, 117, 92]


def test_colours_are_whole_numbers_so_that_a_kept_look_is_the_look(tmp_path):
    assert look(tmp_path, textured(0)).colours.dtype == np.uint8


def test_what_cannot_be_read_has_no_look(tmp_path):
    assert look_at(bytes(tmp_path / "none.jpg")) is None
    assert look(tmp_path, b"no picture") is None
    assert look(tmp_path, encoded(scene())[:200]) is None
