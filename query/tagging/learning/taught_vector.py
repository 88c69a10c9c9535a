"""A label's vector from photos that show it, blended with its text's.

Texts and photos lie in cones of their own, so a mean of both would be in neither. Their scores are blended instead:

- *The photos' score*: x . S^-1 (mean of the examples - a quarter of the mean of the counterexamples), all taken from
  the library's mean, with S the library's covariance, half of it replaced by its mean variance. That is the direction
  which tells the examples from everything else in the library (linear discriminant analysis with one background for
  all classes: Hariharan, Malik and Ramanan, "Discriminative Decorrelation for Clustering and Classification", 2012).
- *The blend*: each of the two scores in units of its own spread over the library, weighted by the number of spreads
  that the examples lie above the library's mean; for the photos' score, each example is left out of its own
  measurement. A text that describes the thing leads, and the weight of one that does not falls as examples come.
- *The scale*: the scores of the vector have the mean and the spread over the library that those of the text have, so
  they can be compared with the scores of other labels.
- *The threshold*: most of the way from the library's mean to the examples' mean, with the same prior.

The figures were chosen by `benchmarks/quality/teaching.py`, on drawings that it measures: see there for others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: The least share of the library's covariance that is replaced by its mean variance.
_LEAST_SHRINKAGE: Final = 0.5
#: The weight of the counterexamples' mean relative to that of the examples.
_COUNTEREXAMPLES_WEIGHT: Final = 0.25
#: The prior: spreads by which one imaginary example stands out by the text's score, by the photos', and by both. It
#: counts like one real example.
_TEXT_PRIOR: Final = 2.0
_PHOTOS_PRIOR: Final = 1.0
_BLEND_PRIOR: Final = 2.0
#: The threshold's place between the library's mean and the examples.
_THRESHOLD_PLACE: Final = 0.85
#: Spreads above the library's mean that the threshold has at least.
_LEAST_SPREADS: Final = 1.0
#: The largest share of the vector's length for its scores' mean.
_MOST_MEAN: Final = 0.9
#: Replaces zero in a divisor.
_TINY: Final = 1e-30


@dataclass(frozen=True, slots=True)
class TaughtVector:
    """A label's unit vector, float32 (d,), and the cosine from which it counts; None leaves that to the rule.

    `text_share` is the text's share of the score, from 0 to 1; `used` is the number of examples of both kinds.
    """

    vector: NDArray[np.float32]
    minimum: float | None
    text_share: float
    used: int


class Background:
    """Mean and covariance of a library's photos. *sample* is float32 (n, d)."""

    def __init__(self, sample: NDArray[np.float32]) -> None:
        exact = sample.astype(np.float64)
        count, dimension = exact.shape
        self.mean: NDArray[np.float64] = exact.mean(0) if count else np.zeros(dimension)
        centred = exact - self.mean
        self._covariance = centred.T @ centred / max(count, 1)
        self._variance = float(np.trace(self._covariance)) / max(dimension, 1)
        #: The share of the covariance that so few photos leave unknown.
        self._unknown = dimension / (dimension + max(count, 1))

    @property
    def is_flat(self) -> bool:
        """True if all photos have the same embedding, so that nothing can be learnt from them."""
        return bool(self._variance <= _TINY)

    def spread(self, direction: NDArray[np.float64]) -> float:
        """The standard deviation of the library's scores by *direction*, (d,)."""
        return math.sqrt(max(float(direction @ self._covariance @ direction), 0.0))

    def discriminants(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The directions, (n, d), that separate these differences from the library's mean, (n, d), from its own."""
        return np.asarray(
            np.linalg.solve(self._shrunk_covariance(max(_LEAST_SHRINKAGE, self._unknown)), rows.T).T, np.float64
        )

    def scaled(self, direction: NDArray[np.float64], like: NDArray[np.float64]) -> NDArray[np.float64]:
        """A unit vector that ranks as *direction* does and scores the library with the mean and spread of *like*.

        Directions in which photos hardly differ make up for its mean and its length. Where a unit vector has no room
        for all that, the spread is smaller.
        """
        ones, zeros = self._scores_one, self._scores_zero(like)
        mean = float(np.clip(self.mean @ like, -_MOST_MEAN / np.linalg.norm(ones), _MOST_MEAN / np.linalg.norm(ones)))
        varying = direction - (direction @ self.mean) * ones
        varying *= self.spread(like) / max(self.spread(varying), _TINY)
        whole = mean * ones + _longest_step(mean * ones, varying, 1.0) * varying
        unit: NDArray[np.float64] = whole + _longest_step(whole, zeros) * zeros
        return unit / np.linalg.norm(unit)

    @cached_property
    def _scores_one(self) -> NDArray[np.float64]:
        """The direction by which all photos score one, as nearly as possible."""
        direction = self._whitened(self.mean)
        size = float(direction @ self.mean)
        return direction / size if size > 0 else np.full(len(direction), _TINY)

    def _scores_zero(self, like: NDArray[np.float64]) -> NDArray[np.float64]:
        """A unit direction, near *like*, by which all photos score zero, as nearly as possible."""
        direction = self._whitened(like)
        direction = direction - (direction @ self.mean) * self._scores_one
        return direction / max(float(np.linalg.norm(direction)), _TINY)

    def _whitened(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.linalg.solve(self._shrunk_covariance(self._unknown), row), np.float64)

    def _shrunk_covariance(self, share: float) -> NDArray[np.float64]:
        """The covariance with *share* of it replaced by the mean variance (Ledoit and Wolf, 2004)."""
        kept: NDArray[np.float64] = (1 - share) * self._covariance
        return np.asarray(kept + share * self._variance * np.eye(len(self._covariance)), np.float64)


def taught_vector(
    background: Background,
    text: NDArray[np.float32],
    examples: NDArray[np.float32],
    counterexamples: NDArray[np.float32],
) -> TaughtVector:
    """Blend the unit vector of a label's text, (d,), with photos that show it and that do not, (n, d) and (m, d).

    Without examples, or in a library whose photos are all alike, the result is the text's vector.
    """
    if not len(examples):
        return TaughtVector(text, None, 1.0, 0)
    used = len(examples) + len(counterexamples)
    known = text.astype(np.float64)
    if background.is_flat or background.spread(known) <= _TINY:
        return TaughtVector(text, None, 1.0, used)
    scores = _ExampleScores(background, known, examples.astype(np.float64), counterexamples.astype(np.float64))
    by_text, by_photos = scores.weights()
    direction = by_text * scores.text + by_photos * scores.photo_direction()
    vector = background.scaled(direction, known)
    threshold = float(background.mean @ vector) + scores.threshold(by_text, by_photos) * background.spread(vector)
    return TaughtVector(vector.astype(np.float32), threshold, by_text / (by_text + by_photos), used)


class _ExampleScores:
    """Scores of the examples by the text and by the photos, in units of the spread of such scores over the library."""

    def __init__(
        self,
        background: Background,
        text: NDArray[np.float64],
        examples: NDArray[np.float64],
        counterexamples: NDArray[np.float64],
    ) -> None:
        self._background = background
        self._examples = examples - background.mean
        self._counterexamples = counterexamples - background.mean
        directions = background.discriminants(np.concatenate([self._examples, self._counterexamples]))
        self._example_directions, self._counter_directions = directions[: len(examples)], directions[len(examples) :]
        self.text = self._unit(text)

    def photo_direction(self, *, without: int | None = None, without_counter: int | None = None) -> NDArray[np.float64]:
        """The direction of the photos, without one of them."""
        direction = _mean_without(self._example_directions, without)
        if len(self._counter_directions) > (without_counter is not None):
            direction = direction - _COUNTEREXAMPLES_WEIGHT * _mean_without(self._counter_directions, without_counter)
        return self._unit(direction)

    def weights(self) -> tuple[float, float]:
        """The weights of the text's score and of the photos'."""
        by_text = self._examples @ self.text
        return _with_prior(by_text, _TEXT_PRIOR), _with_prior(self._leave_one_out_scores(), _PHOTOS_PRIOR)

    def threshold(self, by_text: float, by_photos: float) -> float:
        """Spreads above the library's mean from which the label counts."""
        scores = np.array(
            [
                self._examples[at] @ self._blend(by_text, by_photos, without=at)
                for at in range(len(self._examples))
                if len(self._examples) > 1
            ]
        )
        threshold = (_THRESHOLD_PLACE * float(scores.sum()) + _BLEND_PRIOR) / (len(scores) + 1)
        if len(self._counterexamples) and len(scores):
            opposed = [
                self._counterexamples[at] @ self._blend(by_text, by_photos, without_counter=at)
                for at in range(len(self._counterexamples))
            ]
            middle = (float(scores.mean()) + float(np.mean(opposed))) / 2
            threshold = max(threshold, min(middle, float(scores.mean())))
        return max(threshold, _LEAST_SPREADS)

    def _leave_one_out_scores(self) -> NDArray[np.float64]:
        """Each example's score by the direction of the other examples."""
        if len(self._examples) == 1:
            return np.empty(0)
        return np.array([row @ self.photo_direction(without=at) for at, row in enumerate(self._examples)])

    def _blend(
        self, by_text: float, by_photos: float, *, without: int | None = None, without_counter: int | None = None
    ) -> NDArray[np.float64]:
        photos = self.photo_direction(without=without, without_counter=without_counter)
        return self._unit(by_text * self.text + by_photos * photos)

    def _unit(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        return direction / max(self._background.spread(direction), _TINY)


def _with_prior(measured: NDArray[np.float64], prior: float) -> float:
    """The mean of *measured* and one imaginary value *prior*."""
    # Not zero for both: a direction must be left.
    return max(0.0, (float(measured.sum()) + prior) / (len(measured) + 1)) + 1e-6


def _mean_without(rows: NDArray[np.float64], left_out: int | None) -> NDArray[np.float64]:
    total, count = rows.sum(0), len(rows)
    mean: NDArray[np.float64] = total / count if left_out is None else (total - rows[left_out]) / (count - 1)
    return mean


def _longest_step(start: NDArray[np.float64], step: NDArray[np.float64], most: float = math.inf) -> float:
    """The largest factor of *step*, at most *most*, for which *start* plus the step has a length of at most one."""
    a, b, c = float(step @ step), 2 * float(start @ step), float(start @ start) - 1
    if a <= 0 or c >= 0:
        return 0.0
    return min(most, (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a))
