"""Few texts are encoded without torch, many with it, to the same vectors."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from indexer.models import DeviceUnavailable, open_checkpoint
from indexer.models.siglip.text_encoder import SiglipTextEncoder
from indexer.models.siglip.torch_encoders import TorchTextEncoder
from indexer.models.tokenizers.tokenizer import Tokenizer

KINDS = ["v1", "v1 of 16 tokens", "v2", "v2 of two widths", "v2 with marks"]
TEXTS = [
    "Two Cats on the BEACH at sunset",
    "a photo of a red square",
    "snow",
    "",
    "naïve café — 日本, don't stop!",
    "the quick brown fox jumps over it while it rains " * 9,
]


class Announced:
    """Counts how often the torch encoder was about to be made."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1


@pytest.fixture
def announced():
    return Announced()


@pytest.mark.parametrize("kind", KINDS)
def test_few_texts_need_no_torch_and_have_the_same_vectors(checkpoints, kept, announced, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    encoder, whole = SiglipTextEncoder(checkpoint, kept, None, announced), TorchTextEncoder(checkpoint, "cpu")
    assert np.abs(encoder.encode_text(TEXTS) - whole.encode_text(TEXTS)).max() < 1e-6
    assert encoder.truncated(TEXTS) == Tokenizer(checkpoint).truncated(TEXTS)
    assert encoder.encode_text([]).shape == (0, checkpoint.dimension)
    assert announced.times == 0


def test_many_texts_and_all_later_ones_are_encoded_by_torch(checkpoints, kept, announced):
    encoder = SiglipTextEncoder(open_checkpoint(checkpoints["v2"]), kept, "cpu", announced)
    many = encoder.encode_text(TEXTS * 4)
    np.testing.assert_array_equal(encoder.encode_text(TEXTS * 4), many)
    np.testing.assert_array_equal(encoder.encode_text(TEXTS * 2), many[: 2 * len(TEXTS)])
    assert announced.times == 1


def test_a_tower_that_numpy_does_not_support_is_run_by_torch(checkpoints, kept, announced):
    checkpoint = open_checkpoint(checkpoints["v2"])
    other = dataclasses.replace(checkpoint, text=dataclasses.replace(checkpoint.text, activation="gelu"))
    vectors = SiglipTextEncoder(other, kept, None, announced).encode_text(TEXTS)
    np.testing.assert_array_equal(vectors, TorchTextEncoder(other, "cpu").encode_text(TEXTS))
    assert announced.times == 1


def test_a_missing_device_is_refused_even_for_few_texts(checkpoints, kept):
    with pytest.raises(DeviceUnavailable, match="toaster"):
        SiglipTextEncoder(open_checkpoint(checkpoints["v2"]), kept, "toaster").encode_text(["snow"])


def test_an_uncached_tokenizer_is_loaded_by_transformers_and_cached(checkpoints, tmp_path, kept):
    checkpoint = open_checkpoint(checkpoints["v2"])
    first = SiglipTextEncoder(checkpoint, tmp_path).encode_text(TEXTS)
    assert len(list(tmp_path.iterdir())) == 1
    np.testing.assert_array_equal(first, SiglipTextEncoder(checkpoint, kept).encode_text(TEXTS))


@pytest.mark.parametrize("kind", ["v1", "v2", "naflex"])
def test_neither_torch_nor_transformers_is_imported(checkpoints, kept, kind):
    code = (
        "import json, sys; from pathlib import Path\n"
        "from indexer.models import open_checkpoint; from indexer.models.siglip.text_encoder import SiglipTextEncoder\n"
        f"encoder = SiglipTextEncoder(open_checkpoint(Path({str(checkpoints[kind])!r})), Path({str(kept)!r}))\n"
        "vector = encoder.encode_text(['snow'])[0].tolist()\n"
        "print(json.dumps([vector, [name for name in ('torch', 'transformers') if name in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    vector, loaded = json.loads(done.stdout)
    assert loaded == []
    expected = TorchTextEncoder(open_checkpoint(checkpoints[kind]), "cpu").encode_text(["snow"])[0]
    assert np.abs(np.array(vector) - expected).max() < 1e-6
