"""How good searches are on drawings that training never saw: figures below which no change may bring them.

They are those of these pictures and questions, which are always the same, less what two or three of them make.
"""

import numpy as np
import pytest

from indexer.models import open_checkpoint
from photos.models import SHIPPED
from training.retrieval import Retrieval, area, average_precision


@pytest.fixture(scope="module")
def retrieval(tmp_path_factory):
    made = Retrieval(open_checkpoint(SHIPPED["demo"], "demo"), tmp_path_factory.mktemp("retrieval"), pictures=200)
    yield made
    made.close()


@pytest.fixture(scope="module")
def asked(retrieval):
    return retrieval.questions(150, 100)


def test_a_full_caption_finds_its_picture(retrieval):
    recall = retrieval.known_items(150)
    assert recall["recall@1"] > 0.95
    assert recall["recall@5"] > 0.98


def test_a_caption_finds_the_pictures_that_it_fits_first(retrieval, asked):
    figures = retrieval.ranking(asked)
    assert figures["right among 1"] > 0.9
    assert figures["right among 5"] > 0.98
    assert figures["mean average precision"] > 0.92


def test_it_tells_whether_anything_matches(retrieval, asked):
    verdicts = retrieval.verdicts(asked)
    answered = [each.is_match for each in verdicts if each.has_answer]
    empty = [each.is_match for each in verdicts if not each.has_answer]
    assert min(len(answered), len(empty)) > 60
    assert np.mean(answered) > 0.88
    assert np.mean(empty) < 0.1
    assert area(verdicts, "strange words") > 0.97
    assert area(verdicts, "near misses") > 0.95


def test_average_precision_is_that_of_the_textbook():
    assert average_precision(np.array([True, False, True, False]), 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([True, False]), 3) == pytest.approx(1 / 2)
    assert average_precision(np.array([False, False]), 1) == 0
