"""The index answers as brute force over the catalog does, whatever happened to its files."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from store import BadVector, Catalog, VectorIndex

from .conftest import Photographer, unit


def same_up_to_ties(found, ids, matrix, query, count):
    """Whether *found* is a right answer: the same cosines in the same order, and each id's own cosine."""
    cosines = {int(photo_id): float(np.float32(row @ query)) for photo_id, row in zip(ids, matrix, strict=True)}
    expected = sorted(cosines.values(), reverse=True)[:count]
    np.testing.assert_allclose(found.cosines, expected, atol=2e-6)
    assert len(set(found.photo_ids.tolist())) == len(expected)
    np.testing.assert_allclose([cosines[int(photo_id)] for photo_id in found.photo_ids], found.cosines, atol=2e-6)


@pytest.fixture
def index(photographer, tmp_path):
    return VectorIndex(tmp_path / "index", photographer.catalog, photographer.space)


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


def test_one_newer_row_is_not_worth_a_new_file_and_many_are(photographer, index):
    for number in range(30):
        photographer.put(b"%d" % number, number)
    index.search(unit(1), 1)
    photographer.put(b"one more", 100)
    assert index.refresh() is False
    with photographer.catalog.write() as t:
        for number in range(200, 1300):
            photo_id = t.photos.add(number.to_bytes(32, "big"), 1, t.photos.get([1])[0].facts)
            t.embeddings.put(photographer.space.id, photo_id, unit(number))
            t.files.indexed(
                photographer.folder.id, b"%d" % number, next(t.files.known(photographer.folder.id)).stamp, photo_id
            )
    assert index.refresh() is True
    assert index.status().newer == 0
    assert index.status().rows == 1131


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
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
        path.write_bytes({"cut": content[:middle], "flipped": flipped, "empty": b""}[damage])
    fresh = VectorIndex(tmp_path / "index", photographer.catalog, photographer.space)
    with photographer.catalog.read() as t:
        everything = next(t.embeddings.scan(photographer.space.id))
    same_up_to_ties(fresh.search(unit(7), 10), everything.ids, everything.matrix, unit(7), 10)
    assert fresh.status().valid


def test_a_copied_library_is_checked_once_and_used(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    index.search(unit(1), 1)
    shutil.copytree(tmp_path / "index", tmp_path / "copy")
    names = sorted(os.listdir(tmp_path / "copy"))
    copied = VectorIndex(tmp_path / "copy", photographer.catalog, photographer.space)
    assert len(copied.search(unit(1), 1).photo_ids) == 1
    assert sorted(os.listdir(tmp_path / "copy")) == names


def test_files_of_another_space_are_not_used(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    index.search(unit(1), 1)
    manifest = tmp_path / "index" / "space-1.json"
    content = json.loads(manifest.read_text())
    content["space"][1] = "other weights"
    manifest.write_text(json.dumps(content))
    assert VectorIndex(tmp_path / "index", photographer.catalog, photographer.space).status().valid is False


def test_a_folder_that_cannot_be_written_still_answers(photographer, tmp_path):
    photographer.put(b"a", 1)
    (tmp_path / "file").write_text("in the way")
    index = VectorIndex(tmp_path / "file" / "index", photographer.catalog, photographer.space)
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
        found = VectorIndex(tmp_path / "index", restored, photographer.space).search(unit(2), 5)
    assert len(found.photo_ids) == 1


@pytest.mark.parametrize("vector", [np.ones(3, np.float32), np.full(8, np.inf, np.float32)])
def test_a_wrong_query_vector_is_refused(index, vector):
    with pytest.raises(BadVector):
        index.search(vector, 1)


class IndexMachine(RuleBasedStateMachine):
    """Any sequence of adds, changes, removals, returns, reopenings and damage."""

    contents = Bundle("contents")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.catalog = Catalog.open(self.folder / "catalog.db")
        self.photographer = Photographer(self.catalog)
        self.held = {}

    def teardown(self):
        self.catalog.close()
        shutil.rmtree(self.folder)

    @initialize()
    def start(self):
        self.reopen()

    @rule(path=st.sampled_from([b"a", b"b", b"c", b"d"]), content=st.integers(0, 5))
    def put(self, path, content):
        self.photographer.put(path, content)
        self.held[path] = content

    @rule(path=st.sampled_from([b"a", b"b", b"c", b"d"]))
    def remove(self, path):
        self.photographer.remove(path)
        self.held.pop(path, None)

    @rule()
    def reopen(self):
        self.index = VectorIndex(self.folder / "index", self.catalog, self.photographer.space)

    @rule()
    def rebuild(self):
        shutil.rmtree(self.folder / "index", ignore_errors=True)
        self.reopen()

    @rule(which=st.integers(0, 10), at=st.floats(0, 1))
    def damage(self, which, at):
        files = sorted(self.folder.glob("index/*"))
        if files:
            path = files[which % len(files)]
            content = bytearray(path.read_bytes())
            content[int(at * (len(content) - 1))] ^= 0x55
            path.unlink()
            path.write_bytes(content)
            self.reopen()

    @rule(query=st.integers(0, 8), count=st.integers(1, 6))
    def search(self, query, count):
        numbers = sorted(set(self.held.values()))
        matrix = np.array([unit(number) for number in numbers], np.float16).astype(np.float32).reshape(len(numbers), 8)
        with self.catalog.read() as t:
            ids = [t.photos.find(number.to_bytes(32, "big")) for number in numbers]
        found = self.index.search(unit(query), count)
        same_up_to_ties(found, ids, matrix, unit(query), count)

    @invariant()
    def counts_agree(self):
        with self.catalog.read() as t:
            assert t.photos.count() == t.embeddings.count(self.photographer.space.id) == len(set(self.held.values()))


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
