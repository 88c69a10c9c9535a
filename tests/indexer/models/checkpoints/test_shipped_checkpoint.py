"""With the shipped checkpoint, a picture has the same embedding in every form of its file."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from indexer.decode import read_photo
from indexer.models import open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from photos.demo.draw import draw_scene
from photos.demo.splits import scene_at
from photos.models import DEMO, SHIPPED
from tests.pictures import encoded, turned


@pytest.fixture(scope="module")
def tower():
    return SiglipImageEncoder(open_checkpoint(SHIPPED[DEMO]), "cpu", "float32")


def drawn(index, size):
    return draw_scene(scene_at("test", index, library=5), 600, 400).resize(size, Image.Resampling.LANCZOS)


def embedded(tower, *files):
    return tower.encode(np.stack([read_photo(data, tower.preprocessing).pixels for data in files]))


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("index", range(2))
def test_the_eight_orientations_of_a_picture_have_one_embedding(tower, index, ending):
    # Different sides, not multiples of the model's size.
    picture = drawn(index, (803, 602))
    vectors = embedded(tower, *(turned(picture, orientation, ending) for orientation in range(1, 9)))
    cosines = [float(vectors[a] @ vectors[b]) for a, b in combinations(range(8), 2)]
    assert min(cosines) > 0.999


@pytest.mark.parametrize("index", range(2))
def test_a_jpeg_decoded_at_reduced_size_has_the_same_embedding(tower, index):
    data = encoded(drawn(index, (3000, 2000)), "jpg", quality=92)
    with Image.open(io.BytesIO(data)) as whole:
        full = tower.encode(tower.preprocessing.pixels(whole.convert("RGB"))[None])
    assert float((embedded(tower, data) @ full.T).item()) > 0.9999
