"""Traps between a text and its token ids."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from indexer.models import CheckpointDamaged, open_checkpoint
from indexer.models.siglip.torch_encoders import TorchTextEncoder
from indexer.models.tokenizers.tokenizer import Tokenizer


@pytest.fixture(scope="module", params=["transformers", "kept"])
def tokenizers(checkpoints, kept, request):
    folder = kept if request.param == "kept" else None
    return {kind: Tokenizer(open_checkpoint(each), folder) for kind, each in checkpoints.items()}


@pytest.fixture(scope="module")
def towers(checkpoints):
    return {kind: TorchTextEncoder(open_checkpoint(folder), "cpu") for kind, folder in checkpoints.items()}


@pytest.mark.parametrize("kind", ["v1", "v1 of 16 tokens", "v2", "v2 of two widths"])
def test_every_text_has_the_length_of_the_model(tokenizers, checkpoints, kind):
    length = 16 if "16" in kind else 64
    for texts in (["snow"], ["snow", "two cats on the beach"], ["cats " * 200]):
        assert tokenizers[kind].tokens(texts).shape == (len(texts), length)


@pytest.mark.parametrize("kind", ["v1", "v2"])
def test_case_and_spaces_make_no_difference(tokenizers, kind):
    tokenizer = tokenizers[kind]
    assert (tokenizer.tokens(["  Red   SQUARE\n"]) == tokenizer.tokens(["red square"])).all()


def test_the_tokenizer_of_version_2_does_not_lower_case(checkpoints, tokenizers):
    tokenizer = AutoTokenizer.from_pretrained(checkpoints["v2"])
    assert type(tokenizer).__name__ == "GemmaTokenizer"
    assert tokenizer("Red Square")["input_ids"] != tokenizer("red square")["input_ids"]


@pytest.mark.parametrize("kind", ["v1", "v1 of 16 tokens", "v2"])
def test_a_long_text_is_truncated_and_keeps_its_end_mark(tokenizers, kind):
    ids = tokenizers[kind].tokens(["two cats on the beach " * 50])[0]
    assert ids[-1] == 1
    assert tokenizers[kind].truncated(["two cats on the beach " * 50, "two cats"]) == [True, False]


def test_a_query_of_ten_thousand_words_is_encoded(towers):
    vector = towers["v2"].encode_text(["beach " * 10_000])
    assert np.isfinite(vector).all()


@pytest.mark.parametrize(("kind", "pad"), [("v1", 1), ("v2", 0)])
def test_padding_is_on_the_right_with_the_token_of_the_version(tokenizers, kind, pad):
    ids = tokenizers[kind].tokens(["snow"])[0]
    end = int(np.flatnonzero(ids == 1)[0])
    assert 0 < end < 20
    assert (ids[end + 1 :] == pad).all()


def test_padding_is_on_the_right_even_without_a_setting(checkpoints, tmp_path, towers):
    folder = shutil.copytree(checkpoints["v2"], tmp_path / "bare")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["padding_side"], settings["model_input_names"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    bare = TorchTextEncoder(open_checkpoint(folder), "cpu")
    np.testing.assert_array_equal(bare.encode_text(["two cats"]), towers["v2"].encode_text(["two cats"]))


def test_a_tokenizer_that_does_not_end_texts_is_refused(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints["v2"], tmp_path / "endless")
    content = json.loads((folder / "tokenizer.json").read_text())
    content["post_processor"] = None
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(CheckpointDamaged, match="does not end texts"):
        Tokenizer(open_checkpoint(folder)).tokens(["a"])


def test_an_attention_mask_would_change_the_vector(checkpoints, towers):
    model = AutoModel.from_pretrained(checkpoints["v2"], dtype=torch.float32).eval()
    ids = torch.from_numpy(Tokenizer(open_checkpoint(checkpoints["v2"])).tokens(["two cats"]))
    with torch.inference_mode():
        plain = model.get_text_features(input_ids=ids).pooler_output
        masked = model.get_text_features(input_ids=ids, attention_mask=(ids != 0).long()).pooler_output
    ours = towers["v2"].encode_text(["two cats"])[0]
    cosine = torch.nn.functional.cosine_similarity
    assert cosine(plain[0], torch.from_numpy(ours), dim=0) > 0.99999
    assert cosine(masked[0], torch.from_numpy(ours), dim=0) < 0.999


def test_the_pooled_output_is_not_normalised_by_transformers(checkpoints, towers):
    model = AutoModel.from_pretrained(checkpoints["v2"], dtype=torch.float32).eval()
    ids = torch.from_numpy(Tokenizer(open_checkpoint(checkpoints["v2"])).tokens(["snow"]))
    with torch.inference_mode():
        pooled = model.get_text_features(input_ids=ids).pooler_output
    assert abs(float(pooled.norm()) - 1) > 0.01
    assert abs(float(np.linalg.norm(towers["v2"].encode_text(["snow"]))) - 1) < 1e-6


@pytest.mark.parametrize("listening", [True, False])
def test_transformers_warnings_go_to_a_log_and_not_to_stderr(checkpoints, listening):
    script = (
        "import logging, sys; from pathlib import Path; from indexer.models import open_checkpoint\n"
        "from indexer.models.tokenizers.tokenizer import load_tokenizer\n"
        f"if {listening}: logging.getLogger('transformers').addHandler(logging.StreamHandler(sys.stdout))\n"
        f"load_tokenizer(open_checkpoint(Path({str(checkpoints['v2'])!r})))\n"
        "logging.getLogger('transformers.tokenization').warning('a strange tokenizer')"
    )
    # In a process of its own: other tests import transformers and leave its handler.
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("a strange tokenizer\n" if listening else "", "")
