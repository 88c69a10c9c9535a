"""Whether the best photo is more than the best of so many that have nothing to do with the query."""

import math

import numpy as np
import pytest

from query import cosine_of
from query.search.grouping import NEAR
from query.search.noise import LEAST, Noise, highest, noise_of
from store import SpaceIdentity

#: As the released checkpoints have it: a temperature of 112 and a bias of -16.
IDENTITY = SpaceIdentity("m", "w", "p", "float32", 8, math.log(112), -16.0)


@pytest.mark.parametrize("count", [200, 5000])
def test_the_greatest_of_many_exceeds_the_limit_about_as_often_as_it_should(count):
    greatest = np.random.default_rng(0).normal(size=(4000, count)).max(axis=1)
    # The limit distribution is reached slowly, from the cautious side.
    assert 0.003 <= (greatest > highest(count, 0.01)).mean() <= 0.012
    assert (greatest > highest(count, 0.5)).mean() == pytest.approx(0.5, abs=0.06)


def test_the_more_photos_the_higher_their_best_by_chance():
    limits = [Noise(count, 0.01, 0.02).stands_out() for count in (100, 10_000, 1_000_000)]
    assert limits == sorted(limits)
    assert limits[0] > 0.01 + 3.5 * 0.02
    assert limits[-1] < 0.01 + 6 * 0.02


def test_a_text_has_the_models_own_limits_and_a_picture_has_none():
    wide, narrow = Noise(1000, 0.1, 0.5), Noise(1000, -0.2, 0.001)
    assert wide.least(IDENTITY) == cosine_of(0.9, IDENTITY)
    assert narrow.least(IDENTITY) == cosine_of(1e-4, IDENTITY)
    assert narrow.least(IDENTITY, of_text=False) == narrow.stands_out()


def test_a_near_duplicate_of_a_picture_is_an_answer_however_alike_all_photos_are():
    alike = Noise(1000, 0.4, 0.3)
    assert alike.stands_out() > 1
    assert alike.least(IDENTITY, of_text=False) == NEAR


def test_of_few_photos_only_the_models_floor_is_known():
    assert Noise(LEAST - 1, 0.1, 0.1).least(IDENTITY) == cosine_of(1e-4, IDENTITY)


def test_the_noise_is_that_of_the_librarys_cosines(library):
    ids = [library.add(f"photo {number}") for number in range(300)]
    query = library.texts.vector("anything")
    with library.catalog.read() as t:
        cosines = t.embeddings.get(library.space.id, ids).matrix @ query
    noise = noise_of(library.catalog, library.space, query)
    assert noise.photos == 300
    assert noise.median == pytest.approx(np.median(cosines), abs=1e-6)
    assert noise.spread == pytest.approx(1.4826 * np.median(np.abs(cosines - np.median(cosines))), abs=1e-6)
    assert noise_of(library.catalog, library.space, query, np.array(ids[:7])).photos == 7


def test_an_empty_library_has_no_noise(library):
    assert noise_of(library.catalog, library.space, library.texts.vector("anything")) == Noise(0, 0.0, 0.0)
