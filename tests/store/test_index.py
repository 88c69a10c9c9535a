"""The index answers as brute force over the catalog does, whatever happened to its files."""

import json
import os
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

from store import BadVector, Catalog, FaissIndex, Outcome

from .conftest import Photographer, put_many, stamp, unit


def same_up_to_ties(found, ids, matrix, query, count):
    """Whether *found* is a right answer: the same cosines in the same order, and each id's own cosine."""
    cosines = {int(photo_id): float(np.float32(row @ query)) for photo_id, row in zip(ids, matrix, strict=True)}
    expected = sorted(cosines.values(), reverse=True)[:count]
    np.testing.assert_allclose(found.cosines, expected, atol=2e-6)
    assert len(set(found.photo_ids.tolist())) == len(expected)
    np.testing.assert_allclose([cosines[int(photo_id)] for photo_id in found.photo_ids], found.cosines, atol=2e-6)


@pytest.fixture
def index(photographer, tmp_path):
    return FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)


def test_an_empty_library_finds_nothing(index):
    found = index.search(unit(1), 5)
    assert (len(found.photo_ids), len(found.cosines)) == (0, 0)


def test_the_nearest_come_first_and_there_may_be_fewer_than_asked(photographer, index):
    ids = {photographer.put(b"%d" % number, number): number for number in range(20)}
    for count in (1, 5, 20, 100):
        found = index.search(unit(3), count)
        assert len(found.photo_ids) == min(count, 20)
        assert ids[int(found.photo_ids[0])] == 3
        assert found.cosines[0] == pytest.approx(1, abs=1e-3)


def test_a_photo_is_found_as_soon_as_it_is_committed_and_no_longer_when_its_file_is_gone(photographer, index):
    photographer.put(b"a", 1)
    index.search(unit(1), 1)
    second = photographer.put(b"b", 2)
    assert index.status().newer == 1
    assert second in index.search(unit(2), 2).photo_ids
    photographer.remove(b"b")
    assert second not in index.search(unit(2), 2).photo_ids
    assert photographer.put(b"c", 2) == second
    assert second in index.search(unit(2), 2).photo_ids


def test_a_write_that_is_rolled_back_never_reaches_the_index(photographer, index):
    photographer.put(b"a", 1)
    index.search(unit(1), 1)
    with pytest.raises(RuntimeError), photographer.catalog.write() as t:
        t.embeddings.put(photographer.space.id, 1, unit(9))
        raise RuntimeError
    assert index.search(unit(1), 1).cosines[0] == pytest.approx(1, abs=1e-3)


def test_a_new_embedding_of_the_same_photo_replaces_the_old_row(photographer, index):
    photo_id = photographer.put(b"a", 1)
    index.search(unit(1), 1)
    with photographer.catalog.write() as t:
        t.embeddings.put(photographer.space.id, photo_id, unit(9))
    found = index.search(unit(9), 5)
    assert found.photo_ids.tolist() == [photo_id]
    assert found.cosines[0] == pytest.approx(1, abs=1e-3)


def test_one_newer_row_is_not_worth_a_new_file_and_many_are(photographer, tmp_path):
    index = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space, newer_rows=5)
    for number in range(30):
        photographer.put(b"%d" % number, number)
    assert index.refresh() is True
    photographer.put(b"one more", 100)
    assert index.refresh() is False
    assert (index.status().rows, index.status().newer) == (30, 1)
    for number in range(200, 204):
        photographer.put(b"%d" % number, number)
    assert index.refresh() is True
    assert (index.status().rows, index.status().newer) == (35, 0)


def test_a_search_does_not_carry_many_newer_rows_along(photographer, tmp_path):
    index = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space, newer_rows=5)
    index.search(unit(1), 1)
    for number in range(5):
        photographer.put(b"%d" % number, number)
    assert len(index.search(unit(1), 10).photo_ids) == 5
    assert index.status().newer == 0


def test_the_file_is_mapped_and_not_read(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    index.search(unit(1), 1)
    with open("/proc/self/maps") as maps:
        assert "index/space-1-" in maps.read()


@pytest.mark.parametrize("suffix", [".faiss", ".npy", ".json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "empty"])
def test_a_damaged_file_is_made_anew_without_being_asked(photographer, index, tmp_path, suffix, damage):
    for number in range(40):
        photographer.put(b"%d" % number, number)
    index.search(unit(1), 1)
    path = next((tmp_path / "index").glob(f"*{suffix}"))
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        flipped = content[:-3] + bytes([content[-3] ^ 255]) + content[-2:]
        path.write_bytes({"cut": content[: len(content) // 2], "flipped": flipped, "empty": b""}[damage])
    fresh = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)
    with photographer.catalog.read() as t:
        everything = next(t.embeddings.scan(photographer.space.id))
    same_up_to_ties(fresh.search(unit(7), 40), everything.ids, everything.matrix, unit(7), 40)
    assert fresh.status().valid


def test_a_copied_library_is_checked_once_and_used(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    index.search(unit(1), 1)
    shutil.copytree(tmp_path / "index", tmp_path / "copy")
    names = sorted(os.listdir(tmp_path / "copy"))
    copied = FaissIndex(tmp_path / "copy", photographer.catalog, photographer.space)
    assert len(copied.search(unit(1), 1).photo_ids) == 1
    assert sorted(os.listdir(tmp_path / "copy")) == names


def test_files_of_another_space_are_not_used(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    index.search(unit(1), 1)
    manifest = tmp_path / "index" / "space-1.json"
    content = json.loads(manifest.read_text())
    content["space"][1] = "other weights"
    manifest.write_text(json.dumps(content))
    assert FaissIndex(tmp_path / "index", photographer.catalog, photographer.space).status().valid is False


def test_a_folder_that_cannot_be_written_still_answers(photographer, tmp_path):
    photographer.put(b"a", 1)
    (tmp_path / "file").write_text("in the way")
    index = FaissIndex(tmp_path / "file" / "index", photographer.catalog, photographer.space)
    assert len(index.search(unit(1), 5).photo_ids) == 1
    photographer.put(b"b", 2)
    assert len(index.search(unit(1), 5).photo_ids) == 2


def test_a_catalog_that_was_restored_from_an_older_copy_is_followed(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    photographer.catalog.close()
    shutil.copy(tmp_path / "catalog.db", tmp_path / "old.db")
    photographer.put(b"b", 2)
    index.search(unit(1), 1)
    photographer.catalog.close()
    with Catalog.open(tmp_path / "old.db") as restored:
        found = FaissIndex(tmp_path / "index", restored, photographer.space).search(unit(2), 5)
    assert len(found.photo_ids) == 1


def test_a_catalog_that_was_set_back_and_went_on_otherwise_is_followed(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    photographer.catalog.close()
    shutil.copy(tmp_path / "catalog.db", tmp_path / "old.db")
    photographer.put(b"b", 2)
    index.search(unit(1), 1)
    with Catalog.open(tmp_path / "old.db") as restored:
        # As many changes, about photos with the same ids.
        other = Photographer(restored)
        third = other.put(b"b", 3)
        found = FaissIndex(tmp_path / "index", restored, photographer.space).search(unit(3), 1)
    assert found.photo_ids.tolist() == [third]
    assert found.cosines[0] == pytest.approx(1, abs=1e-3)


def test_a_file_that_lacks_much_in_a_folder_that_cannot_be_written_still_answers(
    photographer, tmp_path, files_that_may_not_grow
):
    folder = tmp_path / "index"
    photographer.put(b"a", 1)
    FaissIndex(folder, photographer.catalog, photographer.space).search(unit(1), 1)
    manifest = (folder / "space-1.json").read_bytes()
    index = FaissIndex(folder, photographer.catalog, photographer.space, newer_rows=2)
    for number in range(2, 6):
        photographer.put(b"%d" % number, number)
    for _ in range(2):
        with files_that_may_not_grow():
            assert len(index.search(unit(1), 10).photo_ids) == 5
    photographer.put(b"6", 6)
    with files_that_may_not_grow():
        assert len(index.search(unit(1), 10).photo_ids) == 6
    assert (folder / "space-1.json").read_bytes() == manifest
    assert len(list(folder.iterdir())) == 3


def test_damage_that_leaves_size_and_times_is_found_when_asked(photographer, index, tmp_path):
    for number in range(20):
        photographer.put(b"%d" % number, number)
    assert index.verify() is False
    index.search(unit(1), 1)
    assert index.verify() is True
    path = next((tmp_path / "index").glob("*.faiss"))
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-3] ^= 0x55
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert index.verify() is False
    assert index.search(unit(3), 1).cosines[0] == pytest.approx(1, abs=1e-3)
    assert index.verify() is True


def test_what_a_killed_process_left_is_cleared_away(photographer, index, tmp_path):
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("space-1-7-abcd.faiss", "space-1.abcd.tmp", "space-10-7-abcd.faiss", "mine.txt"):
        (folder / name).write_text("left")
    photographer.put(b"a", 1)
    index.search(unit(1), 1)
    names = {path.name for path in folder.iterdir()}
    assert {"space-10-7-abcd.faiss", "mine.txt", "space-1.json"} < names
    assert not {"space-1-7-abcd.faiss", "space-1.abcd.tmp"} & names
    assert len(names) == 5


def test_several_may_make_the_file_at_once(photographer, tmp_path):
    for number in range(20):
        photographer.put(b"%d" % number, number)
    start, found = threading.Barrier(6), []

    def search():
        index = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)
        start.wait()
        found.extend(index.search(unit(number), 1).cosines[0] for number in range(5))

    threads = [threading.Thread(target=search) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(found, np.ones(30), atol=1e-3)
    fresh = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)
    fresh.search(unit(1), 1)
    assert fresh.verify()


def test_only_photos_that_are_asked_for_are_found_be_they_in_the_file_or_newer(photographer, index):
    ids = [photographer.put(b"%d" % number, number) for number in range(20)]
    index.refresh()
    ids += [photographer.put(b"%d" % number, number) for number in range(20, 25)]
    photographer.remove(b"5")
    among = np.array(sorted([ids[2], ids[5], ids[9], ids[21], 12345]), np.int64)
    found = index.search(unit(21), 10, among)
    assert set(found.photo_ids.tolist()) == {ids[2], ids[9], ids[21]}
    assert found.photo_ids[0] == ids[21]
    assert len(index.search(unit(21), 2, among).photo_ids) == 2
    assert len(index.search(unit(21), 10, np.empty(0, np.int64)).photo_ids) == 0
    assert len(index.search(unit(21), 30).photo_ids) == 24


@pytest.mark.parametrize("vector", [np.ones(3, np.float32), np.full(8, np.inf, np.float32)])
def test_a_wrong_query_vector_is_refused(index, vector):
    with pytest.raises(BadVector):
        index.search(vector, 1)


PATHS = st.sampled_from([b"a", b"b", b"c", b"d"])


class IndexMachine(RuleBasedStateMachine):
    """Any sequence of adds, changes, removals, returns, failures, reopenings and damage.

    `held` is what each path holds, and `seeds` makes each content's embedding: the truth that answers are held to.
    """

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.catalog = Catalog.open(self.folder / "catalog.db")
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
        # Few newer rows, so that files of several generations come about.
        return FaissIndex(self.folder / "index", self.catalog, self.photographer.space, newer_rows=3)

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
            # Those who have the file mapped keep the old one.
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

    @invariant()
    def every_answer_is_that_of_brute_force(self):
        self.check(self.indexes[0], 5, 3)
        self.check(self.indexes[0], 11, 10)

    @invariant()
    def counts_agree(self):
        with self.catalog.read() as t:
            assert t.photos.count() == t.embeddings.count(self.photographer.space.id) == len(set(self.held.values()))

    def check(self, index, query, count, allowed=None):
        """*allowed* are contents, of which some may be unknown, and some have no file."""
        among = None
        contents = sorted(set(self.held.values()))
        if allowed is not None:
            with self.catalog.read() as t:
                known = [self.id_of(t, content) for content in allowed]
            among = np.array(sorted({*(photo_id for photo_id in known if photo_id is not None), 1000}), np.int64)
            contents = [content for content in contents if content in allowed]
        rows = [unit(self.seeds[content]) for content in contents]
        matrix = np.array(rows, np.float16).astype(np.float32).reshape(len(rows), 8)
        with self.catalog.read() as t:
            ids = [self.id_of(t, content) for content in contents]
        same_up_to_ties(index.search(unit(query), count, among), ids, matrix, unit(query), count)

    @staticmethod
    def id_of(t, content):
        return t.photos.find(content.to_bytes(32, "big"))


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_whatever_share_of_the_photos_is_asked_for_the_nearest_of_them_are_found(photographer, tmp_path):
    index = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)
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
            found = index.search(unit(7), count, ids[allowed])
            same_up_to_ties(found, ids[allowed], matrix[allowed], unit(7), count)


def test_rows_that_are_equally_near_come_by_their_ids_wherever_they_lie(catalog, tmp_path):
    photographer = Photographer(catalog)
    index = FaissIndex(tmp_path / "index", catalog, photographer.space, newer_rows=1000)
    put_many(photographer, [number % 7 for number in range(900)])
    index.refresh()
    for number in range(900, 950):
        photographer.put(b"%d" % number, number)
    with catalog.write() as t:
        for photo_id in (3, 500, 940):
            t.embeddings.put(photographer.space.id, photo_id, unit(photo_id % 7))
    for seed in range(100, 110):
        everything = index.search(unit(seed), 950)
        order = np.lexsort((everything.photo_ids, -everything.cosines))
        np.testing.assert_array_equal(order, np.arange(950))
        for count in (1, 10, 99, 100, 150, 400):
            found = index.search(unit(seed), count)
            np.testing.assert_array_equal(found.photo_ids, everything.photo_ids[:count])
            np.testing.assert_array_equal(found.cosines, everything.cosines[:count])
