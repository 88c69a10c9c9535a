"""Similarity of pictures: edits are above the line, other pictures below."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from indexer.decode.miniature import SIDE, miniature, pack_miniature, unpack_miniature
from indexer.pipeline.picture_similarity import SmallPicture, compare_pictures
from tests.pictures import detailed, scene


def small(image):
    return SmallPicture(unpack_miniature(pack_miniature(miniature(image))), image.width / image.height)


def test_a_packed_miniature_is_true_to_half_a_shade():
    for image in (detailed(1), detailed(2).point(lambda value: 100 + value // 16), Image.new("RGB", (9, 7), "red")):
        pixels = miniature(image)
        packed = pack_miniature(pixels)
        assert (pixels.shape, pixels.dtype, len(packed)) == ((SIDE, SIDE), np.uint8, 514)
        step = (int(pixels.max()) - int(pixels.min())) / 15
        assert np.abs(unpack_miniature(packed) - pixels).max() <= step / 2 + 1e-3


@pytest.mark.parametrize("seed", range(6))
def test_all_turns_of_a_part_are_alike(seed):
    image = detailed(seed)
    part = image.crop((60, 40, 310, 230))
    for turned in (part, ImageOps.mirror(part)):
        for turns in range(4):
            other = small(turned.rotate(90 * turns, expand=True))
            assert compare_pictures(small(image), other).margin > 0.05
            assert compare_pictures(other, small(image)).margin == pytest.approx(
                compare_pictures(small(image), other).margin, abs=1e-5
            )


def test_a_part_that_is_too_small_is_not_recognised():
    assert compare_pictures(small(detailed(1)), small(detailed(1).crop((200, 150, 320, 240)))).margin < 0


def test_other_pictures_are_not_alike():
    pictures = [small(detailed(seed)) for seed in range(12)]
    margins = [compare_pictures(one, other).margin for at, one in enumerate(pictures) for other in pictures[:at]]
    assert max(margins) < -0.1


def test_pictures_without_details_are_compared_whole():
    fog = small(scene(320, 240, seed=1))
    turned = small(scene(320, 240, seed=1).rotate(90, expand=True).point(lambda value: value // 2 + 60))
    found = compare_pictures(fog, turned)
    assert found.whole > 0.99
    assert found.margin > 0
    assert compare_pictures(fog, small(scene(320, 240, seed=2))).margin < 0


def test_a_picture_of_one_colour_is_like_nothing():
    plain = small(Image.new("RGB", (64, 48), (90, 90, 90)))
    for other in (plain, small(Image.new("RGB", (64, 48), "white")), small(detailed(1)), small(scene())):
        assert compare_pictures(plain, other).margin < 0
