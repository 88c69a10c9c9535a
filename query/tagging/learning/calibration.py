"""Calibration: the distribution of each label's scores over the user's own library.

Labels differ in what they score on pictures that do not show them, and the differences are larger than those between
right and wrong. So a label counts where its cosine stands out from its own usual ones: by the median and the median
absolute deviation, which the few photos that do show it hardly move (Hampel, "The Influence Curve and Its Role in
Robust Estimation", 1974).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from query.similarity.scores import on_grid
from query.tagging.effective.description_tags import follow_vocabularies, words_in_force
from store import Calibration, Catalog, CosineSpread, Space, Transaction

from .label_matrix import LabelMatrix
from .sample import sample_of

#: The fewest photos with which a library is calibrated.
LEAST: Final = 500
#: A library that has grown by this factor is calibrated again.
_GROWN = 2.0
#: Scales the median absolute deviation of normally distributed numbers to their standard deviation.
_NORMAL = 1.4826
#: Cosine. Rounding of stored embeddings has less effect than this.
_FINEST = 2e-4
#: Labels that are measured together.
_LABELS = 256
#: Labels that are written in one transaction.
_PART = 1000


def is_due(t: Transaction, space: Space) -> bool:
    """Return whether the library is large enough for a first snapshot, or has outgrown the one in force."""
    count, current = t.embeddings.count(space.id), t.calibrations.current(space.id)
    return count >= LEAST and (current is None or count >= _GROWN * current.photos)


def calibrate(catalog: Catalog, space: Space, labels: LabelMatrix) -> Calibration:
    """Make a new snapshot of *labels* and all labels in use, and put it in force.

    A re-tag is then pending in every slot of the space.
    """
    spreads = measure(catalog, space, _with_those_in_force(catalog, space, labels))
    with catalog.write() as t:
        key = t.calibrations.begin(space.id)
    _keep(catalog, key, spreads)
    with catalog.write() as t:
        before = words_in_force(t)
        t.slots.of(space.id).mark_all_stale()
        calibration = t.calibrations.put_in_force(key, t.embeddings.count(space.id))
        follow_vocabularies(t, before)
        return calibration


def _keep(catalog: Catalog, calibration_id: int, spreads: dict[int, CosineSpread]) -> None:
    """Add labels to a snapshot, in short transactions, so that nobody waits for thousands."""
    labels = list(spreads)
    for start in range(0, len(labels), _PART):
        with catalog.write() as t:
            t.calibrations.complete(calibration_id, {key: spreads[key] for key in labels[start : start + _PART]})


def _with_those_in_force(catalog: Catalog, space: Space, labels: LabelMatrix) -> LabelMatrix:
    known = set(labels.label_ids.tolist())
    with catalog.read() as t:
        scorings = (t.scores.current(space.id, name) for name in t.slots.names())
        scored = {label_id for scoring in scorings if scoring is not None for label_id in scoring.label_ids.tolist()}
        others = t.labels.vectors(space.id, sorted(scored - known))
    if not len(others):
        return labels
    ids = np.concatenate([labels.label_ids, others.ids])
    return LabelMatrix(ids, np.concatenate([labels.matrix, on_grid(others.matrix.astype(np.float64))]), labels.encoded)


def complete(catalog: Catalog, space: Space, labels: LabelMatrix) -> None:
    """Add the labels that the snapshot in force, if there is one, does not have."""
    ids = labels.label_ids.tolist()
    with catalog.read() as t:
        current = t.calibrations.current(space.id)
        known = {} if current is None else t.calibrations.of(current.id, ids)
    if current is None or len(known) == len(ids):
        return
    missing = np.array([label_id not in known for label_id in ids])
    spreads = measure(catalog, space, LabelMatrix(labels.label_ids[missing], labels.matrix[missing], 0))
    _keep(catalog, current.id, spreads)


def measure(catalog: Catalog, space: Space, labels: LabelMatrix) -> dict[int, CosineSpread]:
    """The distributions of the labels' cosines over the library's photos; empty for an empty library."""
    sample = sample_of(catalog, space)
    if not len(sample):
        return {}
    spreads: dict[int, CosineSpread] = {}
    for start in range(0, len(labels.label_ids), _LABELS):
        some = labels.matrix[start : start + _LABELS].astype(np.float32)
        found = spread_of(sample @ some.T)
        spreads |= dict(zip(labels.label_ids[start : start + _LABELS].tolist(), found, strict=True))
    return spreads


def spread_of(cosines: NDArray[np.float32]) -> list[CosineSpread]:
    """The distribution of each column of *cosines*, float32 (photos, labels)."""
    median = _median(cosines)
    spread = np.maximum(_NORMAL * _median(np.abs(cosines - median)), _FINEST)
    return [CosineSpread(float(middle), float(around)) for middle, around in zip(median, spread, strict=True)]


def _median(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each column's median. `np.median` is the same, but imports masked arrays, which takes as long as a search."""
    middle = (len(columns) - 1) // 2, len(columns) // 2
    median: NDArray[np.float32] = np.partition(columns, middle, axis=0)[middle, :].mean(axis=0)
    return median
