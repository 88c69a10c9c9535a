"""The contract of `VectorIndex`, for each implementation: answers equal brute force over the catalog."""

import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from store import BadVector, Catalog, CatalogReadOnly, FaissIndex, Outcome, vector_index
from tests.store.conftest import Photographer, put_many, search, stamp, unit
from tests.store.sqlite import empty_catalog
from tests.store.vectors.exact_index import ExactIndex

#: Each makes an index, given a folder, a catalog and a space: the one that the catalog's database has, and a fake.
IMPLEMENTATIONS = {
    "own": lambda folder, catalog, space: vector_index(catalog, folder / "index", space),
    "exact": lambda _folder, catalog, space: ExactIndex(catalog, space),
}
PATHS = st.sampled_from([b"a", b"b", b"c", b"d"])


@pytest.fixture(params=IMPLEMENTATIONS)
def make_index(request, tmp_path):
    return lambda catalog, space: IMPLEMENTATIONS[request.param](tmp_path, catalog, space)


@pytest.fixture
def index(photographer, make_index):
    return make_index(photographer.catalog, photographer.space)


def assert_same_but_for_ties(found, ids, matrix, query, count):
    """The cosines are those of brute force, in the same order, and each is its photo's."""
    cosines = {int(photo_id): float(np.float32(row @ query)) for photo_id, row in zip(ids, matrix, strict=True)}
    expected = sorted(cosines.values(), reverse=True)[:count]
    np.testing.assert_allclose(found.cosines, expected, atol=2e-6)
    assert len(set(found.photo_ids.tolist())) == len(expected)
    np.testing.assert_allclose([cosines[int(photo_id)] for photo_id in found.photo_ids], found.cosines, atol=2e-6)


@pytest.mark.sqlite("a server keeps its index itself")
def test_status_names_rows_and_newer_changes(photographer, index):
    assert index.status().valid is False
    for number in range(3):
        photographer.put(b"%d" % number, number)
    assert index.refresh() is True
    assert index.refresh() is False
    photographer.put(b"new", 7)
    assert (index.status().valid, index.status().rows, index.status().newer) == (True, 3, 1)


@pytest.mark.sqlite("a server keeps its index itself")
def test_a_removed_index_is_rebuilt(photographer, index):
    photo_id = photographer.put(b"a", 1)
    index.refresh()
    index.remove()
    assert index.status().valid is False
    assert search(index, unit(1), 1).photo_ids.tolist() == [photo_id]


def test_a_refreshed_index_is_whole_and_can_be_warmed(photographer, index):
    photo_id = photographer.put(b"a", 1)
    index.refresh()
    index.warm()
    assert index.verify() is True
    assert search(index, unit(1), 1, exact=True).photo_ids.tolist() == [photo_id]


def test_an_empty_library_finds_nothing(index):
    found = search(index, unit(1), 5)
    assert (len(found.photo_ids), len(found.cosines)) == (0, 0)


def test_the_nearest_photos_come_first(photographer, index):
    ids = {photographer.put(b"%d" % number, number): number for number in range(20)}
    for count in (1, 5, 20, 100):
        found = search(index, unit(3), count)
        assert len(found.photo_ids) == min(count, 20)
        assert ids[int(found.photo_ids[0])] == 3
        assert found.cosines[0] == pytest.approx(1, abs=1e-3)


def test_a_photo_is_found_from_its_commit_until_its_file_is_gone(photographer, index):
    photographer.put(b"a", 1)
    search(index, unit(1), 1)
    second = photographer.put(b"b", 2)
    assert second in search(index, unit(2), 2).photo_ids
    photographer.remove(b"b")
    assert second not in search(index, unit(2), 2).photo_ids
    assert photographer.put(b"c", 2) == second
    assert second in search(index, unit(2), 2).photo_ids


def test_a_rolled_back_write_never_reaches_the_index(photographer, index):
    photographer.put(b"a", 1)
    search(index, unit(1), 1)
    with pytest.raises(RuntimeError), photographer.catalog.write() as t:
        t.embeddings.put(photographer.space.id, 1, unit(9))
        raise RuntimeError
    assert search(index, unit(1), 1).cosines[0] == pytest.approx(1, abs=1e-3)


def test_a_new_embedding_replaces_the_old_one(photographer, index):
    photo_id = photographer.put(b"a", 1)
    search(index, unit(1), 1)
    with photographer.catalog.write() as t:
        t.embeddings.put(photographer.space.id, photo_id, unit(9))
    found = search(index, unit(9), 5)
    assert found.photo_ids.tolist() == [photo_id]
    assert found.cosines[0] == pytest.approx(1, abs=1e-3)


@pytest.mark.sqlite("copies the file")
def test_the_index_follows_a_catalog_restored_from_a_copy(photographer, index, make_index, tmp_path):
    photographer.put(b"a", 1)
    photographer.catalog.close()
    shutil.copy(tmp_path / "catalog.db", tmp_path / "old.db")
    photographer.put(b"b", 2)
    search(index, unit(1), 1)
    photographer.catalog.close()
    with Catalog.open(tmp_path / "old.db") as restored:
        found = search(make_index(restored, photographer.space), unit(2), 5)
    assert len(found.photo_ids) == 1


@pytest.mark.sqlite("copies the file")
def test_the_index_follows_a_restored_catalog_that_went_on(photographer, index, make_index, tmp_path):
    photographer.put(b"a", 1)
    photographer.catalog.close()
    shutil.copy(tmp_path / "catalog.db", tmp_path / "old.db")
    photographer.put(b"b", 2)
    search(index, unit(1), 1)
    with Catalog.open(tmp_path / "old.db") as restored:
        # As many changes, about photos with the same ids.
        other = Photographer(restored)
        third = other.put(b"b", 3)
        found = search(make_index(restored, photographer.space), unit(3), 1)
    assert found.photo_ids.tolist() == [third]
    assert found.cosines[0] == pytest.approx(1, abs=1e-3)


def test_a_filter_applies_to_older_and_newer_photos(photographer, index):
    ids = [photographer.put(b"%d" % number, number) for number in range(20)]
    index.refresh()
    ids += [photographer.put(b"%d" % number, number) for number in range(20, 25)]
    photographer.remove(b"5")
    among = np.array(sorted([ids[2], ids[5], ids[9], ids[21], 12345]), np.int64)
    found = search(index, unit(21), 10, among)
    assert set(found.photo_ids.tolist()) == {ids[2], ids[9], ids[21]}
    assert found.photo_ids[0] == ids[21]
    assert len(search(index, unit(21), 2, among).photo_ids) == 2
    assert len(search(index, unit(21), 10, np.empty(0, np.int64)).photo_ids) == 0
    assert len(search(index, unit(21), 30).photo_ids) == 24


def test_a_snapshot_is_index_and_catalog_at_one_moment(photographer, index):
    ids = [photographer.put(b"%d" % number, number) for number in range(3)]
    with index.read() as snapshot:
        photographer.remove(b"1")
        later = photographer.put(b"later", 9)
        with photographer.catalog.write() as t:
            t.photos.delete([ids[1]])
            t.embeddings.put(photographer.space.id, ids[2], unit(7))
        assert search(index, unit(9), 1).photo_ids.tolist() == [later]
        found = snapshot.search(unit(2), 5)
        assert sorted(found.photo_ids.tolist()) == ids
        assert found.photo_ids[0] == ids[2]
        assert found.cosines[0] == pytest.approx(1, abs=1e-3)
        assert [photo.paths for photo in snapshot.t.photos.get([*ids, later])] == [
            (b"/photos/0",),
            (b"/photos/1",),
            (b"/photos/2",),
        ]
        np.testing.assert_array_equal(snapshot.search(unit(2), 5).cosines, found.cosines)
    assert sorted(search(index, unit(9), 5).photo_ids.tolist()) == [ids[0], ids[2], later]


def test_a_snapshot_outlives_newer_files(photographer, index, make_index):
    put_many(photographer, range(20))
    with index.read() as snapshot:
        before = snapshot.search(unit(3), 20)
        put_many(photographer, range(2000))
        # As another process, and this one, bring the files up to date.
        make_index(photographer.catalog, photographer.space).refresh()
        index.refresh()
        assert len(search(index, unit(3), 3000).photo_ids) == 2000
        after = snapshot.search(unit(3), 3000)
    np.testing.assert_array_equal(after.photo_ids, before.photo_ids)
    np.testing.assert_array_equal(after.cosines, before.cosines)


def test_a_snapshot_keeps_no_other_thread_waiting(photographer, index):
    photo_id = photographer.put(b"a", 1)
    done = []

    def others():
        photographer.put(b"b", 2)
        index.refresh()
        index.warm()
        done.append(search(index, unit(2), 5).photo_ids.tolist())

    with index.read() as snapshot:
        thread = threading.Thread(target=others, daemon=True)
        thread.start()
        thread.join(60)
        assert done == [[2, 1]]
        assert snapshot.search(unit(2), 5).photo_ids.tolist() == [photo_id]


def test_nothing_is_written_in_a_snapshot(photographer, index):
    photographer.put(b"a", 1)
    with pytest.raises(CatalogReadOnly), index.read() as snapshot:
        snapshot.t.photos.delete([1])


@pytest.mark.parametrize("vector", [np.ones(3, np.float32), np.full(8, np.inf, np.float32)])
def test_a_wrong_query_vector_raises(index, vector):
    with pytest.raises(BadVector):
        search(index, vector, 1)


class IndexMachine(RuleBasedStateMachine):
    """Any sequence of adds, changes, removals, returns, failures, reopenings and damage.

    `held` is the content of each path, and `seeds` makes each content's embedding: answers are compared with them.
    """

    #: Makes an index, given a folder, a catalog and a space.
    make = None

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.catalog = Catalog.open(empty_catalog(self.folder / "catalog.db"))
        self.photographer = Photographer(self.catalog)
        self.held = {}
        self.seeds = {}

    def teardown(self):
        self.catalog.close()
        shutil.rmtree(self.folder)

    @initialize(contents=st.lists(st.integers(0, 5), min_size=2, max_size=4))
    def start(self, contents):
        for path, content in zip((b"a", b"b", b"c", b"d"), contents, strict=False):
            self.put(path, content)
        self.indexes = [self.opened(), self.opened()]

    def opened(self):
        return self.make(self.folder, self.catalog, self.photographer.space)

    @rule(path=PATHS, content=st.integers(0, 5))
    def put(self, path, content):
        self.photographer.put(path, content)
        self.held[path] = content
        self.seeds.setdefault(content, content)

    @rule(path=PATHS)
    def remove(self, path):
        self.photographer.remove(path)
        self.held.pop(path, None)

    @rule(path=PATHS)
    def break_file(self, path):
        with self.catalog.write() as t:
            t.files.failed(self.photographer.folder.id, path, stamp(9), Outcome.DAMAGED, "cut")
        self.held.pop(path, None)

    @rule(content=st.integers(0, 5), seed=st.integers(10, 12))
    def embed_anew(self, content, seed):
        if content in self.seeds:
            with self.catalog.write() as t:
                t.embeddings.put(self.photographer.space.id, self.id_of(t, content), unit(seed))
            self.seeds[content] = seed

    @rule(path=PATHS, seed=st.integers(10, 12))
    def roll_back(self, path, seed):
        with suppress(RuntimeError), self.catalog.write() as t:
            t.files.forget([file.id for file in t.files.known(self.photographer.folder.id) if file.path == path])
            for content in self.seeds:
                t.embeddings.put(self.photographer.space.id, self.id_of(t, content), unit(seed))
            raise RuntimeError

    @rule(path=PATHS, content=st.integers(0, 5))
    def forget_folder_and_add_it_again(self, path, content):
        with self.catalog.write() as t:
            t.folders.remove(self.photographer.folder.id)
            self.photographer.folder = t.folders.add(b"/photos")
        self.held.clear()
        self.put(path, content)

    @rule(content=st.integers(0, 5))
    def damage_row(self, content):
        if content in self.seeds:
            with self.catalog.write() as t:
                photo_id = self.id_of(t, content)
                t.connection.exec_driver_sql(
                    "UPDATE embedding SET checksum = 1 - checksum WHERE photo_id = ?", (photo_id,)
                )
                assert t.embeddings.drop_damaged(self.photographer.space.id) == [photo_id]
                t.embeddings.put(self.photographer.space.id, photo_id, unit(self.seeds[content]))

    @rule()
    def back_up(self):
        self.copied = (dict(self.held), dict(self.seeds), self.photographer.folder)
        # Closing writes the log back into the file.
        self.catalog.close()
        shutil.copy(self.folder / "catalog.db", self.folder / "copy.db")

    @precondition(lambda self: (self.folder / "copy.db").exists())
    @rule()
    def restore(self):
        self.catalog.close()
        shutil.copy(self.folder / "copy.db", self.folder / "new.db")
        (self.folder / "new.db").replace(self.folder / "catalog.db")
        self.catalog = self.photographer.catalog = Catalog.open(self.folder / "catalog.db")
        held, seeds, self.photographer.folder = self.copied
        self.held, self.seeds = dict(held), dict(seeds)
        self.indexes = [self.opened(), self.opened()]

    @rule()
    def reopen(self):
        self.indexes = [self.opened(), self.indexes[0]]

    @rule()
    def refresh(self):
        self.indexes[0].refresh()

    @rule()
    def remove_files(self):
        shutil.rmtree(self.folder / "index", ignore_errors=True)

    @rule(which=st.integers(0, 2), back=st.integers(1, 60), cut=st.booleans(), anew=st.booleans())
    def damage(self, which, back, cut, anew):
        if anew:
            self.remove_files()
            self.check(self.indexes[0], 1, 1)
        files = [path for path in sorted(self.folder.glob("index/*")) if path.stat().st_size >= back]
        if files:
            path = files[which % len(files)]
            content = bytearray(path.read_bytes())
            content[-back] ^= 0x55
            # Processes that have the file mapped keep the old one.
            path.unlink()
            path.write_bytes(content[:-back] if cut else content)
            self.reopen()

    @rule(query=st.sampled_from([0, 1, 5, 10, 12, 50]), count=st.integers(0, 6))
    def search_now_and_then(self, query, count):
        self.check(self.indexes[1], query, count)

    @rule(query=st.sampled_from([0, 5, 10, 50]), count=st.integers(0, 6), allowed=st.sets(st.integers(0, 5)))
    def search_among_some(self, query, count, allowed):
        for index in self.indexes:
            self.check(index, query, count, allowed)

    @rule(path=PATHS, content=st.integers(0, 5), query=st.sampled_from([0, 5, 10]), allowed=st.sets(st.integers(0, 5)))
    def search_while_a_photo_changes(self, path, content, query, allowed):
        for index in self.indexes:
            held = dict(self.held)
            with index.read() as snapshot:
                self.put(path, content)
                index.refresh()
                self.check_snapshot(snapshot, query, 6, held)
                self.check_snapshot(snapshot, query, 6, held, allowed)
            self.remove(path)

    @invariant()
    def every_answer_equals_brute_force(self):
        self.check(self.indexes[0], 5, 3)
        self.check(self.indexes[0], 11, 10)

    @invariant()
    def counts_agree(self):
        with self.catalog.read() as t:
            assert t.photos.count() == t.embeddings.count(self.photographer.space.id) == len(set(self.held.values()))

    def check(self, index, query, count, allowed=None):
        with index.read() as snapshot:
            self.check_snapshot(snapshot, query, count, self.held, allowed)

    def check_snapshot(self, snapshot, query, count, held, allowed=None):
        """*held* is the content of each path then. *allowed* are contents; some may be unknown or have no file."""
        among = None
        contents = sorted(set(held.values()))
        if allowed is not None:
            known = [self.id_of(snapshot.t, content) for content in allowed]
            among = np.array(sorted({*(photo_id for photo_id in known if photo_id is not None), 1000}), np.int64)
            contents = [content for content in contents if content in allowed]
        rows = [unit(self.seeds[content]) for content in contents]
        matrix = np.array(rows, np.float16).astype(np.float32).reshape(len(rows), 8)
        ids = [self.id_of(snapshot.t, content) for content in contents]
        assert_same_but_for_ties(snapshot.search(unit(query), count, among), ids, matrix, unit(query), count)

    @staticmethod
    def id_of(t, content):
        return t.photos.find(content.to_bytes(32, "big"))


def test_filters_of_any_share_find_their_nearest_photos(photographer, index):
    put_many(photographer, range(3000))
    index.refresh()
    photographer.remove(b"3")
    photographer.put(b"new", 3000)
    with photographer.catalog.read() as t:
        everything = [*t.embeddings.uncached.scan(photographer.space.id)]
    ids = np.concatenate([page.ids for page in everything])
    matrix = np.concatenate([page.matrix for page in everything])
    for share in (0.001, 0.02, 0.5, 0.9, 1):
        allowed = np.random.default_rng(1).random(len(ids)) < share
        for count in (1, 10, 5000):
            found = search(index, unit(7), count, ids[allowed])
            assert_same_but_for_ties(found, ids[allowed], matrix[allowed], unit(7), count)


def test_equally_near_photos_are_ordered_by_id(catalog, photographer, index):
    put_many(photographer, [number % 7 for number in range(900)])
    index.refresh()
    for number in range(900, 950):
        photographer.put(b"%d" % number, number)
    with catalog.write() as t:
        for photo_id in (3, 500, 940):
            t.embeddings.put(photographer.space.id, photo_id, unit(photo_id % 7))
    for seed in range(100, 110):
        everything = search(index, unit(seed), 950)
        order = np.lexsort((everything.photo_ids, -everything.cosines))
        np.testing.assert_array_equal(order, np.arange(950))
        for count in (1, 10, 99, 100, 150, 400):
            found = search(index, unit(seed), count)
            np.testing.assert_array_equal(found.photo_ids, everything.photo_ids[:count])
            np.testing.assert_array_equal(found.cosines, everything.cosines[:count])


class FaissMachine(IndexMachine):
    @staticmethod
    def make(folder, catalog, space):
        # Few newer rows, so that there are files of several generations.
        return FaissIndex(folder / "index", catalog, space, newer_rows=3)


class ExactMachine(IndexMachine):
    make = staticmethod(IMPLEMENTATIONS["exact"])


TestFaissMachine, TestExactMachine = FaissMachine.TestCase, ExactMachine.TestCase
TestFaissMachine.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestExactMachine.settings = settings(
    max_examples=5, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
