"""What photos look like is kept, and no picture is decoded twice for it."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photos.config import load
from photos.duplicates.groups import Search, find_duplicates
from photos.duplicates.hashes import KnownLooks
from photos.duplicates.pairs import Joints
from photos.duplicates.phash import METHOD, Look, joined, look_at
from photos.library import OpenLibrary
from query.search.near_pairs import NearPairs
from store import Catalog, Facts, PerceptualHash
from tests.pictures import encoded

from .conftest import read_here
from .test_likeness import textured


class CountingLooker:
    """Sees what there is to be seen, and counts how often it looked at each path."""

    def __init__(self):
        self.paths = []

    def __call__(self, path, turn):
        self.paths.append(path)
        return look_at(path, turn)


@pytest.fixture
def looker():
    return CountingLooker()


@pytest.fixture
def shots(tmp_path):
    """Three near-duplicates, twice two, one that only seems to be one, one alone; and one that is there twice."""
    folder = tmp_path / "shots"
    folder.mkdir()
    for seed, qualities in {0: (95, 60, 30), 1: (90, 50), 2: (80, 40), 3: (90,)}.items():
        for quality in qualities:
            (folder / f"{seed} {quality}.jpg").write_bytes(encoded(textured(seed), quality=quality))
    (folder / "3 mirrored.jpg").write_bytes(encoded(textured(3).transpose(0), quality=90))
    shutil.copy(folder / "0 60.jpg", folder / "0 again.jpg")
    return folder


@pytest.fixture
def app(photos, shots, checkpoint, vocabulary):
    photos("vocab", "use", vocabulary)
    assert photos("add", shots, "--model", checkpoint).status == 0
    with OpenLibrary(load({"library": photos.library}, {}), photos.encoders, read_here) as opened:
        yield opened


def found(app, looker, search=None):
    return find_duplicates(app, search or Search(), KnownLooks(app.catalog, looker))


def kept(app):
    with app.catalog.read() as t:
        return t.connection.exec_driver_sql("SELECT * FROM look ORDER BY photo_id").all()


def test_a_second_search_for_duplicates_decodes_nothing_and_finds_the_same(app, looker):
    first = found(app, looker)
    assert len(looker.paths) == len(set(looker.paths)) == len(kept(app)) >= 9
    assert sorted(len(group) for group in first) == [2, 2, 4]
    looker.paths.clear()
    assert found(app, looker) == first
    assert looker.paths == []


@pytest.mark.parametrize("options", [{"bits": 0}, {"bits": 64}, {"near": 0.5, "bits": 64}, {"bursts": True}])
def test_other_limits_find_the_same_with_kept_looks_as_without(app, looker, options):
    fresh = found(app, looker, Search(**options))
    with app.catalog.write() as t:
        t.connection.exec_driver_sql("DELETE FROM look")
    found(app, looker)
    assert found(app, looker, Search(**options)) == fresh


def test_only_what_is_new_is_decoded(app, photos, shots, looker):
    found(app, looker)
    looker.paths.clear()
    new = shots / "0 small.jpg"
    new.write_bytes(encoded(textured(0).resize((160, 120))))
    assert photos("index").status == 0
    assert sorted(len(group) for group in found(app, looker)) == [2, 2, 5]
    assert looker.paths == [bytes(new)]


def test_a_look_of_another_method_is_made_anew(app, looker):
    first = found(app, looker)
    with app.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE look SET method = method - 1, bits = zeroblob(8)")
    count = len(looker.paths)
    looker.paths.clear()
    assert found(app, looker) == first
    assert len(looker.paths) == count
    assert {row.method for row in kept(app)} == {METHOD}


def test_what_cannot_be_read_is_not_kept_and_is_looked_at_when_it_can_be(app, shots, looker):
    away = shots.parent / "away.jpg"
    (shots / "1 50.jpg").rename(away)
    before = found(app, looker)
    count = len(kept(app))
    assert [copy.is_checked for group in before for copy in group].count(False) == 1
    away.rename(shots / "1 50.jpg")
    looker.paths.clear()
    assert all(copy.is_checked for group in found(app, looker) for copy in group)
    assert (len(kept(app)), looker.paths) == (count + 1, [bytes(shots / "1 50.jpg")])


def test_an_answer_needs_no_room_to_keep_looks_in(app, looker):
    with app.catalog.write(), pytest.raises(StopIteration):
        # Somebody else writes all the while.
        assert len(found(app, looker)) == 3
        raise StopIteration
    assert kept(app) == []


def test_a_file_that_was_written_anew_with_the_same_picture_is_looked_at_anew(app, photos, shots, looker):
    found(app, looker)
    looker.paths.clear()
    path = shots / "1 50.jpg"
    content = path.read_bytes()
    path.write_bytes(content[:2] + b"\xff\xfe\x00\x08hello!" + content[2:])
    assert photos("index").status == 0
    found(app, looker)
    assert looker.paths == [bytes(path)]


def test_what_is_pruned_takes_its_look_along(app, photos, shots, looker):
    found(app, looker)
    count = len(kept(app))
    (shots / "1 50.jpg").unlink()
    photos("index")
    assert len(kept(app)) == count
    assert photos("prune", "--older-than", "0").status == 0
    assert len(kept(app)) == count - 1
    assert photos("verify").status == 0


def test_what_others_may_name_is_told_from_kept_looks(app, photos):
    assert len(photos("duplicates", "--others").lines) == 5
    with app.catalog.write() as t:
        # As if all of them were blank: then none may be named.
        t.connection.exec_driver_sql("UPDATE look SET colours = zeroblob(192)")
    assert photos("duplicates", "--others").lines == []


LOOKS = st.builds(
    lambda seed, spread, level: Look(
        np.random.default_rng(seed).random(64) < 0.5,
        np.clip(level + spread * np.random.default_rng(seed).normal(size=(8, 8, 3)), 0, 255).astype(np.uint8),
    ),
    st.integers(0, 4),
    st.sampled_from([0.0, 1.0, 3.0, 60.0]),
    st.integers(0, 255),
)


@given(st.lists(LOOKS, min_size=2, max_size=12), st.integers(0, 64))
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_verdicts_are_the_same_fresh_kept_alone_and_among_many(tmp_path_factory, looks, bits):
    count = len(looks)
    firsts, seconds = np.triu_indices(count, 1)
    fresh = joined(looks)
    with Catalog.open(tmp_path_factory.mktemp("looks") / "catalog.db") as catalog:
        with catalog.write() as t:
            ids = [t.photos.add(bytes([number]) * 32, 1, Facts(4, 3, "JPEG")) for number in range(count)]
            t.perceptual_hashes.put(METHOD, PerceptualHash(np.array(ids), fresh.bits, fresh.colours))
        pairs = NearPairs(np.array(ids)[firsts], np.array(ids)[seconds], np.ones(len(firsts), np.float32))

        def never(_path, _turn):
            raise AssertionError("it looked again")

        joints = Joints.of(pairs, KnownLooks(catalog, never).of(ids), bits)
    alike = [looks[one].is_like(looks[other], bits) for one, other in zip(firsts, seconds, strict=True)]
    assert fresh.are_like(firsts, seconds, bits).tolist() == alike
    assert [looks[one].distance(looks[other]) for one, other in zip(firsts, seconds, strict=True)] == fresh.distances(
        firsts, seconds
    ).tolist()
    assert np.array_equal(joints.pairs.firsts, pairs.firsts[alike])
    assert np.array_equal(joints.pairs.seconds, pairs.seconds[alike])
    assert np.array_equal(joints.distances, fresh.distances(firsts, seconds)[alike])


def test_looks_of_photos_that_are_no_more_are_not_kept(tmp_path):
    with Catalog.open(tmp_path / "catalog.db") as catalog:
        some = joined([Look(np.ones(64, np.bool_), np.zeros((8, 8, 3), np.uint8))] * 2)
        with catalog.write() as t:
            photo_id = t.photos.add(bytes(32), 1, Facts(4, 3, "JPEG"))
            t.perceptual_hashes.put(METHOD, PerceptualHash(np.array([photo_id, 99]), some.bits, some.colours))
        with catalog.read() as t:
            assert t.perceptual_hashes.of(METHOD, [99, photo_id]).photo_ids.tolist() == [photo_id]
            assert len(t.perceptual_hashes.of(METHOD + 1, [photo_id])) == 0
            assert len(t.perceptual_hashes.of(METHOD, [])) == 0
