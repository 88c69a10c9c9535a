"""Cosines with the photos of the library, and the model's own logits and probabilities.

logit = exp(scale) * cosine + bias and p = 1 / (1 + exp(-logit)), with the checkpoint's scale and bias, in float32
(Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023). A checkpoint without a bias has neither.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from store import Space, SpaceIdentity, Transaction

#: Labels' numbers are rounded to multiples of its inverse. Stored embeddings are fp16, which are multiples of 2^-24; so
#: products are multiples of 2^-52, and every sum of them that is below 2 is a float64 without rounding.
_GRID = 2.0**28
#: Photos read at once: their vectors stay in the processor's cache.
_CHUNK = 512


def logit(cosine: float, identity: SpaceIdentity) -> float | None:
    """Return the model's logit for a picture and a text with this cosine; None if the checkpoint has no bias."""
    if identity.logit_bias is None:
        return None
    scale = np.exp(np.float32(identity.logit_scale))
    return float(scale * np.float32(cosine) + np.float32(identity.logit_bias))


def probability(cosine: float, identity: SpaceIdentity) -> float | None:
    """Return the model's probability that the text describes the picture; None if the checkpoint has no bias."""
    found = logit(cosine, identity)
    # This form neither overflows nor loses small probabilities.
    return None if found is None else float(np.exp(-np.logaddexp(np.float32(0), np.float32(-found))))


def on_grid(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return *rows* with every number rounded to the grid on which products with stored embeddings add up exactly."""
    on: NDArray[np.float64] = np.round(rows * _GRID) / _GRID
    return on


def cosine_of(p: float, identity: SpaceIdentity) -> float | None:
    """Return the cosine with probability *p*; minus infinity for 0 and below, plus infinity for 1 and above.

    None for all others if the checkpoint has no bias.
    """
    if p <= 0:
        return -math.inf
    if p >= 1:
        return math.inf
    if identity.logit_bias is None:
        return None
    return (math.log(p / (1 - p)) - identity.logit_bias) / math.exp(identity.logit_scale)


def library_cosines(
    t: Transaction, space: Space, vector: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the photos with a file: ids, int64 (n,), and cosines with *vector*, float64 (n,)."""
    ids, cosines = cosines_with(t, space, vector[np.newaxis])
    return ids, cosines[:, 0]


def cosines_with(
    t: Transaction, space: Space, queries: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the photos with a file: ids, int64 (n,), ascending, and cosines with *queries*, (k, d): float64 (n, k)."""
    ids, cosines = [np.empty(0, np.int64)], [np.empty((0, len(queries)), np.float64)]
    exact = queries.astype(np.float64).T
    for vectors in t.embeddings.scan(space.id, _CHUNK):
        ids.append(vectors.ids)
        cosines.append(vectors.matrix.astype(np.float64) @ exact)
    gone = t.photos.gone()
    all_ids, all_cosines = np.concatenate(ids), np.concatenate(cosines)
    there = ~np.isin(all_ids, gone)
    return all_ids[there], all_cosines[there]


def best_photos(
    t: Transaction, space: Space, queries: NDArray[np.float32], count: int
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float64]]]:
    """Return for each of *queries*, (k, d), the *count* photos with the highest cosines: ids, and cosines, best first.

    Memory does not grow with the library. Of equal cosines the smaller id comes first.
    """
    exact = queries.astype(np.float64).T
    gone = t.photos.gone()
    ids = [np.empty(0, np.int64)] * len(queries)
    cosines = [np.empty(0, np.float64)] * len(queries)
    for vectors in t.embeddings.scan(space.id, _CHUNK):
        there = ~np.isin(vectors.ids, gone)
        found = vectors.matrix[there].astype(np.float64) @ exact
        for at in range(len(queries)):
            both, scores = np.concatenate([ids[at], vectors.ids[there]]), np.concatenate([cosines[at], found[:, at]])
            order = np.lexsort((both, -scores))[:count]
            ids[at], cosines[at] = both[order], scores[order]
    return ids, cosines
