"""Rows of a size at which threads share the work, compared with brute force."""

import numpy as np
import pytest

from store.embeddings.cache import START
from store.vectors.faiss.index_rows import Rows, Scanner, Workers
from tests.store.conftest import unit

COUNT, DIMENSION = 140_000, 64


@pytest.fixture(scope="module")
def matrix():
    rows = np.random.default_rng(0).standard_normal((COUNT, DIMENSION), np.float32)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f2")


@pytest.fixture(scope="module")
def rows(matrix):
    # Ids have gaps: photos that were removed.
    photo_ids = np.arange(1, COUNT + 1, dtype=np.int64) * 3
    return Rows(START, photo_ids, matrix.view(np.uint8), Workers(3))


def expected(rows, matrix, query, count, mask):
    cosines = (matrix[mask].astype(np.float64) * query.astype(np.float64)).sum(axis=1).astype(np.float32)
    order = np.lexsort((rows.photo_ids[mask], -cosines))[:count]
    return rows.photo_ids[mask][order], cosines[order]


def test_threads_share_the_rows_and_find_what_one_does(matrix):
    assert len(Workers(3).parts(*matrix.view(np.uint8).shape)) == 2
    alone, together = (Scanner(matrix.view(np.uint8), Workers(threads)) for threads in (1, 3))
    positions = np.arange(0, COUNT)
    for seed in range(5):
        query = unit(seed, DIMENSION)
        first = alone.nearest(query, 50)
        for found in (together.nearest(query, 50), together.nearest_of(query, 50, positions)):
            np.testing.assert_array_equal(found.positions, first.positions)
            np.testing.assert_allclose(found.cosines, first.cosines, atol=2e-6)


@pytest.mark.parametrize("share", [0, 0.001, 0.04, 0.2, 0.6, 1])
def test_the_nearest_rows_are_found_among_any_share_of_them(rows, matrix, share):
    random = np.random.default_rng(1)
    mask = random.random(COUNT) < share
    without = rows.photo_ids[random.random(COUNT) < 0.02]
    # It may name photos that have no row: before, between and after them.
    among = np.union1d(rows.photo_ids[mask], [-5, 0, 1, 4, 10**9])
    mask &= ~np.isin(rows.photo_ids, without)
    for seed in range(3):
        query = unit(seed, DIMENSION)
        found = rows.search(query, 100, without, among)
        photo_ids, cosines = expected(rows, matrix, query, 100, mask)
        order = np.lexsort((found.photo_ids, -found.cosines))[:100]
        np.testing.assert_array_equal(found.photo_ids[order], photo_ids)
        np.testing.assert_array_equal(found.cosines[order], cosines)


def test_far_rows_are_found_if_no_others_are_chosen(rows, matrix):
    query = unit(1, DIMENSION)
    everything, _ = expected(rows, matrix, query, COUNT, np.ones(COUNT, np.bool_))
    far = np.sort(everything[COUNT // 2 :])
    found = rows.search(query, 10, np.empty(0, np.int64), far)
    order = np.lexsort((found.photo_ids, -found.cosines))[:10]
    np.testing.assert_array_equal(found.photo_ids[order], everything[COUNT // 2 : COUNT // 2 + 10])
