"""Whether the best photo for a query is more than the best of so many that have nothing to do with it.

There is always a best photo. How its cosine compares with what chance makes of a library of this size tells whether it
is an answer. The query's cosines over the library are taken by their median and their median absolute deviation, which
the few photos that do answer hardly move; and the greatest of n normally distributed numbers is Gumbel distributed:

    location  a = sqrt(2 ln n) - (ln ln n + ln 4 pi) / (2 sqrt(2 ln n)),   scale  b = 1 / sqrt(2 ln n)

in standard deviations above the mean (Leadbetter, Lindgren and Rootzen, "Extremes and Related Properties of Random
Sequences and Processes", 1983, theorem 1.5.3). What is above all but one in a hundred such greatest ones stands out.

Two limits are the model's own, as for tags: what most photos of a library show stands out from nothing, so where the
model is all but sure (probability 0.9) it is an answer; and where it all but rules the text out (1e-4), it is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from query.tagging.effective.rule import FLOOR, SURE
from query.tagging.learning.calibration import spread_of
from store import Catalog, Space, SpaceIdentity

from .grouping import NEAR
from .scores import cosine_of

#: Photos that are looked at, at even distances by id.
_SAMPLE = 4096
#: Photos below which a median and a deviation say nothing.
LEAST: Final = 100
#: How often the best of photos that have nothing to do with the query may pass for an answer.
_CHANCE = 0.01


@dataclass(frozen=True, slots=True)
class Noise:
    """How a query's cosines lie over *photos* photos: their median, and 1.4826 times the median distance from it."""

    photos: int
    median: float
    spread: float

    def stands_out(self) -> float:
        """The cosine that the best of as many unrelated photos reaches once in a hundred times."""
        if self.photos < LEAST:
            return -math.inf
        return self.median + self.spread * highest(self.photos, _CHANCE)

    def least(self, identity: SpaceIdentity, *, of_text: bool = True) -> float:
        """The cosine from which a photo is an answer. The model's own limits are for texts only.

        A near-duplicate of what was asked for is one, however alike all photos of the library are.
        """
        if not of_text:
            return min(self.stands_out(), NEAR)
        return min(max(self.stands_out(), cosine_of(FLOOR, identity)), cosine_of(SURE, identity))


def noise_of(
    catalog: Catalog, space: Space, vector: NDArray[np.float32], among: NDArray[np.int64] | None = None
) -> Noise:
    """How the cosines of *vector*, float32 (d,), lie over the library, or over the photos *among*, int64 (n,)."""
    query = np.ascontiguousarray(vector, np.float32)
    with catalog.read() as t:
        if among is None:
            count, cosines = t.embeddings.sample(space.id, query, _SAMPLE)
        else:
            step = max(1, -(-len(among) // _SAMPLE))
            count, cosines = len(among), t.embeddings.get(space.id, among[::step].tolist()).matrix @ query
    if not len(cosines):
        return Noise(0, 0.0, 0.0)
    (spread,) = spread_of(cosines[:, np.newaxis])
    return Noise(count, spread.median, spread.spread)


def highest(count: int, chance: float) -> float:
    """What the greatest of *count* standard normal numbers exceeds with that *chance*; *count* is 2 or more."""
    scale = 1 / math.sqrt(2 * math.log(count))
    location = 1 / scale - scale * (math.log(math.log(count)) + math.log(4 * math.pi)) / 2
    return location - scale * math.log(-math.log1p(-chance))
