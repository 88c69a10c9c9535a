"""Calibrations: the distribution of each label's cosines over the library, those that lie far from the others first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photos.library import OpenLibrary
from query.similarity import best_photos
from query.tagging import LabelMatrix, measure, rule_in_force, slot_views
from store import Space, Transaction, Vectors

#: Scales the median absolute deviation of normally distributed numbers to their standard deviation.
_NORMAL: Final = 1.4826
#: Labels that are needed to say what is usual.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class CalibrationsRequest:
    """The number of labels to return at most, and of photos of each."""

    limit: int = 24
    photos: int = 6


@dataclass(frozen=True, slots=True)
class LabelCalibration:
    """The distribution of a label's cosines over the library.

    `of_median` and `of_spread` say how far its median, and the logarithm of its spread, lie from those of the other
    labels, in their own spreads; 0 where there are too few labels. The label counts from the cosine `minimum` on.
    `clearest` are photos with their cosines, best first.
    """

    name: str
    median: float
    spread: float
    of_median: float
    of_spread: float
    minimum: float
    clearest: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CalibrationsResult:
    """Labels in force, those that lie farthest from the others first; a part of all `count`.

    `photos` and `measured_at`, in seconds since 1970, are of the calibration in force; None if there is none: then
    the numbers are measured now, and no label counts by them. `median` and `spread` are usual ones.
    """

    labels: tuple[LabelCalibration, ...]
    count: int
    photos: int | None
    measured_at: float | None
    median: float
    spread: float


def label_calibrations(library: OpenLibrary, request: CalibrationsRequest) -> CalibrationsResult:
    """Return how the labels in force score over the library. Raises `EmptyLibrary`."""
    space = library.space
    with library.catalog.read() as t:
        found = _labels(t, space)
        current = t.calibrations.current(space.id)
        spreads = {} if current is None else t.calibrations.of(current.id, list(found))
        vectors = t.labels.vectors(space.id, list(found))
    missing = np.array([key not in spreads for key in vectors.ids.tolist()], np.bool_)
    if missing.any():
        spreads |= measure(library.catalog, space, _matrix(vectors, missing))
    names = [key for key in found if key in spreads]
    usual_median, of_median = _distances(np.array([spreads[key].median for key in names]))
    usual_spread, of_spread = _distances(np.log([spreads[key].spread for key in names]))
    order = np.argsort(-np.maximum(np.abs(of_median), np.abs(of_spread)), kind="stable")[: request.limit]
    chosen = [names[at] for at in order]
    with library.catalog.read() as t:
        places = {key: at for at, key in enumerate(vectors.ids.tolist())}
        rows = [places[key] for key in chosen]
        photo_ids, cosines = best_photos(t, space, vectors.matrix[rows], request.photos)
    labels = tuple(
        LabelCalibration(
            found[key][0],
            spreads[key].median,
            spreads[key].spread,
            float(of_median[at]),
            float(of_spread[at]),
            found[key][1],
            tuple(zip(ids.tolist(), own.tolist(), strict=True)),
        )
        for key, at, ids, own in zip(chosen, order.tolist(), photo_ids, cosines, strict=True)
    )
    return CalibrationsResult(
        labels,
        len(names),
        None if current is None else current.photos,
        None if current is None else current.created_at.timestamp(),
        usual_median,
        math.exp(usual_spread),
    )


def _matrix(vectors: Vectors, missing: NDArray[np.bool_]) -> LabelMatrix:
    return LabelMatrix(vectors.ids[missing], vectors.matrix[missing].astype(np.float64), 0)


def _labels(t: Transaction, space: Space) -> dict[int, tuple[str, float]]:
    """Return the labels in force by id: full names, and the cosines from which they count."""
    found: dict[int, tuple[str, float]] = {}
    for view in slot_views(t, space):
        rule = rule_in_force(t, space, view.revision)
        for label in view.revision.labels:
            found.setdefault(label.id, (label.definition.name, rule.minimum_for(label.id)))
    return found


def _distances(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the median of *values*, and how far each lies from it, in spreads: the median absolute deviation."""
    if len(values) < _FEWEST:
        return float(np.median(values)) if len(values) else 0.0, np.zeros(len(values))
    middle = float(np.median(values))
    spread = _NORMAL * float(np.median(np.abs(values - middle)))
    return middle, (values - middle) / spread if spread > 0 else np.zeros(len(values))
