"""Quality of searches on drawings that training never saw: lower limits for every change.

The limits are the figures for these pictures and questions, which never vary, minus two or three wrong answers.
"""

import numpy as np
import pytest

from training.retrieval import area, average_precision


@pytest.fixture(scope="module")
def asked(retrieval):
    return retrieval.questions(150, 100)


def test_a_full_caption_finds_its_picture(retrieval):
    recall = retrieval.known_items(150)
    assert recall["recall@1"] > 0.95
    assert recall["recall@5"] > 0.98


def test_matching_pictures_rank_first_for_a_caption(retrieval, asked):
    figures = retrieval.ranking(asked)
    assert figures["right among 1"] > 0.9
    assert figures["right among 5"] > 0.98
    assert figures["mean average precision"] > 0.92


def test_searches_without_a_match_are_detected(retrieval, asked):
    verdicts = retrieval.verdicts(asked)
    answered = [each.is_match for each in verdicts if each.has_answer]
    empty = [each.is_match for each in verdicts if not each.has_answer]
    assert min(len(answered), len(empty)) > 60
    assert np.mean(answered) > 0.88
    assert np.mean(empty) < 0.1
    assert area(verdicts, "strange words") > 0.97
    assert area(verdicts, "near misses") > 0.95


def test_average_precision_equals_the_textbook_formula():
    assert average_precision(np.array([True, False, True, False]), 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([True, False]), 3) == pytest.approx(1 / 2)
    assert average_precision(np.array([False, False]), 1) == 0
