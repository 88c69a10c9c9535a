"""Tuning of a label's threshold by a person's answers about photos around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from query.similarity.scores import library_cosines
from query.tagging import rule_in_force
from store import Catalog, Label, Photo, Revision, Space

#: Cosine. Distance of the threshold from the last photo if all answers are alike.
_MARGIN = 1e-4


@dataclass(frozen=True, slots=True)
class BorderlinePhotos:
    """A label's threshold, a cosine, and photos on both sides of it with their cosines, best first."""

    minimum: float
    photos: tuple[tuple[Photo, float], ...]


def borderline_photos(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    label: Label,
    count: int = 12,
    folders: Sequence[bytes] = (),
) -> BorderlinePhotos:
    """Return photos to ask about: dense by rank near the threshold of *label* in *revision*, sparse further away.

    Only photos below *folders*, absolute, if given. No photos if the label was never scored in *space*.
    """
    with catalog.read() as t:
        vectors = t.labels.vectors(space.id, [label.id])
        rule = rule_in_force(t, space, revision)
        minimum = rule.minimum_for(label.id)
        if not len(vectors):
            return BorderlinePhotos(minimum, ())
        ids, cosines = library_cosines(t, space, vectors.matrix[0])
        if folders:
            there = np.isin(ids, t.scopes.photos(folders))
            ids, cosines = ids[there], cosines[there]
        order = np.lexsort((ids, -cosines))
        first_below = int((cosines >= minimum).sum())
        places = sorted(_places_around(first_below, len(order), count))
        photos = {photo.id: photo for photo in t.photos.get(ids[order[places]].tolist())}
    chosen = [(int(ids[order[place]]), float(cosines[order[place]])) for place in places]
    return BorderlinePhotos(minimum, tuple((photos[key], cosine) for key, cosine in chosen if key in photos))


def fit_threshold(answers: Sequence[tuple[float, bool]], minimum: float) -> float:
    """Return the cosine that separates right from wrong answers with the fewest mistakes.

    *answers* are cosines and whether the label is right. Among equally good cosines, the nearest to *minimum*.
    """
    if not answers:
        return minimum
    held = sorted(answers)
    cosines = [cosine for cosine, _ in held]
    between = [(one + other) / 2 for one, other in pairwise(cosines)]
    candidates = [minimum, cosines[0] - _MARGIN, *between, cosines[-1] + _MARGIN]

    def mistakes(cut: float) -> int:
        return sum((cosine >= cut) != right for cosine, right in held)

    return min(candidates, key=lambda cut: (mistakes(cut), abs(cut - minimum)))


def _places_around(middle: int, total: int, count: int) -> set[int]:
    """Return *count* places of *total*, or all if fewer, on both sides of *middle* at doubling distances."""
    places: set[int] = set()
    step = 0
    while len(places) < min(count, total) and step <= total:
        distance = step if step < count // 4 else 2 ** (step - count // 4) + count // 4 - 1
        near = (middle - 1 - distance, middle + distance)
        places.update([place for place in near if 0 <= place < total][: count - len(places)])
        step += 1
    rest = (place for place in sorted(range(total), key=lambda place: abs(place - middle)) if place not in places)
    return places | {place for place, _ in zip(rest, range(min(count, total) - len(places)), strict=False)}
