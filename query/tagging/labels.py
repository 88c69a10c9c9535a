"""A vocabulary as a matrix: one vector a label, cached for each space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store import Catalog, Label, Revision, Space, Vectors

from ..texts import TextVectors


@dataclass(frozen=True, slots=True)
class LabelMatrix:
    """`label_ids` int64 (k,) and their vectors, float64 (k, d); `encoded` labels were not cached."""

    label_ids: NDArray[np.int64]
    matrix: NDArray[np.float64]
    encoded: int

    def cosines(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines, float32 (n, k), of *vectors*, float32 (n, d), with every label.

        Computed in float64, so that the rounded result does not depend on which rows are computed together.
        """
        return (vectors.astype(np.float64) @ self.matrix.T).astype(np.float32)


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
    ids = [label.id for label in revision.labels]
    with catalog.read() as t:
        cached = t.labels.vectors(space.id, ids)
    vectors = dict(zip(cached.ids.tolist(), cached.matrix, strict=True))
    missing = [label for label in revision.labels if label.id not in vectors]
    if missing:
        new = _encode(missing, texts, progress)
        with catalog.write() as t:
            t.labels.put_vectors(space.id, new)
        vectors.update(zip(new.ids.tolist(), new.matrix, strict=True))
    matrix = np.array([vectors[label_id] for label_id in ids], np.float64).reshape(len(ids), space.identity.dimension)
    return LabelMatrix(np.array(ids, np.int64), matrix, len(missing))


def _encode(labels: list[Label], texts: TextVectors, progress: Callable[[int, int], None] | None) -> Vectors:
    rows = texts.matrix([text for label in labels for text in label.definition.texts], progress)
    ends = np.cumsum([len(label.definition.texts) for label in labels])
    means = np.stack([part.astype(np.float64).mean(0) for part in np.split(rows, ends[:-1])])
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    return Vectors(np.array([label.id for label in labels], np.int64), unit.astype(np.float32))
