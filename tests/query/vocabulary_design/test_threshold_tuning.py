"""Tuning of thresholds by a person's answers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.tagging import retag
from query.vocabulary import parse_vocabulary
from query.vocabulary_design import borderline_photos, fit_threshold
from query.vocabulary_design.threshold_tuning import _places_around


def test_the_threshold_separates_right_from_wrong_answers():
    answers = [(0.5, True), (0.4, True), (0.3, False), (0.2, False)]
    assert fit_threshold(answers, 0.1) == pytest.approx(0.35)
    assert fit_threshold(answers, 0.36) == 0.36, "the present threshold is as good"
    assert fit_threshold([], 0.25) == 0.25


def test_equal_answers_move_the_threshold_beyond_them():
    assert 0.39 < fit_threshold([(0.5, True), (0.4, True)], 0.45) < 0.4
    assert 0.5 < fit_threshold([(0.5, False), (0.4, False)], 0.45) < 0.51


@given(st.lists(st.tuples(st.floats(-1, 1), st.booleans()), min_size=1), st.floats(-1, 1))
def test_no_other_threshold_makes_fewer_mistakes(answers, minimum):
    def mistakes(cut):
        return sum((cosine >= cut) != right for cosine, right in answers)

    found = mistakes(fit_threshold(answers, minimum))
    assert found <= min(sum(right for _, right in answers), sum(not right for _, right in answers))
    assert found <= mistakes(minimum)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(2, 40))
def test_the_requested_number_of_places_is_on_both_sides(total, middle, count):
    middle = min(middle, total)
    places = _places_around(middle, total, count)
    assert len(places) == min(count, total)
    assert all(0 <= place < total for place in places)
    if middle > count and total - middle > count:
        above = sum(place < middle for place in places)
        assert min(above, count - above) >= count // 4


def test_photos_come_best_first_from_both_sides_of_the_threshold(library):
    revision = library.put(parse_vocabulary("dog @ 0.02\n", "v", Path("v.txt")))
    for number in range(30):
        library.add(f"photo{number}")
    assert borderline_photos(library.catalog, library.space, revision, revision.labels[0]).photos == ()
    retag(library.catalog, library.space, revision, library.texts)
    found = borderline_photos(library.catalog, library.space, revision, revision.labels[0], 6)
    cosines = [cosine for _, cosine in found.photos]
    assert cosines == sorted(cosines, reverse=True)
    assert len(cosines) == 6
    assert cosines[0] >= found.minimum > cosines[-1]
