"""Scores of photos with labels, exact and by shortlist."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from query.similarity import cosine_of, logit, probability
from query.similarity.scores import on_grid
from query.tagging import (
    label_matrix,
    photo_tags,
    retag,
)
from query.tagging.effective.effective_tags import TagRule
from query.tagging.learning.label_matrix import LabelMatrix
from query.tagging.scoring.parts import scorer_for
from query.tagging.scoring.scorer import KEPT_MOST, Columns, ExactScorer
from query.tagging.scoring.shortlist import ShortlistScorer
from store import (
    Tag,
    TagSource,
    Vectors,
)
from tests.query.conftest import IDENTITY
from tests.query.tagging.vocabularies import NAMES, vocabulary


def units(generator, count):
    rows = generator.normal(size=(count, 768))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def unit_rows(rows):
    return np.array(rows, np.float32)


def test_scores_follow_the_formula():
    assert logit(0.1, IDENTITY) == pytest.approx(math.exp(2.3) * 0.1 - 4, abs=1e-5)
    assert probability(0.4, IDENTITY) == pytest.approx(1 / (1 + math.exp(4 - 0.4 * math.exp(2.3))), abs=1e-6)
    assert 0 < probability(-1, IDENTITY) < 1e-5
    for p in (0.5, 0.01, 0.9999):
        assert probability(cosine_of(p, IDENTITY), IDENTITY) == pytest.approx(p, rel=1e-4)
    assert (cosine_of(0, IDENTITY), cosine_of(1, IDENTITY)) == (-math.inf, math.inf)


def test_a_labels_vector_is_the_mean_of_its_texts_made_a_unit_vector(library):
    revision = library.put(vocabulary("dog"))
    got = label_matrix(library.catalog, library.space, revision, library.texts)
    mean = library.texts.matrix(["dog", "a photo of dog"]).mean(0)
    np.testing.assert_allclose(got.matrix[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert got.encoded == 1
    assert label_matrix(library.catalog, library.space, revision, library.new_texts()).encoded == 0
    assert library.encoders_made == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 7), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_batch(count, part, random):
    generator = np.random.default_rng(random.getrandbits(32))
    labels = LabelMatrix(np.arange(50), on_grid(units(generator, 50)), 0)
    vectors = units(generator, count).astype(np.float16).astype(np.float32)
    together = labels.cosines(vectors)
    parts = np.concatenate([labels.cosines(vectors[start : start + part]) for start in range(0, count, part)])
    np.testing.assert_array_equal(together, parts)


def test_scores_are_exact_until_they_are_rounded_once():
    generator = np.random.default_rng(1)
    labels, vectors = on_grid(units(generator, 5)), units(generator, 4).astype(np.float16).astype(np.float64)
    grid = 2**28
    for vector in vectors:
        for label in labels:
            exact = sum(int(a * 2**24) * int(b * grid) for a, b in zip(vector, label, strict=True)) / (2**24 * grid)
            assert vector @ label == exact
            assert vector[::-1] @ label[::-1] == exact


@settings(max_examples=20, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from([65, 129, 300, 1033]),
    st.sampled_from([0.0, 0.05, 1.0]),
    st.sampled_from([0.0, 1e-3, 0.2]),
    st.sampled_from([-1.0, 0.0, 1.0]),
)
def test_the_shortlist_keeps_the_same_labels_as_exact_scoring(random, count, spread, alike, side):
    generator = np.random.default_rng(random.getrandbits(32))
    common = units(generator, 1)
    matrix = units(generator, count) * (alike or 1) + (common if alike else 0)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix[7] = matrix[3]
    columns = Columns(np.arange(1, count + 1), on_grid(matrix), np.clip(generator.normal(0, spread, count), -2, 2))
    rows = units(generator, 40) + side * common
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    vectors = Vectors(np.arange(40), rows)
    exact = ExactScorer(columns)
    one, other = exact.kept(vectors), ShortlistScorer(columns, exact).kept(vectors)
    np.testing.assert_array_equal(one.label_ids, other.label_ids)
    np.testing.assert_array_equal(one.cosines, other.cosines)


def test_a_shortlist_by_several_threads_keeps_the_order_of_photos():
    generator = np.random.default_rng(3)
    columns = Columns(np.arange(100), on_grid(units(generator, 100)), np.zeros(100))
    rows = units(generator, 2100).astype(np.float16).astype(np.float32)
    vectors = Vectors(np.arange(7, 2107), rows)
    exact, threads = ExactScorer(columns), torch.get_num_threads()
    one, other = exact.kept(vectors), ShortlistScorer(columns, exact).kept(vectors)
    np.testing.assert_array_equal(one.photo_ids, other.photo_ids)
    np.testing.assert_array_equal(one.label_ids, other.label_ids)
    np.testing.assert_array_equal(one.cosines, other.cosines)
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == torch.get_num_threads() == threads


def test_large_libraries_are_scored_by_shortlist():
    columns = Columns(np.arange(100), np.zeros((100, 4)), np.zeros(100))
    assert isinstance(scorer_for(columns, 1000), ExactScorer)
    assert isinstance(scorer_for(columns, 10**6), ShortlistScorer)


def test_the_best_labels_are_kept_up_to_the_maximum(library):
    revision = library.put(vocabulary(*NAMES, threshold=0))
    photo_id = library.add("photo", revision)
    retag(library.catalog, library.space, revision, library.texts)
    assert len(library.rows()) == KEPT_MOST
    shown = photo_tags(library.catalog, library.space, [photo_id])[photo_id]
    assert len(shown) == KEPT_MOST
    assert [tag.score for tag in shown] == sorted((tag.score for tag in shown), reverse=True)
    assert all(tag.probability == pytest.approx(probability(tag.score, IDENTITY)) for tag in shown)


def test_equal_scores_keep_the_order_of_the_labels():
    row = unit_rows([[1.0, 0.0]])
    columns = Columns(np.array([3, 5, 7]), np.array([[0.5, 0.0], [0.875, 0.0], [0.5, 0.0]]), np.zeros(3))
    kept = ExactScorer(columns).kept(Vectors(np.array([1]), row))
    assert kept.label_ids.tolist() == [[5, 3, 7]]


def test_a_label_above_its_threshold_is_kept_before_others(library):
    high = dict.fromkeys(NAMES[:40], 0.99)
    revision = library.put(vocabulary(*NAMES[:40], "low", low=1.5e-4, **high))
    ids = np.array([label.id for label in revision.labels])
    matrix = np.zeros((41, 2))
    matrix[:, 0] = cosine_of(0.5, IDENTITY)
    matrix[40] = cosine_of(2e-4, IDENTITY), 0
    columns = Columns.of(LabelMatrix(ids, matrix, 0), TagRule(revision, IDENTITY).offsets(ids))
    kept = ExactScorer(columns).kept(Vectors(np.array([1]), unit_rows([[1.0, 0.0]])))
    assert kept.cosines.shape == (1, KEPT_MOST)
    assert kept.label_ids[0, -1] == ids[40]
    assert kept.cosines[0].tolist() == sorted(kept.cosines[0].tolist(), reverse=True)


def tag(at, label, cosine, source=TagSource.AUTO):
    return Tag(1, at, label, source, cosine)
