"""A label's threshold from what a person says of the photos around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from query.tagging import rule_in_force
from store import Catalog, Label, Photo, Revision, Space

from .trial import cosines_of

#: Cosine. By so much a threshold is put beyond the last photo that was asked about, if all answers are alike.
_BEYOND = 1e-4


@dataclass(frozen=True, slots=True)
class Borderline:
    """A label's threshold, a cosine, and photos on both sides of it with their cosines, best first."""

    minimum: float
    photos: tuple[tuple[Photo, float], ...]


def borderline(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    label: Label,
    count: int = 12,
    folders: Sequence[bytes] = (),
) -> Borderline:
    """Photos to ask about: close together by rank near the threshold of *label* in *revision*, and further apart away.

    They lie below *folders*, absolute, if there are any. None for a label that was never scored in *space*.
    """
    with catalog.read() as t:
        vectors = t.labels.vectors(space.id, [label.id])
        rule = rule_in_force(t, space, revision)
    minimum = rule.minimums.get(label.id, rule.minimum)
    if not len(vectors):
        return Borderline(minimum, ())
    ids, cosines = cosines_of(catalog, space, vectors.matrix[0])
    if folders:
        with catalog.read() as t:
            there = np.isin(ids, t.scopes.photos(folders))
        ids, cosines = ids[there], cosines[there]
    order = np.lexsort((ids, -cosines))
    first_below = int((cosines >= minimum).sum())
    places = sorted(_around(first_below, len(order), count))
    with catalog.read() as t:
        photos = {photo.id: photo for photo in t.photos.get(ids[order[places]].tolist())}
    chosen = [(int(ids[order[place]]), float(cosines[order[place]])) for place in places]
    return Borderline(minimum, tuple((photos[key], cosine) for key, cosine in chosen if key in photos))


def fitted(answers: Sequence[tuple[float, bool]], minimum: float) -> float:
    """The cosine that parts the photos that show the label from those that do not with the fewest mistakes.

    *answers* are cosines and whether the label is right there. Of equally good ones that nearest to *minimum*.
    """
    if not answers:
        return minimum
    held = sorted(answers)
    cosines = [cosine for cosine, _ in held]
    between = [(one + other) / 2 for one, other in pairwise(cosines)]
    candidates = [minimum, cosines[0] - _BEYOND, *between, cosines[-1] + _BEYOND]

    def mistakes(cut: float) -> int:
        return sum((cosine >= cut) != right for cosine, right in held)

    return min(candidates, key=lambda cut: (mistakes(cut), abs(cut - minimum)))


def _around(middle: int, total: int, count: int) -> set[int]:
    """So many places of *total* on both sides of *middle*, each twice as far as the last; fewer if there are fewer."""
    places: set[int] = set()
    step = 0
    while len(places) < min(count, total) and step <= total:
        distance = step if step < count // 4 else 2 ** (step - count // 4) + count // 4 - 1
        near = (middle - 1 - distance, middle + distance)
        places.update([place for place in near if 0 <= place < total][: count - len(places)])
        step += 1
    spare = (place for place in sorted(range(total), key=lambda place: abs(place - middle)) if place not in places)
    return places | {place for place, _ in zip(spare, range(min(count, total) - len(places)), strict=False)}
