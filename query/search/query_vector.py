"""Several terms as one vector: texts and pictures, added and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from query.errors import BadQuery
from query.language import Query, Term, Text, written

from .text_vectors import TextVectors

#: A sum that is shorter is what rounding leaves of vectors that cancel each other.
_SHORTEST = 1e-4


class PictureVectors(Protocol):
    """Makes vectors of pictures."""

    def vector(self, path: str) -> NDArray[np.float32]:
        """The unit vector, float32 (d,), of the picture at *path*, as it was typed."""
        ...


def combined(terms: Sequence[Term], texts: TextVectors, pictures: PictureVectors) -> NDArray[np.float32]:
    """The unit vector, float32 (d,), of the weighted sum of the unit vectors of *terms*, which are not none.

    A photo's cosine with it is the weighted sum of its cosines with the terms, up to one factor for the whole query.
    Raises `BadQuery` where nothing is left of the sum.
    """
    worded = [term.text for term in terms if isinstance(term, Text)]
    known = dict(zip(worded, texts.matrix(worded), strict=True)) if worded else {}
    total = np.zeros(0)
    for term in terms:
        vector = known[term.text] if isinstance(term, Text) else pictures.vector(term.path)
        scaled = term.weight * vector.astype(np.float64)
        total = total + scaled if len(total) else scaled
    length = float(np.linalg.norm(total))
    if length < _SHORTEST:
        raise BadQuery(written(Query(tuple(terms))), "takes away all that it asks for", "leave a term out")
    unit: NDArray[np.float32] = (total / length).astype(np.float32)
    return unit
