"""Columns of labels: the cosines of a label with the photos of a strip."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photos.library import OpenLibrary
from photos.operations.searching.strips import StripRequest, StripResult, cosines_with_strip, strip
from query.errors import UnknownLabel
from query.similarity import probability
from query.tagging import rule_in_force

from .revisions import label_in_force


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """The cosines of a label, float64 (n,), with the photos of a strip; NaN for a photo without an embedding.

    The label counts from the cosine `minimum` on, for which the model gives `probability`: the logistic function of
    `scale` times the cosine, plus `bias`, which is None for a model without probabilities.
    """

    strip: StripResult
    label: str
    cosines: NDArray[np.float64]
    minimum: float
    probability: float | None
    scale: float
    bias: float | None


def label_column(library: OpenLibrary, name: str, request: StripRequest) -> LabelColumn:
    """Return the cosines of a label in force. Raises `UnknownLabel`, `NothingFound`, and as `strip` does."""
    whole, library = strip(library, request), library.in_space(request.model)
    space = library.space
    with library.catalog.read() as t:
        label, revision, _ = label_in_force(t, name)
        found = t.labels.vectors(space.id, [label.id])
        rule = rule_in_force(t, space, revision)
    if not len(found):
        # It has not been encoded yet: its re-tag is pending.
        raise UnknownLabel(name, revision.vocabulary, [])
    minimum = rule.minimum_for(label.id)
    cosines = cosines_with_strip(library, space, found.matrix, whole.shapes.ids)[:, 0]
    return LabelColumn(
        whole,
        label.definition.name,
        cosines,
        minimum,
        probability(minimum, space.identity),
        math.exp(space.identity.logit_scale),
        space.identity.logit_bias,
    )
