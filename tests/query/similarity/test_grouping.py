"""Groups of near-duplicates and bursts."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.search import Match, grouped
from query.similarity import NEAR, group_around_leaders, taken_at_different_times
from query.similarity.grouping import BURST, group_photos, is_burst
from store import Catalog, Facts, SpaceIdentity, Stamp
from tests.store.sqlite import empty_catalog

NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001 - a camera's wall clock


def taken(seconds, camera="X-T4"):
    return Facts(4, 3, "JPEG", taken_at=NOON + timedelta(seconds=seconds), camera=camera)


def grouped_around(order, pairs):
    firsts, seconds = np.array(sorted(pairs), np.int64).reshape(-1, 2).T
    return group_around_leaders(order, firsts, seconds)


def test_no_photo_joins_a_group_through_another_member():
    chain = [(1, 2), (2, 3), (3, 4), (4, 5)]
    assert grouped_around([1, 2, 3, 4, 5], chain) == [[1, 2], [3, 4], [5]]
    assert grouped_around([2, 1, 3, 4, 5], chain) == [[2, 1, 3], [4, 5]]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(range(8)), st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7))))
def test_every_photo_is_in_one_group_led_by_its_best(order, pairs):
    pairs = {pair for pair in pairs if pair[0] != pair[1]}
    groups = grouped_around(order, pairs)
    assert sorted(each for group in groups for each in group) == sorted(order)
    for group in groups:
        assert group == sorted(group, key=order.index)
        assert all((group[0], each) in pairs or (each, group[0]) in pairs for each in group[1:])
    assert [group[0] for group in groups] == sorted((group[0] for group in groups), key=order.index)


def test_a_burst_is_by_one_camera_within_seconds():
    assert is_burst(taken(0), taken(8))
    assert not is_burst(taken(0), taken(60))
    assert not is_burst(taken(0), taken(1, "Pixel 7"))
    assert not is_burst(taken(0, None), taken(1, None))
    assert not is_burst(Facts(4, 3, "JPEG"), Facts(4, 3, "JPEG"))


def test_a_copy_has_the_time_of_its_original_or_no_time():
    taken = {1: (NOON, "X-T4"), 2: (NOON + timedelta(seconds=1), "X-T4"), 3: (NOON, "X-T4"), 5: (NOON, "Pixel 7")}
    # The times of 4 and 6 are unknown.
    pairs = {(1, 2): True, (2, 3): True, (1, 3): False, (1, 4): False, (4, 6): False, (2, 5): False, (6, 2): False}
    firsts, seconds = np.array(list(pairs), np.int64).T
    assert taken_at_different_times(taken, firsts, seconds).tolist() == list(pairs.values())
    assert not taken_at_different_times({}, firsts, seconds).any()


ANGLES = SpaceIdentity("m", "w", "p", "float32", 2, 1.0, 0.0)


class Album:
    """Photos at angles: the smaller the angle between two, the more similar they are. The first is the best match."""

    def __init__(self, catalog):
        self.catalog = catalog
        with catalog.write() as t:
            self.space = t.spaces.ensure(ANGLES)
            self.folder = t.folders.add(b"/photos")
        self.photos = []

    def add(self, *shots):
        with self.catalog.write() as t:
            for angle, facts in shots:
                name = b"%d" % len(self.photos)
                photo_id = t.photos.add(name.ljust(32), 1, facts)
                if angle is not None:
                    t.embeddings.put(self.space.id, photo_id, np.array([np.cos(angle), np.sin(angle)], np.float32))
                t.files.indexed(self.folder.id, name, Stamp(1, 2, 3, 4), photo_id)
                self.photos += t.photos.get([photo_id])

    def nearest(self, count):
        return [Match(photo.id, 0.5, None, None, photo, ()) for photo in self.photos[:count]]

    def groups(self, wanted, **options):
        with self.catalog.read() as t:
            found = grouped(t, self.space, self.nearest, wanted, **options)
        return [[match.photo_id for match in group] for group in found]


@pytest.fixture
def album(tmp_path):
    with Catalog.open(empty_catalog(tmp_path / "catalog.db")) as catalog:
        yield Album(catalog)


def test_groups_are_near_duplicates_and_bursts(album):
    near, burst = np.arccos(NEAR) * 0.9, np.arccos(BURST) * 0.9
    undated = Facts(4, 3, "JPEG")
    album.add(
        (0.0, taken(0)),
        (near, undated),
        (None, undated),
        (-burst, taken(5)),
        (-burst, taken(60)),
        (burst, taken(5, "Pixel 7")),
        (2.0, undated),
    )
    with album.catalog.read() as t:
        groups = group_photos(t, album.space, album.photos)
    assert groups == [[1, 2, 4], [3], [5], [6], [7]]
    assert [album.groups(wanted) for wanted in (0, 3)] == [[], groups[:3]]


def test_a_page_of_groups_is_full_even_if_the_best_are_one_group(album):
    album.add(*[(0.0, Facts(4, 3, "JPEG"))] * 30, *[(number / 2, Facts(4, 3, "JPEG")) for number in range(1, 6)])
    # The best twenty are one group; the others stay single.
    groups = album.groups(8, compared=20)
    assert [len(group) for group in groups] == [20] + [1] * 7
    assert [len(group) for group in album.groups(10**30, compared=20)] == [20] + [1] * 15
