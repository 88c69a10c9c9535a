"""A sample of photos that stands for a whole library."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from store import Catalog, Space

#: The most photos of a sample.
SAMPLE: Final = 8192


def sample_of(catalog: Catalog, space: Space) -> NDArray[np.float32]:
    """Embeddings of photos that have a file, float32 (n, d): all, or a sample at even distances by id."""
    photo_ids, _ = sample_ids(catalog, space)
    with catalog.read() as t:
        return t.embeddings.get(space.id, photo_ids.tolist()).matrix


def sample_ids(catalog: Catalog, space: Space) -> tuple[NDArray[np.int64], int]:
    """The photos of the sample, int64 (n,), and the number of all photos with a file."""
    with catalog.read() as t:
        gone = t.photos.gone()
        photo_ids = t.embeddings.ids(space.id)
    there = photo_ids[~np.isin(photo_ids, gone)]
    step = max(1, -(-len(there) // SAMPLE))
    return there[::step], len(there)
