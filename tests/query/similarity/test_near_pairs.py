"""All near pairs of a library."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.similarity import near_pairs
from store import Catalog, SpaceIdentity
from tests.store.many import add_photos
from tests.store.sqlite import empty_catalog


def library(tmp_path, rows):
    catalog = Catalog.open(empty_catalog(tmp_path / "catalog.db"))
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("m", "w", "p", "float32", rows.shape[1], 2.3, -4.0))
        folder = t.folders.add(b"/photos")
        names = [str(number).encode() for number in range(len(rows))]
        add_photos(t, space.id, folder.id, [name.ljust(32) for name in names], names, rows)
    return catalog, space


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def brute(catalog, space, ids, least, of=None):
    with catalog.read() as t:
        rows = t.embeddings.get(space.id, ids).matrix.astype(np.float64)
    cosines = rows @ rows.T
    found = np.argwhere(np.triu(cosines >= least, 1))
    return {(ids[one], ids[other]) for one, other in found if of is None or one < of}


@given(seed=st.integers(0, 1000), spread=st.floats(0.05, 1.5), least=st.floats(0.3, 0.99))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_exactly_the_near_pairs_are_found(tmp_path_factory, seed, spread, least):
    random = np.random.default_rng(seed)
    # More dimensions than the bound, and clusters, so that pairs have cosines of every size.
    centres = random.normal(size=(5, 96))
    rows = unit(centres[random.integers(0, 5, 60)] + spread * random.normal(size=(60, 96)))
    catalog, space = library(tmp_path_factory.mktemp("near"), rows)
    ids = random.permutation(np.arange(1, 61)).tolist()
    with catalog:
        found = near_pairs(catalog, space, ids, least)
        pairs = set(zip(found.firsts.tolist(), found.seconds.tolist(), strict=True))
        # Cosines within rounding of the limit may be on either side.
        assert brute(catalog, space, ids, least + 1e-5) <= pairs <= brute(catalog, space, ids, least - 1e-5)


@pytest.mark.parametrize("crowd", [0, 250])
def test_pairs_are_found_across_blocks(tmp_path, crowd):
    random = np.random.default_rng(0)
    rows = random.normal(size=(3000, 96))
    # Copies far apart in the order, and a crowd in which all are near each other.
    rows[1500:] = rows[:1500] + 0.1 * random.normal(size=(1500, 96))
    rows[random.choice(3000, crowd, replace=False)] = rows[0] + 0.1 * random.normal(size=(crowd, 96))
    catalog, space = library(tmp_path, unit(rows))
    ids = random.permutation(np.arange(1, 3001)).tolist()
    seen = []
    with catalog:
        found = near_pairs(catalog, space, ids, 0.95, progress=lambda *each: seen.append(each))
        pairs = set(zip(found.firsts.tolist(), found.seconds.tolist(), strict=True))
        assert len(pairs) == len(found) >= crowd * (crowd - 1) // 2 + 1000
        assert brute(catalog, space, ids, 0.95 + 1e-5) <= pairs <= brute(catalog, space, ids, 0.95 - 1e-5)
        assert seen == [(1024, 3000), (2048, 3000), (3000, 3000)]
        some = near_pairs(catalog, space, ids, 0.95, of=1100)
        place = {photo_id: at for at, photo_id in enumerate(ids)}
        assert set(zip(some.firsts.tolist(), some.seconds.tolist(), strict=True)) == {
            pair for pair in pairs if place[pair[0]] < 1100
        }


def test_pairs_of_the_first_photos_are_with_all_later_ones(tmp_path):
    random = np.random.default_rng(0)
    rows = unit(np.ones((1, 16)) + 0.2 * random.normal(size=(30, 16)))
    catalog, space = library(tmp_path, rows)
    ids = list(range(1, 31))
    with catalog:
        found = near_pairs(catalog, space, ids, 0.95, of=4)
        assert set(zip(found.firsts.tolist(), found.seconds.tolist(), strict=True)) == brute(
            catalog, space, ids, 0.95, 4
        )
        assert len(found)


def test_only_the_nearest_pairs_of_a_photo_are_kept(tmp_path):
    random = np.random.default_rng(0)
    rows = unit(np.ones((1, 16)) + 0.3 * random.normal(size=(40, 16)))
    catalog, space = library(tmp_path, rows)
    with catalog:
        every = near_pairs(catalog, space, list(range(1, 41)), 0.5)
        found = near_pairs(catalog, space, list(range(1, 41)), 0.5, most=3)
    for photo_id in range(1, 38):
        nearest = np.sort(every.cosines[every.firsts == photo_id])[-3:]
        assert np.array_equal(np.sort(found.cosines[found.firsts == photo_id]), nearest)


@pytest.mark.parametrize("count", [0, 1])
def test_few_photos_have_no_pairs(tmp_path, count):
    catalog, space = library(tmp_path, np.eye(8)[:count])
    with catalog:
        assert len(near_pairs(catalog, space, list(range(1, count + 1)), 0.5)) == 0


def test_photos_without_an_embedding_have_no_pairs(tmp_path):
    catalog, space = library(tmp_path, np.eye(8)[[0, 0, 1]])
    with catalog:
        found = near_pairs(catalog, space, [1, 2, 3, 99], 0.9)
        assert (found.firsts.tolist(), found.seconds.tolist()) == ([1], [2])
