"""The chance limit of a query: the cosine that the best of as many unrelated photos rarely reaches.

There is always a best photo. It is an answer if its cosine is higher than chance explains in a library of this size.
The query's cosines over the library are described by their median and median absolute deviation, which the few photos
that do answer hardly move. The greatest of n normally distributed numbers is Gumbel distributed:

    location  a = sqrt(2 ln n) - (ln ln n + ln 4 pi) / (2 sqrt(2 ln n)),   scale  b = 1 / sqrt(2 ln n)

in standard deviations above the mean (Leadbetter, Lindgren and Rootzen, "Extremes and Related Properties of Random
Sequences and Processes", 1983, theorem 1.5.3). A photo above 99 in 100 such maxima stands out.

Two limits are the model's own, as for tags. Where most photos show the same thing, none of them stands out, so a
probability of 0.9 or more is always an answer. A probability below 1e-4 never is. A checkpoint without a bias has no
probabilities, and these limits are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from query.similarity.grouping import NEAR
from query.tagging.effective.effective_tags import within_probabilities
from query.tagging.learning.calibration import spread_of
from store import Space, SpaceIdentity, Transaction

#: Photos sampled, at even distances by id.
_SAMPLE = 4096
#: Photos below which median and deviation mean nothing.
MIN_PHOTOS: Final = 100
#: Probability that the best of unrelated photos passes for an answer.
_CHANCE = 0.01

_Number = TypeVar("_Number", np.float32, np.int64)


@dataclass(frozen=True, slots=True)
class ScoreDistribution:
    """A query's cosines over *photos* photos: median, and 1.4826 times the median absolute deviation."""

    photos: int
    median: float
    spread: float

    def chance_limit(self) -> float:
        """Return the cosine that the best of as many unrelated photos reaches once in a hundred times."""
        if self.photos < MIN_PHOTOS:
            return -math.inf
        return self.median + self.spread * greatest_normal(self.photos, _CHANCE)

    def threshold(self, identity: SpaceIdentity, *, of_text: bool = True) -> float:
        """Return the cosine from which a photo is an answer. The model's own limits apply to texts only.

        A near-duplicate of a query picture is always an answer, however alike all photos of the library are.
        """
        if not of_text:
            return min(self.chance_limit(), NEAR)
        return within_probabilities(self.chance_limit(), identity)


def score_distribution(
    t: Transaction, space: Space, vector: NDArray[np.float32], among: NDArray[np.int64] | None = None
) -> ScoreDistribution:
    """Measure the cosines of *vector*, float32 (d,), over the library, or over the photos *among*, int64 (n,)."""
    query = np.ascontiguousarray(vector, np.float32)
    if among is None:
        count, cosines = t.embeddings.sample(space.id, query, _SAMPLE)
    else:
        count, cosines = len(among), t.embeddings.cosines(space.id, query, _sampled(among).tolist())
    return _distribution(count, cosines)


def distribution_of(cosines: NDArray[np.float32]) -> ScoreDistribution:
    """Describe the cosines of a query with all photos that are searched, float32 (n,), by ascending photo."""
    return _distribution(len(cosines), _sampled(cosines))


def _sampled(all_of_them: NDArray[_Number]) -> NDArray[_Number]:
    return all_of_them[:: max(1, -(-len(all_of_them) // _SAMPLE))]


def _distribution(count: int, cosines: NDArray[np.float32]) -> ScoreDistribution:
    if not len(cosines):
        return ScoreDistribution(0, 0.0, 0.0)
    (spread,) = spread_of(cosines[:, np.newaxis])
    return ScoreDistribution(count, spread.median, spread.spread)


def greatest_normal(count: int, chance: float) -> float:
    """Return the number that the greatest of *count* (2 or more) standard normal numbers exceeds with *chance*."""
    scale = 1 / math.sqrt(2 * math.log(count))
    location = 1 / scale - scale * (math.log(math.log(count)) + math.log(4 * math.pi)) / 2
    return location - scale * math.log(-math.log1p(-chance))
