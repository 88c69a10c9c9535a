"""Figures of the shipped checkpoint, compared with its model card, on pictures that training never saw."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from indexer.models import open_checkpoint
from photos.known_models import SHIPPED
from training.evaluate import Evaluation
from training.questions import SCENES, THINGS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def evaluation():
    return Evaluation(open_checkpoint(SHIPPED["demo"]), random=240, held_out=0)


def test_the_checkpoint_is_small_and_has_the_hash_of_its_card():
    folder = SHIPPED["demo"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6_000_000
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert re.search(r"[0-9a-f]{64}", (ROOT / "docs" / "model-card.md").read_text()).group() == digest


def test_labels_of_drawings_reach_the_figures_of_the_card(evaluation):
    # Slightly below the figures of the card, because there are fewer pictures here.
    for form, figures in evaluation.tagging().items():
        assert figures["place"] > 0.93, form
        assert figures["time"] > 0.97, form
        assert figures["weather"] > 0.93, form
        assert figures["thing"] > 0.78, form
        assert figures["coloured"] > 0.6, form


def test_sentences_find_matching_drawings(evaluation):
    recall = evaluation.retrieval()
    assert recall["text to image R@1"] > 0.88
    assert recall["text to image R@5"] > 0.97
    scenes = np.array(list(evaluation.questions(SCENES).values()))
    assert np.isnan(scenes).sum() <= 1
    assert np.nanmean(scenes) > 0.9
    assert np.nanmean(list(evaluation.questions(THINGS).values())) > 0.8
