"""Shortlists: their recall, when they are used, and the life of their codes."""

import json
import os
import shutil

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import Acceleration, Catalog, FaissIndex
from store.vectors.faiss.index_files import IndexFiles
from store.vectors.faiss.product_quantizer import Accelerator
from tests.store.conftest import Photographer, put_many, search, unit

ROWS = 1000
#: Enough candidates for every nearest row, and still a minority of the rows.
SURE = Acceleration(from_rows=500, candidates=250, one_in=4, times=4)
#: As many candidates as are asked for: some of the nearest are missing, which shows that a shortlist was used.
CARELESS = Acceleration(from_rows=500, candidates=1, one_in=10**6, times=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A library of a thousand photos, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    with Catalog.open(folder / "catalog.db") as catalog:
        put_many(Photographer(catalog), range(ROWS))
    return folder


@pytest.fixture
def many(template, tmp_path):
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    with Catalog.open(tmp_path / "catalog.db") as catalog:
        yield Photographer(catalog)


def opened(photographer, folder, acceleration=SURE, **options):
    return FaissIndex(folder / "index", photographer.catalog, photographer.space, acceleration=acceleration, **options)


def assert_same(found, expected):
    np.testing.assert_array_equal(found.photo_ids, expected.photo_ids)
    np.testing.assert_array_equal(found.cosines, expected.cosines)


def misses(index):
    """Return whether any of some answers differs from the exact one."""
    answers = [(search(index, unit(seed), 30), search(index, unit(seed), 30, exact=True)) for seed in range(5000, 5020)]
    return any(not np.array_equal(found.photo_ids, expected.photo_ids) for found, expected in answers)


def trained(folder):
    return json.loads((folder / "index" / "space-1.json").read_text()).get("attached", {}).get("trained", 0)


def codes(folder):
    return sorted((folder / "index").glob("*.codes.npy"))


def test_refresh_makes_codes_and_a_search_does_not(many, tmp_path):
    index = opened(many, tmp_path)
    search(index, unit(1), 5)
    assert (index.status().accelerated, codes(tmp_path)) == (False, [])
    assert index.refresh() is True
    assert index.status().accelerated
    assert index.refresh() is False
    assert index.verify()


def test_a_small_library_has_no_codes(many, tmp_path):
    index = opened(many, tmp_path, Acceleration(from_rows=ROWS + 1))
    index.refresh()
    assert not index.status().accelerated


def test_with_enough_candidates_the_answer_is_exact(many, tmp_path):
    index = opened(many, tmp_path)
    index.refresh()
    index.warm()
    for seed in range(2000, 2050):
        for count in (1, 10, 40):
            assert_same(search(index, unit(seed), count), search(index, unit(seed), count, exact=True))


def test_searches_are_exact_until_the_index_is_warm(many, tmp_path):
    opened(many, tmp_path, CARELESS).refresh()
    for seed in range(5000, 5020):
        once = opened(many, tmp_path, CARELESS)
        assert_same(search(once, unit(seed), 30), search(once, unit(seed), 30, exact=True))
    index = opened(many, tmp_path, CARELESS)
    assert not index.is_warm
    index.warm()
    assert index.is_warm
    assert misses(index)


def test_frequent_searches_load_the_codes(many, tmp_path):
    opened(many, tmp_path, CARELESS).refresh()
    index = opened(many, tmp_path, CARELESS)
    # They are loaded in the background.
    assert any(misses(index) for _ in range(500))


def test_shortlists_respect_filters_removals_and_newer_rows(many, tmp_path):
    index = opened(many, tmp_path)
    index.refresh()
    index.warm()
    for number in range(40):
        many.remove(b"%d" % number)
    new = [many.put(b"new %d" % number, 3000 + number) for number in range(20)]
    with many.catalog.read() as t:
        ids = t.embeddings.ids(many.space.id)
    assert set(new) < set(ids.tolist())
    random = np.random.default_rng(0)
    for share in (0.02, 0.2, 0.6, 0.95, 1):
        allowed = ids[random.random(len(ids)) < share]
        for seed in (3001, 7, 4000):
            found = search(index, unit(seed), 10, allowed)
            assert_same(found, search(index, unit(seed), 10, allowed, exact=True))
            assert set(found.photo_ids.tolist()) <= set(allowed.tolist())


def test_a_filter_without_near_photos_still_finds_the_others(many, tmp_path):
    index = opened(many, tmp_path)
    index.refresh()
    index.warm()
    everything = search(index, unit(5), ROWS, exact=True)
    far = np.sort(everything.photo_ids[-400:])
    found = search(index, unit(5), 5, far)
    np.testing.assert_array_equal(found.photo_ids, everything.photo_ids[-400:-395])
    assert_same(found, search(index, unit(5), 5, far, exact=True))


def test_a_new_generation_keeps_the_codes_of_old_rows(many, tmp_path):
    index = opened(many, tmp_path, newer_rows=5)
    index.refresh()
    (before,) = codes(tmp_path)
    for number in range(60):
        many.put(b"new %d" % number, 3000 + number)
    many.remove(b"3")
    search(index, unit(1), 1)
    (after,) = codes(tmp_path)
    assert before != after
    assert (index.status().rows, index.status().newer, trained(tmp_path)) == (ROWS + 59, 0, ROWS)
    assert np.load(after).shape == (ROWS + 59, 2)
    index.warm()
    for seed in (3001, 3050, 4, 5):
        assert_same(search(index, unit(seed), 10), search(index, unit(seed), 10, exact=True))


def test_a_doubled_library_gets_a_new_codebook(many, tmp_path):
    few = Acceleration(from_rows=300, candidates=250)
    with many.catalog.write() as t:
        t.files.forget([file.id for file in t.files.known(many.folder.id) if int(file.path) >= 400])
    index = opened(many, tmp_path, few, newer_rows=5)
    index.refresh()
    assert trained(tmp_path) == 400
    put_many(many, range(ROWS))
    search(index, unit(1), 1)
    index.refresh()
    assert (index.status().rows, trained(tmp_path)) == (ROWS, 400)
    many.put(b"new", 3000)
    for number in range(60):
        many.remove(b"%d" % number)
    search(index, unit(1), 1)
    assert (trained(tmp_path), index.status().accelerated) == (0, False)
    index.refresh()
    assert trained(tmp_path) == ROWS - 59


@pytest.mark.parametrize("damage", ["gone", "cut", "flipped"])
@pytest.mark.parametrize("suffix", [".codes.npy", ".book.npy"])
def test_damaged_codes_only_cost_speed_and_are_replaced(many, tmp_path, damage, suffix):
    opened(many, tmp_path).refresh()
    (path,) = (tmp_path / "index").glob(f"*{suffix}")
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        flipped = content[:-3] + bytes([content[-3] ^ 255]) + content[-2:]
        path.write_bytes(content[:-9] if damage == "cut" else flipped)
    index = opened(many, tmp_path, CARELESS)
    index.warm()
    assert not misses(index)
    assert index.refresh() is True
    index.warm()
    assert misses(index)
    assert index.verify()


def test_a_damaged_row_is_not_copied_to_the_next_generation(many, tmp_path):
    index = opened(many, tmp_path, newer_rows=5)
    index.refresh()
    path = next((tmp_path / "index").glob("*.faiss"))
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-3] ^= 0x55
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    for number in range(60):
        many.put(b"new %d" % number, 3000 + number)
    found = search(index, unit(ROWS - 1), 1)
    assert found.cosines[0] == pytest.approx(1, abs=1e-3)
    assert index.status().newer == 0


def test_faiss_can_read_the_file_of_rows(many, tmp_path):
    opened(many, tmp_path).refresh()
    index = faiss.read_index(str(next((tmp_path / "index").glob("*.faiss"))))
    assert (index.ntotal, index.d) == (ROWS, 8)
    np.testing.assert_allclose(index.reconstruct(ROWS - 1), unit(ROWS - 1), atol=1e-3)


def test_a_full_disk_only_costs_the_codes(many, tmp_path, files_that_may_not_grow):
    index = opened(many, tmp_path)
    search(index, unit(1), 1)
    names = sorted(os.listdir(tmp_path / "index"))
    with files_that_may_not_grow():
        assert index.refresh() is False
    assert sorted(os.listdir(tmp_path / "index")) == names
    assert len(search(index, unit(1), 10).photo_ids) == 10


def test_codes_made_twice_at_once_are_those_of_the_first(many, tmp_path):
    index = opened(many, tmp_path)
    search(index, unit(1), 1)
    files = IndexFiles(tmp_path / "index", many.space)
    rows, other = files.open(), Accelerator(files, SURE)
    assert index.refresh() is True
    assert other.make(rows) is None
    assert (index.status().accelerated, index.verify(), len(codes(tmp_path))) == (True, True, 1)


STEP = st.one_of(
    st.tuples(st.just("put"), st.integers(0, ROWS + 50)),
    st.tuples(st.just("remove"), st.integers(0, ROWS - 1)),
    st.tuples(st.just("remove many"), st.integers(0, ROWS - 1)),
    st.tuples(st.just("embed anew"), st.integers(0, ROWS - 1)),
    st.tuples(st.sampled_from(["refresh", "reopen", "warm"]), st.just(0)),
)


def apply(step, number, index, photographer, folder):
    if step == "put":
        photographer.put(b"%d" % number, number)
    elif step == "remove":
        photographer.remove(b"%d" % number)
    elif step == "remove many":
        with photographer.catalog.write() as t:
            known = sorted(file.id for file in t.files.known(photographer.folder.id))
            t.files.forget(known[number : number + 70])
    elif step == "embed anew":
        with photographer.catalog.write() as t:
            t.embeddings.put(photographer.space.id, t.photos.find(number.to_bytes(32, "big")), unit(number + 9000))
    elif step == "reopen":
        return opened(photographer, folder, newer_rows=20)
    else:
        getattr(index, step)()
    return index


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(STEP, max_size=12),
    query=st.integers(0, ROWS + 2000),
    count=st.integers(1, 40),
    share=st.sampled_from([0.01, 0.1, 0.5, 0.9, 1]),
)
def test_answers_equal_brute_force_after_any_changes(template, tmp_path_factory, steps, query, count, share):
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with Catalog.open(folder / "catalog.db") as catalog:
        photographer = Photographer(catalog)
        index = opened(photographer, folder, newer_rows=20)
        index.refresh()
        index.warm()
        for step, number in steps:
            index = apply(step, number, index, photographer, folder)
            with catalog.read() as t:
                pages = list(t.embeddings.uncached.scan(photographer.space.id))
            ids, matrix = np.concatenate([p.ids for p in pages]), np.concatenate([p.matrix for p in pages])
            cosines = (matrix.astype(np.float64) * unit(query).astype(np.float64)).sum(axis=1).astype(np.float32)
            allowed = np.random.default_rng(count).random(len(ids)) < share
            for among, mask in ((None, np.ones(len(ids), np.bool_)), (ids[allowed], allowed)):
                order = np.lexsort((ids[mask], -cosines[mask]))[:count]
                found = search(index, unit(query), count, among)
                np.testing.assert_array_equal(found.photo_ids, ids[mask][order])
                np.testing.assert_array_equal(found.cosines, cosines[mask][order])
    shutil.rmtree(folder)
