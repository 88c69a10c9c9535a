"""The index answers as brute force over the catalog does, whatever happened to its files."""

import json
import os
import shutil
import threading

import numpy as np
import pytest

from store import FaissIndex
from tests.store.conftest import search, unit

pytestmark = pytest.mark.sqlite("a server keeps its index itself")


def assert_same_but_for_ties(found, ids, matrix, query, count):
    """The cosines are those of brute force, in the same order, and each is its photo's."""
    cosines = {int(photo_id): float(np.float32(row @ query)) for photo_id, row in zip(ids, matrix, strict=True)}
    expected = sorted(cosines.values(), reverse=True)[:count]
    np.testing.assert_allclose(found.cosines, expected, atol=2e-6)
    assert len(set(found.photo_ids.tolist())) == len(expected)
    np.testing.assert_allclose([cosines[int(photo_id)] for photo_id in found.photo_ids], found.cosines, atol=2e-6)


@pytest.fixture
def index(photographer, tmp_path):
    return FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)


def test_a_new_file_is_made_for_many_newer_rows_only(photographer, tmp_path):
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


def test_a_search_makes_a_new_file_for_many_newer_rows(photographer, tmp_path):
    index = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space, newer_rows=5)
    search(index, unit(1), 1)
    for number in range(5):
        photographer.put(b"%d" % number, number)
    assert len(search(index, unit(1), 10).photo_ids) == 5
    assert index.status().newer == 0


def test_the_file_is_memory_mapped(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    search(index, unit(1), 1)
    with open("/proc/self/maps") as maps:
        assert "index/space-1-" in maps.read()


@pytest.mark.parametrize("suffix", [".faiss", ".npy", ".json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "empty"])
def test_a_search_replaces_a_damaged_file(photographer, index, tmp_path, suffix, damage):
    for number in range(40):
        photographer.put(b"%d" % number, number)
    search(index, unit(1), 1)
    path = next((tmp_path / "index").glob(f"*{suffix}"))
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        flipped = content[:-3] + bytes([content[-3] ^ 255]) + content[-2:]
        path.write_bytes({"cut": content[: len(content) // 2], "flipped": flipped, "empty": b""}[damage])
    fresh = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)
    with photographer.catalog.read() as t:
        everything = next(t.embeddings.scan(photographer.space.id))
    assert_same_but_for_ties(search(fresh, unit(7), 40), everything.ids, everything.matrix, unit(7), 40)
    assert fresh.status().valid


def test_copied_files_are_used(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    search(index, unit(1), 1)
    shutil.copytree(tmp_path / "index", tmp_path / "copy")
    names = sorted(os.listdir(tmp_path / "copy"))
    copied = FaissIndex(tmp_path / "copy", photographer.catalog, photographer.space)
    assert len(search(copied, unit(1), 1).photo_ids) == 1
    assert sorted(os.listdir(tmp_path / "copy")) == names


def test_files_of_another_space_are_not_used(photographer, index, tmp_path):
    photographer.put(b"a", 1)
    search(index, unit(1), 1)
    manifest = tmp_path / "index" / "space-1.json"
    content = json.loads(manifest.read_text())
    content["space"][1] = "other weights"
    manifest.write_text(json.dumps(content))
    assert FaissIndex(tmp_path / "index", photographer.catalog, photographer.space).status().valid is False


def test_searches_work_in_a_read_only_folder(photographer, tmp_path):
    photographer.put(b"a", 1)
    (tmp_path / "file").write_text("in the way")
    index = FaissIndex(tmp_path / "file" / "index", photographer.catalog, photographer.space)
    assert len(search(index, unit(1), 5).photo_ids) == 1
    photographer.put(b"b", 2)
    assert len(search(index, unit(1), 5).photo_ids) == 2


def test_searches_work_on_a_full_disk_with_an_old_file(photographer, tmp_path, files_that_may_not_grow):
    folder = tmp_path / "index"
    photographer.put(b"a", 1)
    search(FaissIndex(folder, photographer.catalog, photographer.space), unit(1), 1)
    manifest = (folder / "space-1.json").read_bytes()
    index = FaissIndex(folder, photographer.catalog, photographer.space, newer_rows=2)
    for number in range(2, 6):
        photographer.put(b"%d" % number, number)
    for _ in range(2):
        with files_that_may_not_grow():
            assert len(search(index, unit(1), 10).photo_ids) == 5
    photographer.put(b"6", 6)
    with files_that_may_not_grow():
        assert len(search(index, unit(1), 10).photo_ids) == 6
    assert (folder / "space-1.json").read_bytes() == manifest
    assert len(list(folder.iterdir())) == 3


def test_verify_finds_damage_that_keeps_size_and_times(photographer, index, tmp_path):
    for number in range(20):
        photographer.put(b"%d" % number, number)
    assert index.verify() is False
    search(index, unit(1), 1)
    assert index.verify() is True
    path = next((tmp_path / "index").glob("*.faiss"))
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-3] ^= 0x55
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert index.verify() is False
    assert search(index, unit(3), 1).cosines[0] == pytest.approx(1, abs=1e-3)
    assert index.verify() is True


def test_leftovers_of_a_killed_process_are_removed(photographer, index, tmp_path):
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("space-1-7-abcd.faiss", "space-1.abcd.tmp", "space-10-7-abcd.faiss", "mine.txt"):
        (folder / name).write_text("left")
    photographer.put(b"a", 1)
    search(index, unit(1), 1)
    names = {path.name for path in folder.iterdir()}
    assert {"space-10-7-abcd.faiss", "mine.txt", "space-1.json"} < names
    assert not {"space-1-7-abcd.faiss", "space-1.abcd.tmp"} & names
    assert len(names) == 5


def test_several_threads_may_make_the_file_at_once(photographer, tmp_path):
    for number in range(20):
        photographer.put(b"%d" % number, number)
    start, found = threading.Barrier(6), []

    def search_at_once():
        index = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)
        start.wait()
        found.extend(search(index, unit(number), 1).cosines[0] for number in range(5))

    threads = [threading.Thread(target=search_at_once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(found, np.ones(30), atol=1e-3)
    fresh = FaissIndex(tmp_path / "index", photographer.catalog, photographer.space)
    search(fresh, unit(1), 1)
    assert fresh.verify()
