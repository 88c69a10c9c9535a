"""Chance limits of queries."""

import math

import numpy as np
import pytest

from query.search import ScoreDistribution, score_distribution
from query.search.chance_limit import MIN_PHOTOS, greatest_normal
from query.similarity import NEAR, cosine_of
from store import SpaceIdentity

#: As the released checkpoints have it: a temperature of 112 and a bias of -16.
IDENTITY = SpaceIdentity("m", "w", "p", "float32", 8, math.log(112), -16.0)


@pytest.mark.parametrize("count", [200, 5000])
def test_the_maximum_exceeds_the_limit_with_the_given_probability(count):
    greatest = np.random.default_rng(0).normal(size=(4000, count)).max(axis=1)
    # The maximum converges slowly to the limit distribution, from below.
    assert 0.003 <= (greatest > greatest_normal(count, 0.01)).mean() <= 0.012
    assert (greatest > greatest_normal(count, 0.5)).mean() == pytest.approx(0.5, abs=0.06)


def test_the_chance_limit_rises_with_the_number_of_photos():
    limits = [ScoreDistribution(count, 0.01, 0.02).chance_limit() for count in (100, 10_000, 1_000_000)]
    assert limits == sorted(limits)
    assert limits[0] > 0.01 + 3.5 * 0.02
    assert limits[-1] < 0.01 + 6 * 0.02


def test_only_texts_have_the_models_own_limits():
    wide, narrow = ScoreDistribution(1000, 0.1, 0.5), ScoreDistribution(1000, -0.2, 0.001)
    assert wide.threshold(IDENTITY) == cosine_of(0.9, IDENTITY)
    assert narrow.threshold(IDENTITY) == cosine_of(1e-4, IDENTITY)
    assert narrow.threshold(IDENTITY, of_text=False) == narrow.chance_limit()


def test_a_near_duplicate_is_always_an_answer():
    alike = ScoreDistribution(1000, 0.4, 0.3)
    assert alike.chance_limit() > 1
    assert alike.threshold(IDENTITY, of_text=False) == NEAR


def test_a_few_photos_have_only_the_models_floor():
    assert ScoreDistribution(MIN_PHOTOS - 1, 0.1, 0.1).threshold(IDENTITY) == cosine_of(1e-4, IDENTITY)


def test_the_distribution_is_measured_over_the_librarys_cosines(library):
    ids = [library.add(f"photo {number}") for number in range(300)]
    query = library.texts.vector("anything")
    with library.catalog.read() as t:
        cosines = t.embeddings.get(library.space.id, ids).matrix @ query
        distribution = score_distribution(t, library.space, query)
        of_some = score_distribution(t, library.space, query, np.array(ids[:7]))
    assert distribution.photos == 300
    assert distribution.median == pytest.approx(np.median(cosines), abs=1e-6)
    assert distribution.spread == pytest.approx(1.4826 * np.median(np.abs(cosines - np.median(cosines))), abs=1e-6)
    assert of_some.photos == 7


def test_an_empty_library_has_no_distribution(library):
    query = library.texts.vector("anything")
    with library.catalog.read() as t:
        assert score_distribution(t, library.space, query) == ScoreDistribution(0, 0.0, 0.0)
