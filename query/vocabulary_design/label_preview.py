"""Preview of a label: the photos it would tag, before it is in a vocabulary."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query.similarity.scores import cosine_of, library_cosines
from query.tagging import DEFAULT_THRESHOLD, LEAST, minimum_of, spread_of
from store import Catalog, Photo, Space, SpaceIdentity


@dataclass(frozen=True, slots=True)
class LabelPreview:
    """Number of photos, `tagged` of `total`, that reach the threshold; histogram of cosines; and typical photos.

    `edges` are the histogram's cosines, one more than `heights`, its counts. `clearest` and `borderline` are photos
    with their cosines: the best, and those nearest to the threshold on either side, from above to below it.
    """

    total: int
    tagged: int
    minimum: float
    edges: NDArray[np.float64]
    heights: NDArray[np.int64]
    clearest: tuple[tuple[Photo, float], ...]
    borderline: tuple[tuple[Photo, float], ...]


def preview_label(
    catalog: Catalog,
    space: Space,
    vector: NDArray[np.float32],
    threshold: float | None = None,
    count: int = 5,
    bars: int = 12,
    *,
    minimum: float | None = None,
) -> LabelPreview:
    """Preview a label with this *vector*, float32 (d,), and *threshold*, a probability, in the library.

    *minimum* is the threshold as a cosine. Without either, the tag rule decides: calibrated if the library is large
    enough.
    """
    with catalog.read() as t:
        ids, cosines = library_cosines(t, space, vector)
        if minimum is None:
            minimum = _usual_minimum(cosines, threshold, space.identity)
        order = np.lexsort((ids, -cosines))
        tagged = int((cosines >= minimum).sum())
        around = order[max(0, tagged - count) : tagged + count]
        wanted = dict.fromkeys(ids[[*order[:count], *around]].tolist())
        photos = {photo.id: photo for photo in t.photos.get(list(wanted))}
    heights, edges = np.histogram(cosines, bars) if len(cosines) else (np.zeros(0, np.int64), np.zeros(1))

    def named(places: NDArray[np.int64]) -> tuple[tuple[Photo, float], ...]:
        return tuple((photos[int(ids[at])], float(cosines[at])) for at in places if int(ids[at]) in photos)

    return LabelPreview(len(ids), tagged, minimum, edges, heights, named(order[:count]), named(around))


def _usual_minimum(cosines: NDArray[np.float64], threshold: float | None, identity: SpaceIdentity) -> float:
    """Return the cosine from which the tag rule would count a label with these cosines over the library."""
    if threshold is None and len(cosines) >= LEAST:
        return minimum_of(spread_of(cosines[:, np.newaxis].astype(np.float32))[0], identity)
    found = cosine_of(DEFAULT_THRESHOLD if threshold is None else threshold, identity)
    return math.inf if found is None else found
