"""A vocabulary as a matrix: one vector a label, cached for each space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store import Catalog, Label, Revision, Space, Vectors

from ..texts import TextVectors

#: Labels' numbers are rounded to multiples of its inverse. Stored embeddings are fp16, which are multiples of 2^-24; so
#: products are multiples of 2^-52, and every sum of them that is below 2 is a float64 without rounding.
_GRID = 2.0**28


@dataclass(frozen=True, slots=True)
class LabelMatrix:
    """`label_ids` int64 (k,) and their unit vectors, float64 (k, d), on the grid; `encoded` labels were not cached."""

    label_ids: NDArray[np.int64]
    matrix: NDArray[np.float64]
    encoded: int

    def cosines(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines, float32 (n, k), of stored *vectors*, float32 (n, d), with every label.

        Exact until they are rounded once, so they depend neither on which rows are computed together nor on the
        machine.
        """
        return (vectors.astype(np.float64) @ self.matrix.T).astype(np.float32)


def on_grid(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """*rows* with every number rounded to the grid on which products with stored embeddings add up exactly."""
    on: NDArray[np.float64] = np.round(rows * _GRID) / _GRID
    return on


def label_matrix(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    progress: Callable[[int, int], None] | None = None,
) -> LabelMatrix:
    """The matrix of *revision* in *space*. Labels that are not cached are encoded; *progress* hears of their texts.

    A label's vector is the mean over its texts' unit vectors, made a unit vector again (prompt ensembling: Radford et
    al., "Learning Transferable Visual Models From Natural Language Supervision", 2021, section 3.1.4).
    """
    with catalog.read() as t:
        cached = t.labels.vectors(space.id, [label.id for label in revision.labels])
    vectors = dict(zip(cached.ids.tolist(), cached.matrix, strict=True))
    missing = [label for label in revision.labels if label.id not in vectors]
    if missing:
        new = _encode(missing, texts, progress)
        with catalog.write() as t:
            t.labels.put_vectors(space.id, new)
        vectors.update(zip(new.ids.tolist(), new.matrix, strict=True))
    return _matrix(space, revision, vectors, len(missing))


def matrix_of(
    space: Space, revision: Revision, texts: TextVectors, progress: Callable[[int, int], None] | None = None
) -> LabelMatrix:
    """As `label_matrix`, for a revision that the catalog does not know: no label's vector is kept, only its texts'."""
    new = _encode(list(revision.labels), texts, progress)
    vectors = dict(zip(new.ids.tolist(), new.matrix, strict=True))
    return _matrix(space, revision, vectors, len(vectors))


def _matrix(space: Space, revision: Revision, vectors: Mapping[int, NDArray[np.float32]], encoded: int) -> LabelMatrix:
    ids = [label.id for label in revision.labels]
    rows = np.array([vectors[label_id] for label_id in ids], np.float64).reshape(len(ids), space.identity.dimension)
    return LabelMatrix(np.array(ids, np.int64), on_grid(rows), encoded)


def _encode(labels: list[Label], texts: TextVectors, progress: Callable[[int, int], None] | None) -> Vectors:
    rows = texts.matrix([text for label in labels for text in label.definition.texts], progress)
    ends = np.cumsum([len(label.definition.texts) for label in labels])
    means = np.stack([part.astype(np.float64).mean(0) for part in np.split(rows, ends[:-1])])
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    return Vectors(np.array([label.id for label in labels], np.int64), unit.astype(np.float32))
