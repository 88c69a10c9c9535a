"""A label's vector from photos that show it, blended with its text's.

Texts and photos lie in cones of their own, so a mean of both would be in neither. Their scores are blended instead:

- *The photos' score*: x . S^-1 (mean of the examples - a quarter of the mean of the counterexamples), all taken from
  the library's mean, with S the library's covariance, half of it replaced by its mean variance. That is the direction
  which tells the examples from everything else in the library (linear discriminant analysis with one background for
  all classes: Hariharan, Malik and Ramanan, "Discriminative Decorrelation for Clustering and Classification", 2012).
- *The blend*: each of the two scores in units of its own spread over the library, times how many spreads the examples
  lie above the library's mean by it; by the photos' score, an example is measured with the others alone. A text that
  describes the thing leads, and the weight of one that does not falls as examples come.
- *The scale*: the vector is combined so that its scores have the mean and the spread over the library that the
  text's have, and so are on the scale of every other label's.
- *The threshold*: most of the way from the library's mean to where the examples lie, with the same caution.

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
_SHRUNK: Final = 0.5
#: The weight of the counterexamples' mean relative to that of the examples.
_AGAINST: Final = 0.25
#: The prior: spreads by which one imaginary example stands out by the text's score, by the photos', and by both. It
#: counts like one real example.
_TEXT_BEFORE: Final = 2.0
_PHOTOS_BEFORE: Final = 1.0
_BOTH_BEFORE: Final = 2.0
#: The threshold's place between the library's mean and the examples.
_PART: Final = 0.85
#: Spreads above the library's mean that the threshold has at least.
_LEAST: Final = 1.0
#: The largest share of the vector's length for its scores' mean.
_MOST: Final = 0.9
#: Replaces zero in a divisor.
_TINY: Final = 1e-30


@dataclass(frozen=True, slots=True)
class Taught:
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
        """True if the photos are all the same, so that nothing can be learnt from them."""
        return bool(self._variance <= _TINY)

    def spread(self, direction: NDArray[np.float64]) -> float:
        """The standard deviation of the library's scores by *direction*, (d,)."""
        return math.sqrt(max(float(direction @ self._covariance @ direction), 0.0))

    def telling(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The directions, (n, d), that separate these differences, (n, d), from the library's own."""
        return np.asarray(np.linalg.solve(self._shrunk(max(_SHRUNK, self._unknown)), rows.T).T, np.float64)

    def scaled(self, direction: NDArray[np.float64], like: NDArray[np.float64]) -> NDArray[np.float64]:
        """A unit vector that ranks as *direction* does and scores the library with the mean and spread of *like*.

        Directions in which photos hardly differ make up for its mean and its length. Where a unit vector has no room
        for all that, the spread is smaller.
        """
        level, quiet = self._level, self._quiet(like)
        mean = float(np.clip(self.mean @ like, -_MOST / np.linalg.norm(level), _MOST / np.linalg.norm(level)))
        varying = direction - (direction @ self.mean) * level
        varying *= self.spread(like) / max(self.spread(varying), _TINY)
        whole = mean * level + _longest(mean * level, varying, 1.0) * varying
        unit: NDArray[np.float64] = whole + _longest(whole, quiet) * quiet
        return unit / np.linalg.norm(unit)

    @cached_property
    def _level(self) -> NDArray[np.float64]:
        """The direction by which every photo scores one, as nearly as possible."""
        level = self._in_quiet(self.mean)
        size = float(level @ self.mean)
        return level / size if size > 0 else np.full(len(level), _TINY)

    def _quiet(self, like: NDArray[np.float64]) -> NDArray[np.float64]:
        """A unit direction, near *like*, by which every photo scores zero, as nearly as possible."""
        quiet = self._in_quiet(like)
        quiet = quiet - (quiet @ self.mean) * self._level
        return quiet / max(float(np.linalg.norm(quiet)), _TINY)

    def _in_quiet(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.linalg.solve(self._shrunk(self._unknown), row), np.float64)

    def _shrunk(self, share: float) -> NDArray[np.float64]:
        """The covariance with *share* of it replaced by the mean variance (Ledoit and Wolf, 2004)."""
        kept: NDArray[np.float64] = (1 - share) * self._covariance
        return np.asarray(kept + share * self._variance * np.eye(len(self._covariance)), np.float64)


def taught(
    background: Background,
    text: NDArray[np.float32],
    examples: NDArray[np.float32],
    counterexamples: NDArray[np.float32],
) -> Taught:
    """The label of a unit vector *text*, (d,), and of photos that show it and that do not, (n, d) and (m, d).

    Without examples, or in a library whose photos are all alike, it is the text's vector.
    """
    if not len(examples):
        return Taught(text, None, 1.0, 0)
    used = len(examples) + len(counterexamples)
    known = text.astype(np.float64)
    if background.is_flat or background.spread(known) <= _TINY:
        return Taught(text, None, 1.0, used)
    lesson = _Lesson(background, known, examples.astype(np.float64), counterexamples.astype(np.float64))
    by_text, by_photos = lesson.weights()
    direction = by_text * lesson.text + by_photos * lesson.photos()
    vector = background.scaled(direction, known)
    cut = float(background.mean @ vector) + lesson.cut(by_text, by_photos) * background.spread(vector)
    return Taught(vector.astype(np.float32), cut, by_text / (by_text + by_photos), used)


class _Lesson:
    """Directions in units of their own spread over the library, and where the examples lie by them."""

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
        told = background.telling(np.concatenate([self._examples, self._counterexamples]))
        self._for, self._against = told[: len(examples)], told[len(examples) :]
        self.text = self._unit(text)

    def photos(self, *, without: int | None = None, without_counter: int | None = None) -> NDArray[np.float64]:
        """The direction of the photos, without one of them."""
        direction = _mean_but(self._for, without)
        if len(self._against) > (without_counter is not None):
            direction = direction - _AGAINST * _mean_but(self._against, without_counter)
        return self._unit(direction)

    def weights(self) -> tuple[float, float]:
        """The weights of the text's score and of the photos'."""
        by_text = self._examples @ self.text
        return _believed(by_text, _TEXT_BEFORE), _believed(self._others_say(), _PHOTOS_BEFORE)

    def cut(self, by_text: float, by_photos: float) -> float:
        """Spreads above the library's mean from which the label counts."""
        lie = np.array(
            [
                self._examples[at] @ self._blend(by_text, by_photos, without=at)
                for at in range(len(self._examples))
                if len(self._examples) > 1
            ]
        )
        cut = (_PART * float(lie.sum()) + _BOTH_BEFORE) / (len(lie) + 1)
        if len(self._counterexamples) and len(lie):
            opposed = [
                self._counterexamples[at] @ self._blend(by_text, by_photos, without_counter=at)
                for at in range(len(self._counterexamples))
            ]
            middle = (float(lie.mean()) + float(np.mean(opposed))) / 2
            cut = max(cut, min(middle, float(lie.mean())))
        return max(cut, _LEAST)

    def _others_say(self) -> NDArray[np.float64]:
        """Each example's score by the direction of the others."""
        if len(self._examples) == 1:
            return np.empty(0)
        return np.array([row @ self.photos(without=at) for at, row in enumerate(self._examples)])

    def _blend(
        self, by_text: float, by_photos: float, *, without: int | None = None, without_counter: int | None = None
    ) -> NDArray[np.float64]:
        photos = self.photos(without=without, without_counter=without_counter)
        return self._unit(by_text * self.text + by_photos * photos)

    def _unit(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        return direction / max(self._background.spread(direction), _TINY)


def _believed(measured: NDArray[np.float64], before: float) -> float:
    # Not zero for both: a direction must be left.
    return max(0.0, (float(measured.sum()) + before) / (len(measured) + 1)) + 1e-6


def _mean_but(rows: NDArray[np.float64], left_out: int | None) -> NDArray[np.float64]:
    total, count = rows.sum(0), len(rows)
    mean: NDArray[np.float64] = total / count if left_out is None else (total - rows[left_out]) / (count - 1)
    return mean


def _longest(start: NDArray[np.float64], step: NDArray[np.float64], most: float = math.inf) -> float:
    """The factor of *step*, at most *most*, that keeps *start*, shorter than one, plus it within length one."""
    a, b, c = float(step @ step), 2 * float(start @ step), float(start @ start) - 1
    if a <= 0 or c >= 0:
        return 0.0
    return min(most, (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a))
