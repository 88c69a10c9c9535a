"""The index of PostgreSQL: its graph, the ways of a search, and what a role without rights gets."""

import threading

import numpy as np
import pytest

from store import BadVector, Catalog, CatalogBusy, DatabaseReadOnly, Facts, SpaceIdentity, Vectors
from store.sql.postgres import driver_of
from store.vectors.pgvector.index import Costs, PgvectorIndex
from tests.store.conftest import Photographer, fill, search, unit

#: Every search follows the graph, as far as it can.
ALONG = Costs(walked=0)


@pytest.fixture
def address(server):
    with server.database(server.template) as made:
        yield made


@pytest.fixture
def photographer(address):
    with Catalog.open(address) as catalog:
        yield Photographer(catalog)


@pytest.fixture
def index(photographer):
    return PgvectorIndex(photographer.catalog, photographer.space, least_rows=10, costs=ALONG)


def some(count, seed=1):
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def mark(photographer, state):
    with photographer.catalog.maintenance() as connection:
        graph = "'embedding_hnsw_1'::regclass"
        driver_of(connection).execute(f"UPDATE pg_index SET {state} WHERE indexrelid = {graph}")


def test_a_graph_is_built_once_there_are_rows_for_it(photographer, index):
    fill(photographer, some(5))
    assert index.refresh() is False
    assert (index.status().rows, index.status().valid, index.status().accelerated) == (5, True, False)
    fill(photographer, some(25, seed=2))
    reports = []
    assert index.refresh(lambda done, whole: reports.append((done, whole))) is True
    assert index.refresh() is False
    status = index.status()
    assert (status.rows, status.newer, status.valid, status.accelerated) == (30, 0, True, True)
    assert status.bytes > 0
    assert all(done <= whole for done, whole in reports)


def test_searches_go_along_the_graph_and_find_what_is_committed(photographer, index):
    fill(photographer, some(30))
    index.refresh()
    later = photographer.put(b"later", 40)
    with index.read() as snapshot:
        found = snapshot.search(unit(40), 3)
        scans = "SELECT pg_stat_get_xact_numscans('embedding_hnsw_1'::regclass)"
        assert driver_of(snapshot.t.connection).execute(scans).fetchone() == (1,)
        snapshot.search(unit(40), 3, exact=True)
        assert driver_of(snapshot.t.connection).execute(scans).fetchone() == (1,)
        assert driver_of(snapshot.t.connection).execute("SHOW enable_sort").fetchone() == ("on",)
    assert found.photo_ids[0] == later
    with photographer.catalog.write() as t:
        t.embeddings.put(photographer.space.id, later, unit(50))
    assert search(index, unit(50), 1).photo_ids.tolist() == [later]
    photographer.remove(b"later")
    assert later not in search(index, unit(50), 5).photo_ids


def test_a_filter_whose_photos_lie_far_off_is_answered_exactly(photographer, index):
    fill(photographer, some(1000))
    index.refresh()
    with photographer.catalog.read() as t:
        vectors = next(iter(t.embeddings.scan(photographer.space.id)))
    cosines = vectors.matrix @ unit(5)
    far = np.sort(vectors.ids[np.argsort(cosines)[:50]])
    found = search(index, unit(5), 20, far)
    expected = vectors.ids[np.argsort(-np.where(np.isin(vectors.ids, far), cosines, -2))[:20]]
    assert found.photo_ids.tolist() == expected.tolist()
    everything = search(index, unit(5), 4000)
    np.testing.assert_allclose(everything.cosines, np.sort(cosines)[::-1], atol=2e-6)


def test_a_damaged_row_is_not_found(photographer, index):
    fill(photographer, some(30))
    with photographer.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE embedding SET checksum = 1 - checksum WHERE photo_id = 4")
    assert set(search(index, unit(3), 30).photo_ids.tolist()) == set(range(1, 31)) - {4}


def test_a_query_of_any_length_keeps_its_order(photographer, index):
    fill(photographer, some(30))
    expected = search(index, unit(3), 30)
    for length in (1e-6, 1e6):
        found = search(index, unit(3) * np.float32(length), 30)
        assert found.photo_ids.tolist() == expected.photo_ids.tolist()
        np.testing.assert_allclose(found.cosines, expected.cosines * length, rtol=1e-4)
    assert len(search(index, np.zeros(8, np.float32), 30).photo_ids) == 30
    with pytest.raises(BadVector):
        search(index, np.full(8, np.nan, np.float32), 1)


def test_a_removed_graph_is_built_by_the_next_refresh(photographer, index):
    fill(photographer, some(30))
    index.refresh()
    index.warm()
    assert index.verify() is True
    index.remove()
    index.remove()
    assert index.status().accelerated is False
    assert len(search(index, unit(1), 5).photo_ids) == 5
    assert index.refresh() is True


def test_a_graph_that_was_left_unfinished_is_replaced(photographer, index):
    fill(photographer, some(30))
    index.refresh()
    mark(photographer, "indisvalid = false")
    assert index.status().valid is False
    assert len(search(index, unit(1), 5).photo_ids) == 5
    assert index.refresh() is True
    assert index.status().valid is True


def test_a_graph_that_lacks_rows_is_found_and_dropped(photographer, index):
    fill(photographer, some(30))
    index.refresh()
    assert index.verify() is True
    mark(photographer, "indisready = false")
    fill(photographer, some(100, seed=2))
    mark(photographer, "indisready = true")
    assert index.verify() is False
    assert index.status().accelerated is False


def test_who_is_told_of_the_progress_may_end_the_build(photographer, index):
    fill(photographer, some(30))

    def stop(done, whole):
        raise KeyboardInterrupt

    # The build waits for this transaction, so that it has not ended before.
    with photographer.catalog.read() as t:
        t.folders.all()
        with pytest.raises(KeyboardInterrupt):
            index.refresh(stop)
    assert (index.status().valid, index.status().accelerated) == (True, False)
    assert index.refresh() is True


def test_graphs_of_two_spaces_are_built_one_after_the_other(photographer, index):
    ids = fill(photographer, some(30))
    with photographer.catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("other", "other", "none", "float32", 8, 4.7, -16.0))
        t.embeddings.put_all(space.id, Vectors(ids, some(30)))
    other, done = PgvectorIndex(photographer.catalog, space, least_rows=10), []
    # A build waits for the transactions that are older.
    with photographer.catalog.read() as t:
        t.folders.all()
        builder, second = (threading.Thread(target=lambda i=each: done.append(i.refresh())) for each in (index, other))
        builder.start()
        while index.status().bytes == 0:
            assert builder.is_alive()
        second.start()
        second.join(10)
        assert done == [False]
        with pytest.raises(CatalogBusy):
            index.remove()
    builder.join(60)
    assert done == [False, True]
    assert other.refresh() is True
    index.remove()
    assert (index.status().accelerated, other.status().accelerated) == (False, True)


def test_a_build_ends_at_once_while_others_read_for_long(photographer, index):
    fill(photographer, some(30))
    ended = []

    def stop(done, whole):
        raise InterruptedError

    def build():
        with pytest.raises(InterruptedError):
            index.refresh(stop)
        ended.append(True)

    with photographer.catalog.read() as t:
        t.embeddings.ids(photographer.space.id)
        builder = threading.Thread(target=build)
        builder.start()
        builder.join(60)
        assert ended == [True]
    assert (index.status().valid, index.status().accelerated) == (False, False)
    assert len(search(index, unit(1), 5).photo_ids) == 5
    assert index.refresh() is True
    assert index.status().valid is True


def test_writers_and_searches_go_on_while_a_graph_is_built(photographer, index):
    fill(photographer, some(200))
    done = []

    def build():
        done.append(index.refresh())

    with photographer.catalog.read():
        # A build waits for the transactions that are older.
        builder = threading.Thread(target=build)
        builder.start()
        later = photographer.put(b"later", 900)
        assert search(index, unit(900), 1).photo_ids.tolist() == [later]
        assert done == []
    builder.join(60)
    assert done == [True]
    assert search(index, unit(900), 1).photo_ids.tolist() == [later]


def test_a_role_that_may_only_read_searches_and_builds_nothing(server, photographer, index, address):
    fill(photographer, some(30))
    index.refresh()
    name = "photos_searcher"
    database = address.partition("?")[0].rpartition("/")[2]
    server.run(f"CREATE ROLE {name} LOGIN")
    server.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}", database)
    try:
        with Catalog.open(address.replace("postgres@", f"{name}@", 1)) as catalog:
            reading = PgvectorIndex(catalog, photographer.space, least_rows=10, costs=ALONG)
            assert search(reading, some(30)[3], 1).photo_ids.tolist() == [4]
            assert reading.refresh() is False
            assert reading.verify() is True
            with pytest.raises(DatabaseReadOnly):
                reading.remove()
    finally:
        server.run(f"DROP OWNED BY {name}", database)
        server.run(f"DROP ROLE {name}")


def test_vectors_of_the_largest_models_stay_in_their_rows(photographer):
    identity = SpaceIdentity("large", "hash", "none", "float32", 1536, 4.7, -16.0)
    with photographer.catalog.write() as t:
        space = t.spaces.ensure(identity)
        photo_id = t.photos.add(bytes(32), 1, Facts(4, 3, "JPEG"))
        t.embeddings.put_all(space.id, Vectors(np.array([photo_id]), unit(1, 1536)[None]))
        apart = "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'embedding'"
        assert t.connection.exec_driver_sql(apart).scalar() == 0
