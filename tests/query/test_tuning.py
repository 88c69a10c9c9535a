"""A label's threshold follows what a person says of the photos around it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query import borderline, fitted, parse_vocabulary, retag
from query.vocabulary.threshold_tuning import _around


def test_the_threshold_parts_what_is_right_from_what_is_not():
    answers = [(0.5, True), (0.4, True), (0.3, False), (0.2, False)]
    assert fitted(answers, 0.1) == pytest.approx(0.35)
    assert fitted(answers, 0.36) == 0.36, "where it is, is as good"
    assert fitted([], 0.25) == 0.25


def test_answers_that_are_all_alike_move_it_beyond_them():
    assert 0.39 < fitted([(0.5, True), (0.4, True)], 0.45) < 0.4
    assert 0.5 < fitted([(0.5, False), (0.4, False)], 0.45) < 0.51


@given(st.lists(st.tuples(st.floats(-1, 1), st.booleans()), min_size=1), st.floats(-1, 1))
def test_no_other_threshold_makes_fewer_mistakes(answers, minimum):
    def mistakes(cut):
        return sum((cosine >= cut) != right for cosine, right in answers)

    found = mistakes(fitted(answers, minimum))
    assert found <= min(sum(right for _, right in answers), sum(not right for _, right in answers))
    assert found <= mistakes(minimum)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(2, 40))
def test_so_many_are_asked_about_as_there_are_and_on_both_sides(total, middle, count):
    middle = min(middle, total)
    places = _around(middle, total, count)
    assert len(places) == min(count, total)
    assert all(0 <= place < total for place in places)
    if middle > count and total - middle > count:
        above = sum(place < middle for place in places)
        assert min(above, count - above) >= count // 4


def test_photos_come_best_first_from_both_sides_of_the_threshold(library):
    revision = library.put(parse_vocabulary("dog @ 0.02\n", "v", Path("v.txt")))
    for number in range(30):
        library.add(f"photo{number}")
    assert borderline(library.catalog, library.space, revision, revision.labels[0]).photos == ()
    retag(library.catalog, library.space, revision, library.texts)
    found = borderline(library.catalog, library.space, revision, revision.labels[0], 6)
    cosines = [cosine for _, cosine in found.photos]
    assert cosines == sorted(cosines, reverse=True)
    assert len(cosines) == 6
    assert cosines[0] >= found.minimum > cosines[-1]
