"""The store's conformance: the same photos, searches and writes on each database, and the same answers.

It runs on SQLite with FAISS, and on PostgreSQL with pgvector, each with what makes searches approximate. With
`PHOTOS_TEST_POSTGRES` it runs on any server; see `tests/store/postgres.py`.
"""

import multiprocessing
from contextlib import contextmanager

import numpy as np
import pytest

from query.similarity import TextVectors
from query.tagging import retag
from store import Acceleration, Catalog, FaissIndex, LabelDefinition, SpaceIdentity, Vectors, VocabularyDefinition
from store.embeddings.embeddings import changes_since
from store.sql import schema as tables
from tests.conftest import new_database
from tests.store.conftest import Photographer, fill, search

PHOTOS, DIMENSION = 8000, 64
IDENTITY = SpaceIdentity("conformance", "hash", "none", "float32", DIMENSION, 4.7, -4.0)
#: A share of the photos, and those least like the query.
FILTERS = (1, 0.5, 0.05, 0.002, "far")
DATABASES = ("sqlite", "postgres")


def drawn(count, seed, mean=0.8):
    """Unit vectors of pictures: a common mean, a few directions in which most differ, and noise."""
    random, same = np.random.default_rng(seed), np.random.default_rng(0)
    directions = same.normal(size=(16, DIMENSION)) * (np.arange(16)[:, None] + 1.0) ** -0.5
    rows = random.normal(size=(count, 16)) @ directions + 0.7 * random.normal(size=(count, DIMENSION))
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True) + mean * unit(same.normal(size=DIMENSION))
    return unit(rows).astype(np.float32)


def texts(count, seed):
    """Unit vectors of texts: in another cone, so that their cosines with pictures are small."""
    away = unit(np.random.default_rng(99).normal(size=DIMENSION))
    return unit(0.3 * drawn(count, seed, mean=0) + away).astype(np.float32)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


MATRIX = drawn(PHOTOS, 1)
#: What is stored of it.
STORED = MATRIX.astype(np.float16).astype(np.float64)


class Store:
    """A catalog of `PHOTOS` photos with ids from 1 on, and its index, which shortens large searches."""

    def __init__(self, catalog, folder, photos=PHOTOS):
        self.catalog = catalog
        self.photographer = Photographer(catalog, identity=IDENTITY)
        self.space = self.photographer.space
        self.ids = fill(self.photographer, MATRIX[:photos])
        self.index = self.new_index(folder)

    def new_index(self, folder):
        if not self.catalog.is_on_server:
            return FaissIndex(folder / "index", self.catalog, self.space, acceleration=Acceleration(1000, 2000))
        from store.vectors.pgvector.index import Costs, PgvectorIndex

        return PgvectorIndex(self.catalog, self.space, least_rows=1000, costs=Costs(walked=0))


@contextmanager
def opened(request, database, folder, photos=PHOTOS):
    with new_database(request, database, folder) as place, Catalog.open(place) as catalog:
        yield Store(catalog, folder, photos)


@pytest.fixture(scope="module", params=DATABASES)
def store(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("conformance")
    with opened(request, request.param, folder) as made:
        made.index.refresh()
        made.index.warm()
        assert made.index.status().accelerated
        yield made


def chosen(share, query):
    """Photos that the filter lets through."""
    if share != "far":
        return np.random.default_rng(5).random(PHOTOS) < share
    mask = np.zeros(PHOTOS, bool)
    mask[np.argsort(STORED @ query)[: PHOTOS // 20]] = True
    return mask


@pytest.mark.parametrize("share", FILTERS)
def test_exact_searches_equal_brute_force(store, share):
    for query in (*drawn(2, 7), *texts(2, 8)):
        mask = chosen(share, query)
        cosines = (STORED * query.astype(np.float64)).sum(axis=1).astype(np.float32)
        order = np.lexsort((store.ids[mask], -cosines[mask]))[:50]
        found = search(store.index, query, 50, None if share == 1 else store.ids[mask], exact=True)
        np.testing.assert_array_equal(found.photo_ids, store.ids[mask][order])
        np.testing.assert_array_equal(found.cosines, cosines[mask][order])


@pytest.mark.parametrize("queries", [drawn(20, 17), texts(20, 18)], ids=["pictures", "texts"])
@pytest.mark.parametrize("share", FILTERS)
def test_approximate_searches_find_nearly_all(store, share, queries):
    shares = []
    for query in queries:
        mask = chosen(share, query)
        nearest = store.ids[mask][np.argsort(-(STORED[mask] @ query), kind="stable")[:50]]
        found = search(store.index, query, 50, None if share == 1 else store.ids[mask])
        assert len(found.photo_ids) == len(nearest)
        shares.append(len(np.intersect1d(found.photo_ids, nearest)) / len(nearest))
    assert np.mean(shares) >= 0.98


def test_a_scan_is_complete_and_in_order(store):
    with store.catalog.read() as t:
        pages = list(t.embeddings.scan(store.space.id, 1000))
        assert t.embeddings.count(store.space.id) == PHOTOS
    assert max(map(len, pages)) <= 1000
    np.testing.assert_array_equal(np.concatenate([page.ids for page in pages]), store.ids)
    np.testing.assert_array_equal(np.concatenate([page.matrix for page in pages]), STORED.astype(np.float32))


def test_cosines_that_the_store_gives_are_those_of_its_rows(store):
    queries = np.stack([drawn(1, 51)[0], texts(1, 52)[0]])
    cosines = STORED @ queries.T
    with store.catalog.read() as t:
        ids, found = t.embeddings.approximate_cosines(store.space.id, queries)
        some = t.embeddings.cosines(store.space.id, queries[0], [5, 3, PHOTOS + 1])
        count, sample = t.embeddings.sample(store.space.id, queries[1], 400)
        none = t.embeddings.approximate_cosines(store.space.id, queries[:0])
    np.testing.assert_array_equal(ids, store.ids)
    np.testing.assert_allclose(found, cosines, atol=1e-5)
    np.testing.assert_array_equal(none[0], store.ids)
    assert none[1].shape == (PHOTOS, 0)
    np.testing.assert_allclose(np.sort(some), np.sort(cosines[[4, 2], 0]), atol=1e-5)
    # A large library on a server is counted by a sample.
    assert count == pytest.approx(PHOTOS, rel=0.02)
    assert len(sample) == 400
    np.testing.assert_allclose(np.sort(sample), np.sort(cosines[::20, 1]), atol=1e-5)


def test_what_is_committed_is_found_and_what_is_rolled_back_is_not(store):
    there, other = drawn(20, 31), drawn(20, 32)
    added = fill(store.photographer, there)
    try:
        assert nearest(store, there) == added.tolist()
        with store.catalog.write() as t:
            t.embeddings.put_all(store.space.id, Vectors(added, other))
        assert nearest(store, other) == added.tolist()
        assert not set(nearest(store, there)) & set(added.tolist())
        with pytest.raises(RuntimeError), store.catalog.write() as t:
            t.embeddings.put_all(store.space.id, Vectors(added, there))
            t.files.forget([each.id for each in t.files.known(store.photographer.folder.id)])
            raise RuntimeError
        assert nearest(store, other) == added.tolist()
    finally:
        with store.catalog.write() as t:
            files = [
                each.id for each in t.files.known(store.photographer.folder.id) if each.path.decode() in map(str, added)
            ]
            t.files.forget(files)
    assert not set(nearest(store, other)) & set(added.tolist())
    with store.catalog.write() as t:
        t.photos.delete(added.tolist())
    assert not set(nearest(store, other)) & set(added.tolist())


def nearest(store, vectors):
    """The photo that is nearest to each vector."""
    with store.index.read() as snapshot:
        return [snapshot.search(each, 1).photo_ids[0] for each in vectors]


def test_the_same_vocabulary_gives_the_same_rows_on_both(request, tmp_path):
    names = [f"label {number}" for number in range(40)]
    vectors = dict(zip(names, texts(40, 41), strict=True))
    definition = VocabularyDefinition("mine", tuple(LabelDefinition(name, (name,)) for name in names))
    kept = []

    def encode(some):
        return np.stack([vectors[each] for each in some])

    for database in DATABASES:
        (folder := tmp_path / database).mkdir()
        with opened(request, database, folder, 2000) as store:
            with store.catalog.write() as t:
                revision = t.vocabularies.put(definition)
            encode = TextVectors(
                store.catalog, store.space, lambda: lambda some: np.stack([vectors[each] for each in some])
            )
            retag(store.catalog, store.space, revision, encode)
            with store.catalog.read() as t:
                rows = tables.photo_scores
                query = rows.select().order_by(rows.c.scoring_id, rows.c.photo_id)
                kept.append([tuple(row) for row in t.connection.execute(query)])
    assert len(kept[0]) == 2000
    assert kept[0] == kept[1]


def write_some(place, first, count, space_id):
    """Give the photos from *first* on other vectors, ten a transaction."""
    with Catalog.open(place) as catalog:
        for start in range(first, first + count, 10):
            ids = np.arange(start, start + 10)
            with catalog.write() as t:
                t.embeddings.put_all(space_id, Vectors(ids, drawn(10, start)))


def test_writers_at_once_lose_nothing(database, tmp_path):
    with Catalog.open(database) as catalog:
        store = Store(catalog, tmp_path, 400)
        with catalog.read() as t:
            before = t.embeddings.position(store.space.id)
        processes = multiprocessing.get_context("spawn")
        writers = [
            processes.Process(target=write_some, args=(database, first, 200, store.space.id)) for first in (1, 201)
        ]
        for each in writers:
            each.start()
        while any(each.is_alive() for each in writers):
            assert len(search(store.index, MATRIX[0], 400).photo_ids) == 400
            writers[0].join(0.05)
        assert [each.exitcode for each in writers] == [0, 0]
        with catalog.read() as t:
            assert changes_since(t.connection, store.space.id, before.seq) == dict.fromkeys(range(1, 401), "put")
            (page,) = t.embeddings.scan(store.space.id)
        expected = np.concatenate([drawn(10, start) for start in range(1, 401, 10)])
        np.testing.assert_array_equal(page.matrix, expected.astype(np.float16).astype(np.float32))
