"""Strips: the columns say the photos' ids, shapes and days to whoever reads them byte by byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photos.http.answers.strip import (
    NO_DAY,
    aspect_column,
    day_column,
    delta_varints,
    float_column,
    id_column,
    order_of,
    strip,
)

from .strips import READERS, read_strip

WHOLE = st.lists(st.integers(-(2**61), 2**61))


@given(WHOLE)
def test_varints_give_every_number_back(values):
    assert READERS["delta-varint"](delta_varints(np.array(values, np.int64))) == values


def test_small_differences_take_one_byte_each():
    assert len(delta_varints(np.arange(5000, 1000, -1))) == 4001


@pytest.mark.parametrize(
    ("width", "height", "byte"), [(100, 100, 128), (200, 100, 160), (100, 200, 96), (4000, 3000, 141), (1, 100_000, 0)]
)
def test_a_shape_is_a_byte(width, height, byte):
    assert list(aspect_column(np.array([width]), np.array([height])).content) == [byte]


def test_a_strip_says_where_its_columns_are():
    ids, days = np.array([7, 3, 12]), np.array([19_000, 18_999, NO_DAY])
    cosines = float_column("score", np.array([0.25, -0.5, np.nan]), {"text": "été"})
    whole = strip(3, [id_column(ids), day_column(days), cosines], {"generation": "1-2"})
    head, columns = read_strip(whole)
    assert (head["count"], head["generation"], head["columns"][2]["text"]) == (3, "1-2", "été")
    assert (columns["id"], columns["day"]) == ([7, 3, 12], [19_000, 18_999, NO_DAY])
    assert columns["score"][:2] == [0.25, -0.5]
    assert np.isnan(columns["score"][2])


def test_an_empty_strip_has_empty_columns():
    nothing = np.array([], np.int64)
    assert read_strip(strip(0, [id_column(nothing), aspect_column(nothing, nothing)], {}))[1] == {
        "id": [],
        "aspect": [],
    }


def test_orders_with_the_same_photos_differ():
    assert order_of(np.array([1, 2])) != order_of(np.array([2, 1])) == order_of(np.array([2, 1]))
