"""A checkpoint without a bias has no probabilities: what stands out decides, and none is shown."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.photos.encoders import COLOURS, make_checkpoint

#: A library of this size is calibrated.
COUNT = 560


@pytest.fixture(scope="module")
def unbiased(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "unbiased", bias=None)


@pytest.fixture
def many(tmp_path):
    """Pictures in much the same colour, and one that is red."""
    folder = tmp_path / "many"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(COUNT):
        colour = np.array([70, 140, 150]) + random.integers(-20, 20, 3)
        Image.new("RGB", (8, 6), tuple(colour.tolist())).save(folder / f"{number}.png")
    Image.new("RGB", (8, 6), COLOURS["red"]).save(folder / "red.png")
    return folder


@pytest.fixture
def filled(photos, many, unbiased, vocabulary):
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", many, "--model", unbiased).status == 0
    return photos


def test_a_library_without_probabilities_is_searched_tagged_and_explained(filled, many):
    first = json.loads(filled("search", "red", "--json").lines[0])
    assert first["path"] == str(many / "red.png")
    assert (first["logit"], first["probability"]) == (None, None)
    assert first["score"] > 0.9
    shown = filled("search", "red")
    assert "probability" not in shown.out
    assert "%" not in shown.out
    tags = json.loads(filled("tags", many / "red.png", "--json").out)["tags"]
    assert tags[0]["label"] == "red"
    assert all(tag["probability"] is None and tag["calibrated"] > 4 for tag in tags)
    assert len(filled("search", "tag:red", "--all", "--json").lines) < 10
    why = filled("why", many / "red.png", "red")
    assert why.status == 0
    assert "probability" not in why.out
    assert "label red is a tag of it" in why.out
    record = json.loads(filled("why", many / "red.png", "red", "--json").out)
    assert (record["probability"], record["labels"][0]["probability"], record["stands_out"]) == (None, None, True)
    tried = filled("vocab", "try", "red")
    assert tried.status == 0, tried.err
    assert "probability" not in tried.out
    assert filled("verify").status == 0
    for image in (many / "0.png", many / "red.png"):
        assert filled("tag", image, "-red").status == 0
    assert filled("tags", many / "0.png").lines[1:] == ["  no tags"]
    # What needs a probability says that there is none.
    for command in (("tags", many / "red.png", "--threshold", "0.5"), ("vocab", "tune", "red")):
        refused = filled(*command)
        assert (refused.status, refused.out, refused.err.count("\n")) == (1, "", 1)
        assert "has no probabilities" in refused.err


def test_a_small_library_without_probabilities_has_no_automatic_tags(photos, pictures, unbiased, vocabulary):
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", pictures, "--model", unbiased).status == 0
    assert json.loads(photos("tags", pictures / "red.png", "--json").out)["tags"] == []
    assert "no score counts" in photos("why", pictures / "red.png", "red").out
    assert json.loads(photos("search", "red", "--json").lines[0])["path"] == str(pictures / "red.png")
    shown = photos("tags", pictures / "red.png", pictures / "blue.png")
    assert shown.lines[1::2] == ["  no tags", "  no tags"]
    none = photos("tags")
    assert none.err == (
        "photos: No photo has a tag. This model has no probabilities, so labels count from 500 photos on; "
        "`photos retag` tags again.\n"
    )
    # A person's word counts as ever.
    assert photos("tag", pictures / "red.png", "+red").status == 0
    tags = json.loads(photos("tags", pictures / "red.png", "--json").out)["tags"]
    assert [(tag["label"], tag["source"]) for tag in tags] == [("red", "user")]
