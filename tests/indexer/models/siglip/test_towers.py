"""The image tower gives the same vectors with concatenated and with separate matrices."""

from __future__ import annotations

import pytest
import torch

from indexer.models import open_checkpoint
from indexer.models.backends.linear import PLAIN, LinearLayers, linear
from indexer.models.siglip.towers import VisionTower, _patches

JOINED = LinearLayers(linear, linear)


class Weights:
    """Random weights, always the same for a name."""

    def __call__(self, name, *shape):
        torch.manual_seed(len(name))
        return torch.randn(shape)


# 27 patches of 14 pixels leave 6 of 384 over, as in a released checkpoint.
@pytest.mark.parametrize(("side", "patch"), [(32, 8), (384, 14)])
def test_patches_by_one_matrix_equal_those_by_convolution(side, patch):
    torch.manual_seed(0)
    pixels = torch.randn(2, side, side, 3)
    apart, joined = (_patches(Weights(), patch, 16, kit)(pixels) for kit in (PLAIN, JOINED))
    assert joined.shape == (2, (side // patch) ** 2, 16)
    torch.testing.assert_close(joined, apart, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("kind", ["v1", "v2"])
def test_a_tower_with_concatenated_matrices_makes_the_same_vectors(checkpoints, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    torch.manual_seed(0)
    pixels = torch.randn(5, checkpoint.image_size, checkpoint.image_size, 3)
    with torch.inference_mode():
        apart, joined = (VisionTower(checkpoint, "cpu", "float32", kit)(pixels) for kit in (PLAIN, JOINED))
    torch.testing.assert_close(joined, apart, atol=1e-5, rtol=1e-5)
