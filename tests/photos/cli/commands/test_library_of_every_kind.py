"""Libraries of every kind of checkpoint, through the whole program with the true encoders."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from transformers import BitsAndBytesConfig

from tests.checkpoints import in_shards, in_type, make_multilingual, make_naflex, make_v1, make_v2, quantised
from tests.photos.conftest import Program

PICTURES = {"red.png": (120, 90, "red"), "blue.jpg": (90, 160, "blue"), "green.webp": (64, 64, "green")}
EIGHT = BitsAndBytesConfig(load_in_8bit=True)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("family")
    whole = make_v2(folder / "v2")
    return {
        "v1": make_v1(folder / "v1"),
        "v1 multilingual": make_multilingual(folder / "v1-multilingual"),
        "v2": whole,
        "v2 of two widths": make_v2(folder / "v2-wide", text_width=48),
        "naflex": make_naflex(folder / "naflex"),
        "shards": in_shards(whole, folder / "shards"),
        "float16": in_type(whole, folder / "float16", torch.float16),
        "bfloat16": in_type(whole, folder / "bfloat16", torch.bfloat16),
        "quantised": quantised(whole, folder / "quantised", EIGHT),
    }


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, (width, height, colour) in PICTURES.items():
        picture = Image.new("RGB", (width, height), "white")
        ImageDraw.Draw(picture).ellipse((5, 5, width // 2, height // 2), fill=colour)
        picture.save(folder / name)
    return folder


@pytest.fixture
def photos(tmp_path, capsys):
    """Runs a command on one library, with the encoders of the program."""
    return Program(tmp_path / "library", capsys, PHOTOS_DEVICE="cpu")


def filled(photos, pictures, checkpoint, *options):
    words = photos.library.parent / "words.txt"
    words.write_text("beach\nsnow\nsunset\ncar\n")
    assert photos("vocab", "use", words).status == 0
    added = photos("add", pictures, "--model", checkpoint, *options)
    assert (added.status, added.err.count("Traceback")) == (0, 0), added.err


def checked(photos, *arguments):
    result = photos("model", "check", *arguments, "--json")
    return result.status, {each["subject"]: each for each in map(json.loads, result.lines)}


KINDS = [
    "v1",
    "v1 multilingual",
    "v2",
    "v2 of two widths",
    "naflex",
    "shards",
    "float16",
    "bfloat16",
    "quantised",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_library_is_indexed_searched_tagged_and_checked(photos, pictures, checkpoints, kind):
    filled(photos, pictures, checkpoints[kind])
    assert set(photos.embeddings()) == set(PICTURES)
    found = [json.loads(line) for line in photos("search", "two cats on the beach", "--all", "--json").lines]
    assert {os.path.basename(each["path"]) for each in found} == set(PICTURES)
    assert all(np.isfinite([each["score"], each["probability"]]).all() for each in found)
    best = json.loads(photos("similar", pictures / "blue.jpg", "--all", "--json").lines[0])
    assert best["score"] < 1.0001
    explained = json.loads(photos("why", pictures / "red.png", "snow", "--json").out)
    assert [each["label"] for each in explained["labels"]] == ["snow"]
    assert photos("tag", pictures / "red.png", "+snow").status == 0
    assert json.loads(photos("tags", pictures / "red.png", "--json").out)["tags"][0]["label"] == "snow"
    assert photos("verify").status == 0
    status, findings = checked(photos)
    assert status == 0, findings
    assert findings["pixels"]["of_library"]
    assert findings["pixels"]["texts"] > 4, "the search is among the texts"
    assert {"pixels", "vectors of pictures", "vectors of texts", "logits"} == set(findings)
    backend = json.loads(photos("model", "status", "--json").out)
    assert backend["backend"] == ("transformers" if kind == "quantised" else "own")
    assert backend["precision"] == ("bnb-int8" if kind == "quantised" else "float32")


@pytest.mark.parametrize(("kind", "precision"), [("v2", "bnb-int8"), ("v2", "bnb-nf4"), ("naflex", "bnb-int8")])
def test_bitsandbytes_makes_spaces_of_their_own(photos, pictures, checkpoints, kind, precision):
    filled(photos, pictures, checkpoints[kind], "--precision", precision)
    status, findings = checked(photos)
    assert status == 0, findings
    cosine = findings[f"cosine of {precision}"]["value"]
    assert (0.99 < cosine < 1) if precision == "bnb-int8" else (0.8 < cosine < 0.99)
    status = json.loads(photos("model", "status", "--json").out)
    assert (status["precision"], status["backend"], status["attention"]) == (precision, "transformers", "sdpa")
    assert photos("search", "snow").status == 0
    # New pictures join them in the same precision, whatever the setting.
    Image.new("RGB", (50, 70), "gold").save(pictures / "gold.png")
    assert photos("index").status == 0
    assert len(photos.embeddings()) == len(PICTURES) + 1


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_a_check_states_how_near_the_precision_is(photos, pictures, checkpoints, precision):
    filled(photos, pictures, checkpoints["v2"], "--precision", precision)
    status, findings = checked(photos)
    assert status == 0, findings
    own = json.loads(photos("model", "status", "--json").out)["precision"]
    assert 0.99 < findings[f"cosine of {own}"]["value"] < 1
    assert f"cosine of {own}" in photos("model", "check").out


def test_float32_libraries_of_both_backends_are_one_space(photos, pictures, checkpoints):
    filled(photos, pictures, checkpoints["v2"], "--backend", "transformers")
    theirs = photos.embeddings()
    assert json.loads(photos("model", "status", "--backend", "transformers", "--json").out)["backend"] == "transformers"
    for name in PICTURES:
        embedded = json.loads(photos("embed", pictures / name, "--json").out)["vector"]
        # Stored vectors are rounded to 16 bits.
        np.testing.assert_allclose(embedded, theirs[name], atol=3e-4)


def test_a_check_of_another_checkpoint_draws_its_pictures(photos, checkpoints):
    status, findings = checked(photos, checkpoints["naflex"])
    assert status == 0
    assert not findings["logits"]["of_library"]
    assert not photos.library.exists()


def test_a_difference_from_transformers_is_found(photos, checkpoints, tmp_path):
    # transformers takes its filter from another file than we do, if both are there.
    folder = tmp_path / "contradictory"
    folder.mkdir()
    for path in checkpoints["v1"].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": {**settings, "resample": 2}}))
    status, findings = checked(photos, folder)
    assert status == 1
    assert not findings["pixels"]["passes"]
    shown = photos("model", "check", folder)
    assert shown.status == 1
    assert "exceeded" in shown.out
