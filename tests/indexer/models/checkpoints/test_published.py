"""The published checkpoints: their work and their architectures."""

import pytest
import torch
from transformers import SiglipConfig, SiglipModel

from indexer.models.checkpoints.config import USUAL_ACTIVATION, TransformerShape
from indexer.models.checkpoints.published import PUBLISHED, picture_work, published, published_as


def parameters(known):
    """Parameters of the image encoder and of a text encoder of the same width, by transformers; no weight is made."""
    vision = known.vision
    sizes = {
        "hidden_size": vision.width,
        "intermediate_size": vision.inner,
        "num_hidden_layers": vision.layers,
        "num_attention_heads": vision.heads,
    }
    config = SiglipConfig(
        vision_config={**sizes, "image_size": known.image_size, "patch_size": known.patch},
        text_config={**sizes, "vocab_size": known.vocabulary, "projection_size": vision.width},
    )
    with torch.device("meta"):
        return sum(each.numel() for each in SiglipModel(config).parameters())


# The text encoder of giant-opt is so400m's, and that of so400m i18n has no projection upstream.
@pytest.mark.parametrize(
    "known",
    [each for each in PUBLISHED if each.image_size and "giant" not in each.reference and "224" not in each.reference],
    ids=lambda known: known.reference,
)
def test_architectures_have_the_published_number_of_parameters(known):
    assert parameters(known) == pytest.approx(known.parameters, rel=2e-3)


def test_work_counts_multiplications():
    shape = TransformerShape(8, 16, 1, 2, 1e-6, USUAL_ACTIVATION)
    embedding = 4 * (2 * 2 * 3 * 8)
    projections, mlp, attention = 4 * 4 * 8 * 8, 4 * 2 * 8 * 16, 2 * 4 * 4 * 8
    head = 4 * 2 * 8 * 8 + 2 * 4 * 8 + 2 * 8 * 8 + 2 * 8 * 16
    assert picture_work(shape, 2, 4) == embedding + projections + mlp + attention + head


def test_work_grows_with_the_resolution_and_not_with_the_version():
    names = ["siglip2-base-patch16-256", "siglip2-base-patch16-512", "siglip-base-patch16-256"]
    base, larger, first = (published(f"google/{name}").work for name in names)
    assert larger / base == pytest.approx(4.6, abs=0.05)
    assert first == base


def test_a_checkpoint_is_known_by_its_architecture():
    for known in PUBLISHED:
        assert published_as(known.vision.width, known.patch, known.image_size, known.vocabulary) is known
    assert published_as(768, 16, 257, 256_000) is None
    assert published("google/siglip3") is None
