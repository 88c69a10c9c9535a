"""Few texts are encoded without torch, many with it, and nobody can tell which it was."""

import json
import subprocess
import sys

import numpy as np
import pytest

from indexer.siglip import open_checkpoint
from indexer.siglip.text_encoder import TextEncoder
from indexer.siglip.text_tower import TextTower

KINDS = ["v1", "v1 of 16 tokens", "v2", "v2 of two widths", "v2 with marks"]
TEXTS = [
    "Two Cats on the BEACH at sunset",
    "a photo of a red square",
    "snow",
    "",
    "naïve café — 日本, don't stop!",
    "the quick brown fox jumps over it while it rains " * 9,
]


class Maker:
    """Makes transformers' tower, and counts how often."""

    def __init__(self, checkpoint):
        self.checkpoint, self.made = checkpoint, 0

    def __call__(self):
        self.made += 1
        return TextTower(self.checkpoint, "cpu")


@pytest.fixture
def make(checkpoints):
    return Maker(open_checkpoint(checkpoints["v2"]))


@pytest.mark.parametrize("kind", KINDS)
def test_few_texts_need_no_torch_and_have_the_same_vectors(checkpoints, kept, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    make = Maker(checkpoint)
    encoder, whole = TextEncoder(checkpoint, kept, make), TextTower(checkpoint, "cpu")
    assert np.abs(encoder.encode_text(TEXTS) - whole.encode_text(TEXTS)).max() < 1e-6
    assert encoder.cut(TEXTS) == whole.cut(TEXTS)
    assert encoder.encode_text([]).shape == (0, checkpoint.dimension)
    assert make.made == 0


def test_many_texts_are_encoded_by_transformers_and_all_that_follow(kept, make):
    encoder = TextEncoder(make.checkpoint, kept, make)
    many = encoder.encode_text(TEXTS * 4)
    np.testing.assert_array_equal(encoder.encode_text(TEXTS * 4), many)
    assert np.abs(encoder.encode_text(TEXTS) - many[: len(TEXTS)]).max() < 1e-6
    assert make.made == 1


def test_a_tokenizer_that_is_not_kept_is_loaded_by_transformers(tmp_path, make):
    encoder = TextEncoder(make.checkpoint, tmp_path, make)
    np.testing.assert_array_equal(encoder.encode_text(TEXTS), make().encode_text(TEXTS))
    assert make.made == 2


def test_what_only_transformers_can_tell_it_is_asked(checkpoints, kept):
    make = Maker(open_checkpoint(checkpoints["v1"]))
    encoder = TextEncoder(make.checkpoint, kept, make)
    odd = ["a </s> b"]
    np.testing.assert_array_equal(encoder.encode_text(odd), make().encode_text(odd))
    assert encoder.cut(odd) == [False]
    assert make.made == 2


@pytest.mark.parametrize("kind", ["v1", "v2"])
def test_neither_torch_nor_transformers_is_imported(checkpoints, kept, kind):
    code = (
        "import json, sys; from pathlib import Path\n"
        "from indexer.siglip import open_checkpoint; from indexer.siglip.text_encoder import TextEncoder\n"
        f"encoder = TextEncoder(open_checkpoint(Path({str(checkpoints[kind])!r})), Path({str(kept)!r}), None)\n"
        "vector = encoder.encode_text(['snow'])[0].tolist()\n"
        "print(json.dumps([vector, [name for name in ('torch', 'transformers') if name in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    vector, loaded = json.loads(done.stdout)
    assert loaded == []
    expected = TextTower(open_checkpoint(checkpoints[kind]), "cpu").encode_text(["snow"])[0]
    assert np.abs(np.array(vector) - expected).max() < 1e-6
