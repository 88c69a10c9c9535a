"""What a text would tag, before it is a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query.search.scores import cosine_of
from query.tagging import DEFAULT_THRESHOLD, LEAST, minimum_of, spread_of
from store import Catalog, Photo, Space

#: Photos that are read at once: their numbers stay in the processor's cache.
_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Trial:
    """How many of *total* photos reach the threshold; how the cosines lie; and the photos that tell most.

    `edges` are cosines, one more than `heights`, which count the photos between two. `clearest` and `borderline` are
    photos with their cosines: the best, and those nearest to the threshold on either side, from above to below it.
    """

    total: int
    tagged: int
    minimum: float
    edges: NDArray[np.float64]
    heights: NDArray[np.int64]
    clearest: tuple[tuple[Photo, float], ...]
    borderline: tuple[tuple[Photo, float], ...]


def try_label(
    catalog: Catalog,
    space: Space,
    vector: NDArray[np.float32],
    threshold: float | None = None,
    count: int = 5,
    bars: int = 12,
    *,
    minimum: float | None = None,
) -> Trial:
    """What a label of that *vector*, float32 (d,), and *threshold*, a probability, would do in the library.

    *minimum* is the same as a cosine. Without either it is the rule's: calibrated, where the library is large enough.
    """
    ids, cosines = cosines_of(catalog, space, vector)
    if minimum is not None:
        pass
    elif threshold is None and len(cosines) >= LEAST:
        minimum = minimum_of(spread_of(cosines[:, np.newaxis].astype(np.float32))[0], space.identity)
    else:
        minimum = cosine_of(DEFAULT_THRESHOLD if threshold is None else threshold, space.identity)
    order = np.lexsort((ids, -cosines))
    tagged = int((cosines >= minimum).sum())
    around = order[max(0, tagged - count) : tagged + count]
    heights, edges = np.histogram(cosines, bars) if len(cosines) else (np.zeros(0, np.int64), np.zeros(1))
    with catalog.read() as t:
        wanted = dict.fromkeys(ids[[*order[:count], *around]].tolist())
        photos = {photo.id: photo for photo in t.photos.get(list(wanted))}

    def named(places: NDArray[np.int64]) -> tuple[tuple[Photo, float], ...]:
        return tuple((photos[int(ids[at])], float(cosines[at])) for at in places if int(ids[at]) in photos)

    return Trial(len(ids), tagged, minimum, edges, heights, named(order[:count]), named(around))


def cosines_of(
    catalog: Catalog, space: Space, vector: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of the photos that have a file their ids, int64 (n,), and cosines with *vector*, float64 (n,)."""
    ids, cosines = [np.empty(0, np.int64)], [np.empty(0, np.float64)]
    exact = vector.astype(np.float64)
    with catalog.read() as t:
        for vectors in t.embeddings.scan(space.id, _CHUNK):
            ids.append(vectors.ids)
            cosines.append(vectors.matrix.astype(np.float64) @ exact)
        gone = t.photos.gone()
    all_ids, all_cosines = np.concatenate(ids), np.concatenate(cosines)
    there = ~np.isin(all_ids, gone)
    return all_ids[there], all_cosines[there]
