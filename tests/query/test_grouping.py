"""Photos that belong together."""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.grouping import around_leaders, is_moment, is_other_moment
from store import Facts

NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001 - a camera's wall clock


def taken(seconds, camera="X-T4"):
    return Facts(4, 3, "JPEG", taken_at=NOON + timedelta(seconds=seconds), camera=camera)


def test_nobody_joins_a_group_by_way_of_another_member():
    chain = [(1, 2), (2, 3), (3, 4), (4, 5)]
    assert around_leaders([1, 2, 3, 4, 5], chain) == [[1, 2], [3, 4], [5]]
    assert around_leaders([2, 1, 3, 4, 5], chain) == [[2, 1, 3], [4, 5]]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(range(8)), st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7))))
def test_everybody_is_in_one_group_whose_leader_comes_first(order, pairs):
    pairs = {pair for pair in pairs if pair[0] != pair[1]}
    groups = around_leaders(order, pairs)
    assert sorted(each for group in groups for each in group) == sorted(order)
    for group in groups:
        assert group == sorted(group, key=order.index)
        assert all((group[0], each) in pairs or (each, group[0]) in pairs for each in group[1:])
    assert [group[0] for group in groups] == sorted((group[0] for group in groups), key=order.index)


def test_a_moment_is_one_camera_within_seconds():
    assert is_moment(taken(0), taken(8))
    assert not is_moment(taken(0), taken(60))
    assert not is_moment(taken(0), taken(1, "Pixel 7"))
    assert not is_moment(Facts(4, 3, "JPEG"), Facts(4, 3, "JPEG"))


def test_a_copy_has_the_time_of_its_original_or_none():
    assert is_other_moment(taken(0), taken(1))
    assert not is_other_moment(taken(0), taken(0))
    assert not is_other_moment(taken(0), Facts(4, 3, "JPEG"))
    assert not is_other_moment(taken(0, None), taken(1, None))
