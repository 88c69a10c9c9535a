"""Search: the photos nearest to a text or a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store import Catalog, Photo, Space, VectorIndex

from .scores import logit, probability
from .tagging import ScoredTag, tags_of
from .texts import TextVectors

#: How often index and catalog are asked anew when photos go between the two.
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Match:
    """A photo that was found. `cosine`, `logit` and `probability` are the model's own, not rescaled."""

    photo_id: int
    cosine: float
    logit: float
    probability: float
    photo: Photo
    tags: tuple[ScoredTag, ...]


def search_text(
    catalog: Catalog, index: VectorIndex, space: Space, texts: TextVectors, text: str, count: int
) -> list[Match]:
    """The *count* photos that *text* describes best, best first. Raises `EmptyQuery` if it has no words."""
    return search_vector(catalog, index, space, texts.vector(text), count)


def search_vector(
    catalog: Catalog,
    index: VectorIndex,
    space: Space,
    vector: NDArray[np.float32],
    count: int,
    *,
    exclude: int | None = None,
) -> list[Match]:
    """The *count* photos nearest to *vector*, float32 (d,), best first, without the photo *exclude*."""
    for _ in range(_LOOKS):
        nearest = _nearest(index, vector, count, exclude)
        ids = [photo_id for photo_id, _ in nearest]
        with catalog.read() as t:
            photos = {photo.id: photo for photo in t.photos.get(ids) if photo.paths}
            tags = tags_of(t, space, ids)
        # Files may go between the two looks; the index knows by the next.
        if len(photos) == len(ids):
            break
    return [
        Match(
            photo_id,
            cosine,
            logit(cosine, space.identity),
            probability(cosine, space.identity),
            photos[photo_id],
            tuple(tags[photo_id]),
        )
        for photo_id, cosine in nearest
        if photo_id in photos
    ]


def _nearest(
    index: VectorIndex, vector: NDArray[np.float32], count: int, exclude: int | None
) -> list[tuple[int, float]]:
    found = index.search(vector, count + (exclude is not None))
    pairs = zip(found.photo_ids.tolist(), found.cosines.tolist(), strict=True)
    return [(photo_id, cosine) for photo_id, cosine in pairs if photo_id != exclude][:count]
