"""Groups of near-duplicates and bursts.

Groups form around leaders, best first: a photo near a chosen leader joins its group, and none joins through another
member. So a slow change from picture to picture does not chain a whole afternoon into one group.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from store import Facts, Photo, Space, Transaction

#: Cosine from which two pictures may be copies of one. Copies that were resaved, reduced or cropped by 2 % are above
#: 0.98 with the checkpoints that could be measured, and different scenes below 0.95.
NEAR: Final = 0.95
#: Cosine of a burst: pictures by one camera within ten seconds. Light and place are the same, the subject moves.
BURST: Final = 0.85
_BURST_TIME = timedelta(seconds=10)


def group_around_leaders(
    order: Sequence[int], firsts: NDArray[np.int64], seconds: NDArray[np.int64]
) -> list[list[int]]:
    """Group *order*, best first: each leader with the photos paired with it in *firsts* and *seconds*, (n,).

    Every photo of a pair must be in *order*.
    """
    ids = np.array(order, np.int64)
    by_id = np.argsort(ids)
    one, other = (by_id[np.searchsorted(ids, each, sorter=by_id)] for each in (firsts, seconds))
    rows, columns = np.concatenate([one, other]), np.concatenate([other, one])
    by_row = np.lexsort((columns, rows))
    columns = columns[by_row]
    starts = np.searchsorted(rows[by_row], np.arange(len(ids) + 1))
    is_free = np.ones(len(ids), np.bool_)
    groups = []
    for leader in range(len(ids)):
        if is_free[leader]:
            paired = columns[starts[leader] : starts[leader + 1]]
            is_free[leader] = False
            members = np.unique(paired[is_free[paired]])
            is_free[members] = False
            groups.append([order[leader], *ids[members].tolist()])
    return groups


def is_burst(one: Facts, other: Facts) -> bool:
    """True if one camera took both within ten seconds."""
    if one.taken_at is None or other.taken_at is None or one.camera is None:
        return False
    return one.camera == other.camera and abs(one.taken_at - other.taken_at) <= _BURST_TIME


def taken_at_different_times(
    taken: Mapping[int, tuple[datetime, str]], firsts: NDArray[np.int64], seconds: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return for each pair, bool (n,), whether one camera took the two at different times, so that neither is a copy.

    *taken* has time and camera of each photo for which both are known.
    """
    cameras: dict[str, int] = {}
    moments: dict[tuple[datetime, str], int] = {}
    ids = np.array(sorted(taken), np.int64)
    # Unknown ones are -1, at the end.
    camera, moment = np.full(len(ids) + 1, -1), np.full(len(ids) + 1, -1)
    for at, photo_id in enumerate(ids.tolist()):
        camera[at] = cameras.setdefault(taken[photo_id][1], len(cameras))
        moment[at] = moments.setdefault(taken[photo_id], len(moments))

    def places(photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.searchsorted(ids, photo_ids)
        return np.where(np.append(ids, -1)[found] == photo_ids, found, len(ids))

    one, other = places(firsts), places(seconds)
    differ: NDArray[np.bool_] = (camera[one] >= 0) & (camera[one] == camera[other]) & (moment[one] != moment[other])
    return differ


def _seconds(facts: Facts) -> float:
    """Return the time it was taken in seconds, for differences; NaN if unknown."""
    return math.nan if facts.taken_at is None else (facts.taken_at - datetime.min).total_seconds()  # noqa: DTZ901 - no zone


def group_photos(t: Transaction, space: Space, photos: Sequence[Photo]) -> list[list[int]]:
    """Group *photos*, best first, into near-duplicates and bursts, each led by its best. Opens no picture."""
    facts = {photo.id: photo.facts for photo in photos}
    vectors = t.embeddings.get(space.id, list(facts))
    rows = {photo_id: row for row, photo_id in enumerate(vectors.ids.tolist())}
    place = {photo_id: at for at, photo_id in enumerate(facts)}
    # In the order of the photos. Each photo without a vector is a group of its own.
    order = [photo_id for photo_id in facts if photo_id in rows]
    matrix = vectors.matrix[[rows[photo_id] for photo_id in order]]
    cosines = matrix @ matrix.T
    seconds = np.array([_seconds(facts[photo_id]) for photo_id in order])
    is_free = np.ones(len(order), np.bool_)
    groups = [[photo_id] for photo_id in facts if photo_id not in rows]
    for at, leader in enumerate(order):
        if not is_free[at]:
            continue
        is_free[at] = False
        may_be_burst = (cosines[at] >= BURST) & (np.abs(seconds - seconds[at]) <= _BURST_TIME.total_seconds())
        near = np.flatnonzero(is_free & ((cosines[at] >= NEAR) | may_be_burst)).tolist()
        joined = [each for each in near if cosines[at, each] >= NEAR or is_burst(facts[leader], facts[order[each]])]
        is_free[joined] = False
        groups.append([leader, *(order[each] for each in joined)])
    return sorted(groups, key=lambda group: place[group[0]])
