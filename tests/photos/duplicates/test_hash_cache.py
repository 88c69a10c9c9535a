"""The cache of perceptual hashes: no picture is decoded twice."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photos.config import load
from photos.duplicates.near_pairs import SimilarPairs
from photos.duplicates.perceptual_hash import HASH_VERSION, HashCache, PackedHashes, PerceptualHash, hash_file
from photos.library import OpenLibrary
from photos.operations.duplicates import DuplicatesRequest, find_duplicates
from query.similarity import NearPairs
from store import Catalog, Facts, StoredHashes
from tests.photos.conftest import read_here
from tests.photos.duplicates.test_perceptual_hash import are_similar, distance, textured
from tests.pictures import encoded
from tests.store.sqlite import empty_catalog


class CountingHasher:
    """Hashes files and lists their paths."""

    def __init__(self):
        self.paths = []

    def __call__(self, path, turn):
        self.paths.append(path)
        return hash_file(path, turn)


@pytest.fixture
def hasher():
    return CountingHasher()


@pytest.fixture
def shots(tmp_path):
    """A group of three near-duplicates, one of them with an exact copy, two groups of two, and two single pictures."""
    folder = tmp_path / "shots"
    folder.mkdir()
    for seed, qualities in {0: (95, 60, 30), 1: (90, 50), 2: (80, 40), 3: (90,)}.items():
        for quality in qualities:
            (folder / f"{seed} {quality}.jpg").write_bytes(encoded(textured(seed), quality=quality))
    (folder / "3 mirrored.jpg").write_bytes(encoded(textured(3).transpose(0), quality=90))
    shutil.copy(folder / "0 60.jpg", folder / "0 again.jpg")
    return folder


@pytest.fixture
def library(photos, shots, checkpoint, vocabulary):
    photos.make_catalog()
    photos("vocab", "use", vocabulary)
    assert photos("add", shots, "--model", checkpoint).status == 0
    with OpenLibrary(load({"library": photos.library}, {}), photos.encoders, read_here) as opened:
        yield opened


def found(library, hasher, **options):
    request = DuplicatesRequest(**options)
    return find_duplicates(library, request, hashes=HashCache(library.catalog, hasher)).groups


def stored(library):
    with library.catalog.read() as t:
        return t.connection.exec_driver_sql("SELECT * FROM perceptual_hash ORDER BY photo_id").all()


def test_a_second_search_decodes_nothing_and_finds_the_same(library, hasher):
    first = found(library, hasher)
    assert len(hasher.paths) == len(set(hasher.paths)) == len(stored(library)) >= 9
    assert sorted(len(group) for group in first) == [2, 2, 4]
    hasher.paths.clear()
    assert found(library, hasher) == first
    assert hasher.paths == []


@pytest.mark.parametrize(
    "options", [{"max_bits": 0}, {"max_bits": 64}, {"min_cosine": 0.5, "max_bits": 64}, {"bursts": True}]
)
def test_stored_hashes_give_the_same_groups_as_fresh_ones(library, hasher, options):
    fresh = found(library, hasher, **options)
    with library.catalog.write() as t:
        t.connection.exec_driver_sql("DELETE FROM perceptual_hash")
    found(library, hasher)
    assert found(library, hasher, **options) == fresh


def test_only_new_pictures_are_decoded(library, photos, shots, hasher):
    found(library, hasher)
    hasher.paths.clear()
    new = shots / "0 small.jpg"
    new.write_bytes(encoded(textured(0).resize((160, 120))))
    assert photos("index").status == 0
    assert sorted(len(group) for group in found(library, hasher)) == [2, 2, 5]
    assert hasher.paths == [bytes(new)]


def test_a_hash_of_another_version_is_computed_again(library, hasher):
    first = found(library, hasher)
    with library.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE perceptual_hash SET method = method - 1, bits = zeroblob(8)")
    count = len(hasher.paths)
    hasher.paths.clear()
    assert found(library, hasher) == first
    assert len(hasher.paths) == count
    assert {row.method for row in stored(library)} == {HASH_VERSION}


def test_an_unreadable_picture_is_hashed_when_it_can_be_read(library, shots, hasher):
    away = shots.parent / "away.jpg"
    (shots / "1 50.jpg").rename(away)
    before = found(library, hasher)
    count = len(stored(library))
    assert [file.is_checked for group in before for file in group].count(False) == 1
    away.rename(shots / "1 50.jpg")
    hasher.paths.clear()
    assert all(file.is_checked for group in found(library, hasher) for file in group)
    assert (len(stored(library)), hasher.paths) == (count + 1, [bytes(shots / "1 50.jpg")])


def test_a_search_does_not_wait_to_store_hashes(library, hasher):
    with library.catalog.write(), pytest.raises(StopIteration):
        # Another writer holds the catalog.
        assert len(found(library, hasher)) == 3
        raise StopIteration
    assert stored(library) == []


def test_a_rewritten_file_is_hashed_again(library, photos, shots, hasher):
    found(library, hasher)
    hasher.paths.clear()
    path = shots / "1 50.jpg"
    content = path.read_bytes()
    path.write_bytes(content[:2] + b"\xff\xfe\x00\x08hello!" + content[2:])
    assert photos("index").status == 0
    found(library, hasher)
    assert hasher.paths == [bytes(path)]


def test_pruning_a_photo_removes_its_hash(library, photos, shots, hasher):
    found(library, hasher)
    count = len(stored(library))
    (shots / "1 50.jpg").unlink()
    photos("index")
    assert len(stored(library)) == count
    assert photos("prune", "--older-than", "0", "--yes").status == 0
    assert len(stored(library)) == count - 1
    assert photos("verify").status == 0


def test_removable_files_are_decided_by_stored_hashes(library, photos, shots):
    assert len(photos("duplicates", "--others").lines) == 5
    with library.catalog.write() as t:
        # As if all pictures were blank: then only the copy of equal content is removable.
        t.connection.exec_driver_sql("UPDATE perceptual_hash SET colours = zeroblob(192)")
    assert photos("duplicates", "--others").lines == [f"{shots}/0 again.jpg"]


HASHES = st.builds(
    lambda seed, spread, level: PerceptualHash(
        np.random.default_rng(seed).random(64) < 0.5,
        np.clip(level + spread * np.random.default_rng(seed).normal(size=(8, 8, 3)), 0, 255).astype(np.uint8),
    ),
    st.integers(0, 4),
    st.sampled_from([0.0, 1.0, 3.0, 60.0]),
    st.integers(0, 255),
)


@given(st.lists(HASHES, min_size=2, max_size=12), st.integers(0, 64))
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_comparisons_do_not_depend_on_storage_or_batch(tmp_path_factory, hashes, bits):
    count = len(hashes)
    firsts, seconds = np.triu_indices(count, 1)
    fresh = PackedHashes.stack(hashes)
    with Catalog.open(empty_catalog(tmp_path_factory.mktemp("hashes") / "catalog.db")) as catalog:
        with catalog.write() as t:
            ids = [t.photos.add(bytes([number]) * 32, 1, Facts(4, 3, "JPEG")) for number in range(count)]
            t.perceptual_hashes.put(HASH_VERSION, StoredHashes(np.array(ids), fresh.bits, fresh.colours))
        pairs = NearPairs(np.array(ids)[firsts], np.array(ids)[seconds], np.ones(len(firsts), np.float32))

        def never(_path, _turn):
            raise AssertionError("it was hashed again")

        selected = SimilarPairs.select(pairs, HashCache(catalog, never).get(ids), bits)
    similar = [are_similar(hashes[one], hashes[other], bits) for one, other in zip(firsts, seconds, strict=True)]
    assert fresh.are_similar(firsts, seconds, bits).tolist() == similar
    assert [
        distance(hashes[one], hashes[other]) for one, other in zip(firsts, seconds, strict=True)
    ] == fresh.distances(firsts, seconds).tolist()
    assert np.array_equal(selected.pairs.firsts, pairs.firsts[similar])
    assert np.array_equal(selected.pairs.seconds, pairs.seconds[similar])
    assert np.array_equal(selected.distances, fresh.distances(firsts, seconds)[similar])


def test_hashes_of_unknown_photos_are_not_stored(tmp_path):
    with Catalog.open(empty_catalog(tmp_path / "catalog.db")) as catalog:
        some = PackedHashes.stack([PerceptualHash(np.ones(64, np.bool_), np.zeros((8, 8, 3), np.uint8))] * 2)
        with catalog.write() as t:
            photo_id = t.photos.add(bytes(32), 1, Facts(4, 3, "JPEG"))
            t.perceptual_hashes.put(HASH_VERSION, StoredHashes(np.array([photo_id, 99]), some.bits, some.colours))
        with catalog.read() as t:
            assert t.perceptual_hashes.of(HASH_VERSION, [99, photo_id]).photo_ids.tolist() == [photo_id]
            assert len(t.perceptual_hashes.of(HASH_VERSION + 1, [photo_id])) == 0
            assert len(t.perceptual_hashes.of(HASH_VERSION, [])) == 0
