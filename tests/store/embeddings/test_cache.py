"""Embeddings are read from a cache as far as the change log says that it equals the catalog."""

import numpy as np
import pytest

from store import Catalog
from store.embeddings.cache import Position
from store.embeddings.embeddings import latest_change
from tests.conftest import new_database
from tests.store.conftest import Photographer, unit

COUNT = 300
#: Every value in the cache, so that a test can see where a vector came from.
MARK = np.float32(0.5)


class FakeRows:
    def __init__(self, end, photo_ids):
        self.end = end
        self.photo_ids = np.array(photo_ids, np.int64)

    def __len__(self):
        return len(self.photo_ids)

    def vectors(self, photo_ids):
        return np.full((len(photo_ids), 8), MARK)

    def approximate_cosines(self, query):
        return np.full(len(self), MARK)

    def sample(self, query, most):
        return np.full(min(most, len(self)), MARK)


class FakeCache:
    def __init__(self):
        self.kept = None

    def rows(self, space):
        return self.kept


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def cached(tmp_path_factory, request):
    """A catalog of photos with ids from 1 on: all but the last are cached, and the third has changed since."""
    cache = FakeCache()
    folder = tmp_path_factory.mktemp("cached")
    with new_database(request, request.param, folder) as place, Catalog.open(place, cache) as catalog:
        photographer = Photographer(catalog)
        for content in range(1, COUNT):
            photographer.put(b"%d" % content, content)
        with catalog.read() as t:
            end = latest_change(t.connection, photographer.space.id)
        cache.kept = FakeRows(end, range(1, COUNT))
        photographer.put(b"last", COUNT)
        with catalog.write() as t:
            t.embeddings.put(photographer.space.id, 3, unit(33))
        yield catalog, photographer.space.id, cache


def assert_only_changes_come_from_the_catalog(vectors):
    stored = {3: unit(33), COUNT: unit(COUNT)}
    assert vectors.ids.tolist() == list(range(1, COUNT + 1))
    for photo_id, row in zip(vectors.ids.tolist(), vectors.matrix, strict=True):
        np.testing.assert_allclose(row, stored.get(photo_id, np.full(8, MARK)), atol=1e-3)


def test_unchanged_photos_are_read_from_the_cache(cached):
    catalog, space_id, _ = cached
    with catalog.read() as t:
        assert_only_changes_come_from_the_catalog(t.embeddings.get(space_id, list(range(1, COUNT + 1))))
        (page,) = t.embeddings.scan(space_id)
        assert_only_changes_come_from_the_catalog(page)
        assert t.embeddings.count(space_id) == COUNT
        ids, cosines = t.embeddings.approximate_cosines(space_id, unit(33)[None])
    assert ids.tolist() == list(range(1, COUNT + 1))
    assert cosines[0, 0] == MARK
    assert cosines[2, 0] == pytest.approx(1, abs=1e-3)


def test_uncached_embeddings_are_those_of_the_catalog(cached):
    catalog, space_id, _ = cached
    with catalog.read() as t:
        vectors = t.embeddings.uncached.get(space_id, list(range(1, COUNT + 1)))
        (page,) = t.embeddings.uncached.scan(space_id)
    np.testing.assert_allclose(vectors.matrix[4], unit(5), atol=1e-3)
    np.testing.assert_array_equal(page.matrix, vectors.matrix)


def test_a_cache_of_another_catalog_is_not_used(cached):
    catalog, space_id, cache = cached
    kept = cache.kept
    cache.kept = FakeRows(Position(kept.end.seq, kept.end.token + 1), kept.photo_ids)
    with catalog.read() as t:
        vectors = t.embeddings.get(space_id, list(range(1, COUNT + 1)))
    cache.kept = kept
    np.testing.assert_allclose(vectors.matrix[0], unit(1), atol=1e-3)


def test_few_photos_are_read_from_the_catalog(cached):
    catalog, space_id, _ = cached
    with catalog.read() as t:
        np.testing.assert_allclose(t.embeddings.get(space_id, [5]).matrix[0], unit(5), atol=1e-3)


def test_a_transaction_makes_the_repositories_that_it_uses(cached):
    catalog, _, _ = cached
    with catalog.read() as t:
        assert t.folders is t.folders
        assert {"folders"} == {"folders", "files", "photos", "embeddings", "scores"} & set(vars(t))
