"""Agreement of two taggers, and accuracy of one."""

import random

import pytest

from query.tagging import Accuracy, Agreement


def test_kappa_is_that_of_the_textbook():
    # Two readers and 50 proposals: 20 times both say yes, 15 times both no (Cohen's formula by hand: 0.7 and 0.5).
    agreement = Agreement(50, 20, 5, 10)
    assert agreement.kappa == pytest.approx(0.4)
    assert agreement.overlap == pytest.approx(20 / 35)


def test_agreement_of_the_same_tags_is_full_and_of_chance_none():
    assert Agreement(10, 4, 0, 0).kappa == 1
    assert Agreement(4, 1, 1, 1).kappa == 0
    assert Agreement(2, 0, 1, 1).kappa == -1


def test_what_nobody_tagged_has_no_overlap():
    assert (Agreement(9, 0, 0, 0).overlap, Agreement(9, 0, 0, 0).kappa) == (None, None)
    assert Agreement(0, 0, 0, 0).kappa is None
    assert Agreement(3, 3, 0, 0).kappa is None, "chance alone would agree fully"


def test_precision_and_recall_need_something_to_judge():
    assert (Accuracy(0, 0, 0).precision, Accuracy(0, 0, 0).recall) == (None, None)
    assert (Accuracy(0, 2, 0).precision, Accuracy(0, 2, 0).recall) == (0, None)
    assert (Accuracy(0, 0, 2).precision, Accuracy(0, 0, 2).recall) == (None, 0)
    assert (Accuracy(3, 1, 2).precision, Accuracy(3, 1, 2).recall) == (0.75, 0.6)


def test_a_total_is_the_sum_of_its_parts():
    chance = random.Random(4)
    rows = [[chance.randrange(9) for _ in range(4)] for _ in range(5)]
    sums = [sum(column) for column in zip(*rows, strict=True)]
    assert Agreement.total(Agreement(*row) for row in rows) == Agreement(*sums)
    assert Accuracy.total(Accuracy(*row[:3]) for row in rows) == Accuracy(*sums[:3])
    assert Agreement.total([]) == Agreement(0, 0, 0, 0)
