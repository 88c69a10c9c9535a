"""Order of a search with captions: by the cosines of pictures and, with less weight, by those of their captions.

Cosines of two texts lie higher and farther apart than those of a text and a picture. So the query's cosines with
pictures, and those with captions, are each standardised over the photos of the library that have one:

    value = z(picture) + 0.35 * z(caption)

A photo without a caption has 0, the mean, in place of z(caption). The weight is a choice between what right captions
give and what wrong ones cost, which benchmarks/quality/captions.py measures. Adding up ranks costs much more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from store import IndexSnapshot, Neighbours, Space, Transaction

#: Weight of captions beside pictures, whose weight is one.
CAPTION_WEIGHT: Final = 0.35
#: Vectors of captions read at once: they stay in the processor's cache.
_CHUNK = 512


@dataclass(frozen=True, slots=True)
class FusedRanking:
    """Photos in the order of their `values`, highest first: ids int64, pictures' cosines float32, values float64, (n,).

    `best` is the highest cosine that a picture had before any was left out, None without photos. `captions` is the
    number of captions that were compared.
    """

    photo_ids: NDArray[np.int64]
    cosines: NDArray[np.float32]
    values: NDArray[np.float64]
    best: float | None
    captions: int

    def above(self, least: float | None) -> FusedRanking:
        """Return the photos whose pictures have that cosine or a higher one; all if it is None."""
        return self if least is None else self._at(np.flatnonzero(self.cosines.astype(np.float64) >= least))

    def after(self, photo_id: int, value: float) -> FusedRanking:
        """Return what follows a photo that had *value*: by its value now, if it is still here.

        Values move a little with every photo that comes or goes, as means and deviations do.
        """
        (here,) = np.nonzero(self.photo_ids == photo_id)
        last = float(self.values[here[0]]) if len(here) else value
        later = (self.values < last) | ((self.values == last) & (self.photo_ids > photo_id))
        return self._at(np.flatnonzero(later))

    def first(self, count: int) -> tuple[Neighbours, NDArray[np.float64]]:
        """Return the *count* first photos with the cosines of their pictures, and their values."""
        return Neighbours(self.photo_ids[:count], self.cosines[:count]), self.values[:count]

    def _at(self, places: NDArray[np.int64]) -> FusedRanking:
        return FusedRanking(self.photo_ids[places], self.cosines[places], self.values[places], self.best, self.captions)


def fused_ranking(
    snapshot: IndexSnapshot, space: Space, vector: NDArray[np.float32], among: NDArray[np.int64] | None = None
) -> FusedRanking:
    """Rank the photos *among*, ids int64 (m,), ascending, or all of them, for the unit *vector*, float32 (d,).

    Values are the same whatever photos are ranked: those of the whole library are their measure.
    """
    every = snapshot.search(vector, snapshot.t.photos.count(), exact=True)
    described, found = caption_cosines(snapshot.t, space, vector)
    values = fused_values(every.cosines.astype(np.float64), _aligned(every.photo_ids, described, found))
    if among is None:
        places = np.lexsort((every.photo_ids, -values))
    else:
        places = np.flatnonzero(np.isin(every.photo_ids, among, assume_unique=True))
        places = places[np.lexsort((every.photo_ids[places], -values[places]))]
    cosines = every.cosines[places]
    best = float(cosines.max()) if len(places) else None
    return FusedRanking(every.photo_ids[places], cosines, values[places], best, len(described))


def fused_values(
    pictures: NDArray[np.float64], captions: NDArray[np.float64], weight: float = CAPTION_WEIGHT
) -> NDArray[np.float64]:
    """Return the values that order photos, float64 (n,), by cosines of pictures and captions, (n,), NaN for no caption.

    Cosines that are all equal count as 0.
    """
    values: NDArray[np.float64] = _standardised(pictures) + weight * _standardised(captions)
    return values


def caption_cosines(
    t: Transaction, space: Space, vector: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the photos with a caption's vector, ids int64 (n,), ascending, and their cosines with *vector*, (n,)."""
    ids, cosines = [np.empty(0, np.int64)], [np.empty(0, np.float64)]
    query = np.ascontiguousarray(vector, np.float32)
    for some in t.descriptions.caption_vectors(space.id, _CHUNK):
        ids.append(some.ids)
        cosines.append((some.matrix @ query).astype(np.float64))
    found, values = np.concatenate(ids), np.concatenate(cosines)
    # These rows have no checksums, and one number that is none would undo the mean of all.
    is_number = np.isfinite(values)
    return found[is_number], values[is_number]


def _aligned(photo_ids: NDArray[np.int64], some: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the value of each of *photo_ids*, NaN for those that are not among *some*, which ascend."""
    found = np.full(len(photo_ids), np.nan)
    if len(some):
        places = np.minimum(np.searchsorted(some, photo_ids), len(some) - 1)
        here = some[places] == photo_ids
        found[here] = values[places[here]]
    return found


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances from the mean in standard deviations, 0 where there is no value."""
    known = values[~np.isnan(values)]
    spread = float(known.std()) if len(known) else 0.0
    # Rounding leaves so much of equal values.
    if spread < np.finfo(np.float32).eps:
        return np.zeros(len(values))
    standardised: NDArray[np.float64] = np.nan_to_num((values - known.mean()) / spread, nan=0.0)
    return standardised
