"""Bad checkpoints, through the whole program with the true encoders: one sentence each, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from indexer.models import CheckpointChanged, open_checkpoint
from indexer.models.siglip.encoders import OWN, UnchangedImageEncoder, UnchangedTextEncoder, image_encoder, text_encoder
from photos.library import SiglipEncoders
from tests.checkpoints import in_shards, make_v1, make_v2
from tests.photos.conftest import Program

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    return {"v1": make_v1(folder / "v1"), "v2": make_v2(folder / "v2")}


@pytest.fixture
def copy(checkpoints, tmp_path):
    return shutil.copytree(checkpoints["v2"], tmp_path / "copy")


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in {"a": "red", "b": "blue"}.items():
        Image.new("RGB", (40, 30), colour).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def photos(tmp_path, capsys):
    """Runs a command on one library, with the encoders of the program."""
    run = Program(tmp_path / "library", capsys, PHOTOS_DEVICE="cpu", PHOTOS_BATCH_SIZE="1")
    (tmp_path / "words.txt").write_text("beach\nsnow\n")
    run.make_catalog()
    assert run("vocab", "use", tmp_path / "words.txt").status == 0
    return run


def change(folder, **tensors):
    """Replace weights: by those given, or none at all for None."""
    weights = load_file(folder / WEIGHTS)
    for name, tensor in tensors.items():
        full = name.replace("__", ".")
        if tensor is None:
            del weights[full]
        else:
            weights[full] = tensor(weights[full])
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})


def none_at(place):
    def damaged(tensor):
        tensor = tensor.clone()
        tensor.view(-1)[place] = float("nan")
        return tensor

    return damaged


def cut(tensor):
    return tensor[:-1].clone()


def truncated(folder):
    path = folder / WEIGHTS
    path.write_bytes(path.read_bytes()[:-1000])


def without_a_shard(folder):
    parts = in_shards(folder, folder.with_name("parts"))
    (parts / "model-00002-of-00002.safetensors").unlink()
    return parts


def with_half_a_shard(folder):
    parts = in_shards(folder, folder.with_name("parts"))
    path = parts / "model-00001-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    return parts


BAD = {
    "NaN in the image encoder": (
        lambda folder: change(folder, vision_model__encoder__layers__1__mlp__fc1__weight=none_at(3)),
        "no numbers",
    ),
    "NaN in the text encoder": (
        lambda folder: change(folder, text_model__encoder__layers__0__self_attn__k_proj__bias=none_at(0)),
        "no numbers",
    ),
    "an image weight of another shape": (
        lambda folder: change(folder, vision_model__encoder__layers__0__mlp__fc2__weight=cut),
        "vision_model.encoder.layers.0.mlp.fc2.weight is (31, 64) and not (32, 64)",
    ),
    "a text weight of another shape": (
        lambda folder: change(folder, text_model__embeddings__position_embedding__weight=cut),
        "text_model.embeddings.position_embedding.weight is (63, 32) and not (64, 32)",
    ),
    "a shorter table of tokens": (
        lambda folder: change(folder, text_model__embeddings__token_embedding__weight=cut),
        "token_embedding",
    ),
    "a missing weight": (lambda folder: change(folder, vision_model__head__probe=None), "lack vision_model.head.probe"),
    "a scale that is none": (lambda folder: change(folder, logit_scale=none_at(0)), "scale or bias is no number"),
    "a truncated file": (truncated, "model.safetensors cannot be read"),
    "a missing shard": (without_a_shard, "model-00002-of-00002.safetensors is missing"),
    "half a shard": (with_half_a_shard, "model-00001-of-00002.safetensors cannot be read"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_checkpoint_is_one_sentence_and_the_library_stays_sound(photos, pictures, copy, checkpoints, kind):
    damage, said = BAD[kind]
    result = photos("add", pictures, "--model", damage(copy) or copy)
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert result.err.strip().count("\n") == 0
    # With sound weights, the same library goes on.
    again = photos("add", pictures, "--model", checkpoints["v2"])
    assert again.status == 0, again.err
    assert len(photos("search", "snow", "--all", "--json").lines) == 2
    assert photos("verify").status == 0


def with_another_tokenizer(folder):
    """The files of version 1's tokenizer, which is made beside the checkpoint, in place of version 2's."""
    other = make_v1(folder.with_name("other"))
    (folder / "tokenizer.json").unlink()
    for name in ("spiece.model", "tokenizer_config.json"):
        shutil.copy(other / name, folder)


@pytest.mark.parametrize("kind", [*BAD, "a tokenizer of another model"])
def test_a_bad_checkpoint_is_not_tried_and_answers_stay(photos, pictures, copy, checkpoints, kind):
    damage, said = {**BAD, "a tokenizer of another model": (with_another_tokenizer, "tokenizer")}[kind]
    assert photos("add", pictures, "--model", checkpoints["v1"]).status == 0
    before = photos("search", "snow", "--all", "--json").out, photos("tags", "--json").out
    result = photos("model", "try", damage(copy) or copy)
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert result.err.strip().count("\n") == 0
    assert photos("model", "try").err.startswith("photos: No model is being tried here")
    assert (photos("search", "snow", "--all", "--json").out, photos("tags", "--json").out) == before
    assert photos("verify").status == 0
    # A sound one of that name is another matter.
    shutil.rmtree(copy)
    shutil.copytree(checkpoints["v2"], copy)
    assert photos("model", "try", copy).status == 0


@pytest.mark.parametrize(
    ("own", "other", "said"),
    [("v1", "v2", "tokenizer"), ("v2", "v1", "tokenizer")],
)
def test_a_tokenizer_of_another_version_is_refused(photos, pictures, checkpoints, tmp_path, own, other, said):
    folder = shutil.copytree(checkpoints[own], tmp_path / "mixed")
    for name in ("tokenizer.json", "tokenizer_config.json", "spiece.model"):
        (folder / name).unlink(missing_ok=True)
        if (checkpoints[other] / name).exists():
            shutil.copy(checkpoints[other] / name, folder)
    result = photos("add", pictures, "--model", folder)
    assert result.status == 1
    assert said in result.err
    assert result.err.strip().count("\n") == 0


def test_tokens_beyond_the_table_are_refused(photos, pictures, copy):
    config = json.loads((copy / "config.json").read_text())
    rows = config["text_config"]["vocab_size"] - 150
    config["text_config"]["vocab_size"] = rows
    (copy / "config.json").write_text(json.dumps(config))
    change(copy, text_model__embeddings__token_embedding__weight=lambda table: table[:rows].clone())
    result = photos("add", pictures, "--model", copy)
    assert result.status == 1
    assert f"and its text encoder knows {rows}" in result.err
    assert result.err.strip().count("\n") == 0


def test_nan_in_the_text_encoder_reaches_no_stored_vector(photos, pictures, copy, checkpoints):
    assert photos("add", pictures, "--model", copy).status == 0
    before = photos("search", "snow", "--json").out
    sound = (copy / WEIGHTS).read_bytes()
    change(copy, text_model__encoder__layers__0__mlp__fc1__weight=none_at(5))
    for command in (("search", "mountains"), ("add", pictures)):
        refused = photos(*command)
        assert refused.status == 1
        assert "have changed since" in refused.err
    # What is known is answered, and the old weights answer the rest.
    assert photos("search", "snow", "--json").out == before
    (copy / WEIGHTS).write_bytes(sound)
    assert photos("search", "mountains").status == 0


@pytest.mark.parametrize("how", ["written over", "replaced", "removed"])
def test_weights_that_change_while_they_are_in_use_give_no_vectors(copy, tmp_path, how):
    checkpoint = open_checkpoint(copy)
    images = UnchangedImageEncoder(checkpoint, lambda: image_encoder(checkpoint, "cpu", "float32", OWN))
    texts = UnchangedTextEncoder(
        checkpoint, lambda: text_encoder(checkpoint, tmp_path / "tokenizers", "cpu", lambda: None, 1)
    )
    pixels = [np.zeros((32, 32, 3), np.uint8)]
    assert images.encode(pixels).shape == (1, 32)
    assert texts.encode_text(["snow"]).shape == (1, 32)
    path = copy / WEIGHTS
    sound = path.read_bytes()
    if how == "written over":
        with path.open("r+b") as file:
            file.seek(-4, os.SEEK_END)
            file.write(b"\0\0\0\0")
        os.utime(path, ns=(1, 1))
    elif how == "replaced":
        (copy / "new").write_bytes(sound)
        os.utime(copy / "new", ns=(1, 1))
        (copy / "new").replace(path)
    else:
        path.unlink()
    with pytest.raises(CheckpointChanged, match="changed while it was in use"):
        images.encode(pixels)
    with pytest.raises(CheckpointChanged):
        texts.encode_text(["beach"])


CUT_SHORT = """
import os, sys, numpy as np
from pathlib import Path
from indexer.models import CheckpointChanged, open_checkpoint
from indexer.models.siglip import encoders
folder, cache = map(Path, sys.argv[1:])
checkpoint = open_checkpoint(folder)
def image(precision, backend):
    return encoders.UnchangedImageEncoder(
        checkpoint, lambda: encoders.image_encoder(checkpoint, "cpu", precision, backend)
    )
def text():
    return encoders.UnchangedTextEncoder(checkpoint, lambda: encoders.text_encoder(checkpoint, cache, "cpu"))
images = [image("float32", "own"), image("bfloat16", "own"), image("float32", "transformers")]
few, many, unused = text(), text(), text()
many.encode_text(["snow"] * 20)
os.truncate(folder / "model.safetensors", 0)
calls = [
    *(lambda each=each: each.encode([np.zeros((32, 32, 3), np.uint8)]) for each in images),
    *(lambda each=each: each.encode_text(["beach"]) for each in (few, many)),
    lambda: unused.encode_text(["beach"] * 20),
]
for call in calls:
    try:
        call()
    except CheckpointChanged:
        print("changed")
"""


def test_weights_that_are_cut_short_in_use_do_not_end_the_process(copy, tmp_path):
    script = [sys.executable, "-c", CUT_SHORT, str(copy), str(tmp_path / "tokenizers")]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["changed"] * 6, "")


class ChangingEncoders(SiglipEncoders):
    """The program's encoders. In the second batch of pictures, the checkpoint's weights are written anew."""

    def image(self, checkpoint, device, precision):
        return ChangingImageEncoder(super().image(checkpoint, device, precision), checkpoint.folder / WEIGHTS)


class ChangingImageEncoder:
    batch_size = 1
    batches = 0

    def __init__(self, encoder, weights):
        self._encoder = encoder
        self._weights = weights

    def encode(self, pixels):
        self.batches += 1
        if self.batches == 2:
            new = self._weights.with_name("new")
            shutil.copy(self._weights, new)
            new.replace(self._weights)
        return self._encoder.encode(pixels)


def test_a_trial_keeps_what_was_embedded_before_its_weights_changed(photos, pictures, copy, checkpoints):
    Image.new("RGB", (40, 30), "green").save(pictures / "c.png")
    assert photos("add", pictures, "--model", checkpoints["v1"]).status == 0
    before = photos("search", "snow", "--all", "--json").out
    photos.encoders = ChangingEncoders(photos.library / "tokenizers")
    result = photos("model", "try", copy)
    assert (result.status, result.out) == (1, "")
    assert "changed while it was in use; what was finished before is kept" in result.err
    assert result.err.strip().count("\n") == 0
    tried = json.loads(photos("model", "status", "--json").out)["spaces"][1]
    assert (tried["role"], tried["photos"]) == ("tried", 1)
    assert photos("search", "snow", "--all", "--json").out == before
    assert photos("verify").status == 0
    photos.encoders = None
    assert photos("model", "try").status == 0, "they are the same weights"
    assert photos("model", "switch").status == 0


def test_infinite_weights_are_told_from_a_small_precision(photos, pictures, copy):
    change(copy, vision_model__head__mlp__fc2__weight=lambda tensor: torch.full_like(tensor, float("inf")))
    assert "no numbers" in photos("add", pictures, "--model", copy).err
    result = photos("add", pictures, "--model", copy, "--precision", "bfloat16")
    assert result.status == 1
    assert "overflow in bfloat16, or its weights are damaged" in result.err
