"""Photos that belong together: near-duplicates, and bursts of one moment.

Groups are made around leaders, best first: whoever is near a leader that has been chosen joins it, and nobody joins by
way of another member. So a slow change from picture to picture does not chain a whole afternoon into one group.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from store import Catalog, Facts, Photo, Space

#: Cosine from which two pictures may be copies of one. Copies that were saved anew, reduced or cropped by 2 % are above
#: 0.98 with the checkpoints that could be measured, and different scenes below 0.95.
NEAR: Final = 0.95
#: The same for pictures that one camera took within so short a time: the light and the place are the same, and what
#: moves is what the burst was for.
BURST: Final = 0.85
_MOMENT = timedelta(seconds=10)


def around_leaders(order: Sequence[int], pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """*order*, best first, in groups of a leader and those that a pair joins with it."""
    beside: defaultdict[int, set[int]] = defaultdict(set)
    for first, second in pairs:
        beside[first].add(second)
        beside[second].add(first)
    place = {each: at for at, each in enumerate(order)}
    taken: set[int] = set()
    groups = []
    for leader in order:
        if leader not in taken:
            group = [leader, *sorted(beside[leader] - taken, key=place.__getitem__)]
            taken.update(group)
            groups.append(group)
    return groups


def is_moment(one: Facts, other: Facts) -> bool:
    """Whether one camera took both within seconds."""
    if one.taken_at is None or other.taken_at is None or one.camera is None:
        return False
    return one.camera == other.camera and abs(one.taken_at - other.taken_at) <= _MOMENT


def is_other_moment(one: Facts, other: Facts) -> bool:
    """Whether one camera took them at two moments, which it says of no copy, however alike they look."""
    if one.taken_at is None or other.taken_at is None or one.camera is None:
        return False
    return one.camera == other.camera and one.taken_at != other.taken_at


def _seconds(facts: Facts) -> float:
    """When it was taken, to compare; not a number where that is not known."""
    return math.nan if facts.taken_at is None else (facts.taken_at - datetime.min).total_seconds()  # noqa: DTZ901 - no zone


def group_photos(catalog: Catalog, space: Space, photos: Sequence[Photo]) -> list[list[int]]:
    """*photos*, best first, in groups of near-duplicates and bursts, each led by its best. No picture is opened."""
    facts = {photo.id: photo.facts for photo in photos}
    with catalog.read() as t:
        vectors = t.embeddings.get(space.id, list(facts))
    rows = {photo_id: row for row, photo_id in enumerate(vectors.ids.tolist())}
    place = {photo_id: at for at, photo_id in enumerate(facts)}
    # In the order of the photos; those without a vector are left out, and stand for themselves.
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
        is_burst = (cosines[at] >= BURST) & (np.abs(seconds - seconds[at]) <= _MOMENT.total_seconds())
        beside = np.flatnonzero(is_free & ((cosines[at] >= NEAR) | is_burst)).tolist()
        joined = [each for each in beside if cosines[at, each] >= NEAR or is_moment(facts[leader], facts[order[each]])]
        is_free[joined] = False
        groups.append([leader, *(order[each] for each in joined)])
    return sorted(groups, key=lambda group: place[group[0]])
