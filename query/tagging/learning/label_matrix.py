"""A vocabulary as a matrix: one vector a label, cached for each space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from query.similarity import TextVectors
from store import Catalog, Label, LabelFit, Revision, Space, Vectors

from .examples import taught_by

#: Labels' numbers are rounded to multiples of its inverse. Stored embeddings are fp16, which are multiples of 2^-24; so
#: products are multiples of 2^-52, and every sum of them that is below 2 is a float64 without rounding.
_GRID = 2.0**28


@dataclass(frozen=True, slots=True)
class LabelMatrix:
    """`label_ids` int64 (k,) and their unit vectors, float64 (k, d), on the grid; `encoded` labels were not cached.

    `made` holds how the vectors of labels with examples were made, by label.
    """

    label_ids: NDArray[np.int64]
    matrix: NDArray[np.float64]
    encoded: int
    made: Mapping[int, LabelFit] = field(default_factory=dict)

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
    """The matrix of *revision* in *space*. *progress* gets the texts encoded, and in all, of labels without a vector.

    A label's vector is the mean over its texts' unit vectors, made a unit vector again (prompt ensembling: Radford et
    al., "Learning Transferable Visual Models From Natural Language Supervision", 2021, section 3.1.4). Where there are
    examples, they are blended in: see `taught_vector`.
    """
    with catalog.read() as t:
        cached = t.labels.vectors(space.id, [label.id for label in revision.labels])
        learners = [label.id for label in revision.labels if label.definition.is_taught]
        made = t.labels.made(space.id, learners)
    vectors = dict(zip(cached.ids.tolist(), cached.matrix, strict=True))
    missing = [label for label in revision.labels if label.id not in vectors]
    if missing:
        new, new_made = _teach(catalog, space, missing, _encode(missing, texts, progress))
        with catalog.write() as t:
            t.labels.put_vectors(space.id, new, new_made)
            # Another process may have made one of them at the same time, from another state of the library.
            new, new_made = t.labels.vectors(space.id, new.ids.tolist()), t.labels.made(space.id, list(new_made))
        vectors.update(zip(new.ids.tolist(), new.matrix, strict=True))
        made |= new_made
    return _matrix(space, revision, vectors, len(missing), made)


def matrix_of(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    progress: Callable[[int, int], None] | None = None,
) -> LabelMatrix:
    """The matrix of a revision that the catalog does not know; only the vectors of texts are stored.

    Labels with examples that the catalog knows keep their vectors from there.
    """
    new, made = _teach(catalog, space, revision.labels, _encode(list(revision.labels), texts, progress))
    vectors = dict(zip(new.ids.tolist(), new.matrix, strict=True))
    learners = [label for label in revision.labels if label.definition.is_taught]
    with catalog.read() as t:
        known = t.vocabularies.ids_of([label.definition for label in learners])
        ids = {key: label.id for key, label in zip(known, learners, strict=True) if key is not None}
        cached, cached_made = t.labels.vectors(space.id, list(ids)), t.labels.made(space.id, list(ids))
    vectors.update({ids[key]: row for key, row in zip(cached.ids.tolist(), cached.matrix, strict=True)})
    made |= {ids[key]: each for key, each in cached_made.items()}
    return _matrix(space, revision, vectors, len(vectors), made)


def _matrix(
    space: Space,
    revision: Revision,
    vectors: Mapping[int, NDArray[np.float32]],
    encoded: int,
    made: Mapping[int, LabelFit],
) -> LabelMatrix:
    ids = [label.id for label in revision.labels]
    rows = np.array([vectors[label_id] for label_id in ids], np.float64).reshape(len(ids), space.identity.dimension)
    return LabelMatrix(np.array(ids, np.int64), on_grid(rows), encoded, made)


def _teach(
    catalog: Catalog, space: Space, labels: Sequence[Label], texts: Vectors
) -> tuple[Vectors, dict[int, LabelFit]]:
    """The vectors of *labels*, given those by *texts* alone, and how the ones with examples were made."""
    learners = [at for at, label in enumerate(labels) if label.definition.is_taught]
    if not learners:
        return texts, {}
    lessons = taught_by(catalog, space, [labels[at].definition for at in learners], texts.matrix[learners])
    texts.matrix[learners] = [lesson.vector for lesson in lessons]
    made = zip((labels[at].id for at in learners), lessons, strict=True)
    return texts, {label_id: LabelFit(lesson.used, lesson.minimum, lesson.text_share) for label_id, lesson in made}


def _encode(labels: list[Label], texts: TextVectors, progress: Callable[[int, int], None] | None) -> Vectors:
    rows = texts.matrix([text for label in labels for text in label.definition.texts], progress)
    ends = np.cumsum([len(label.definition.texts) for label in labels])
    means = np.stack([part.astype(np.float64).mean(0) for part in np.split(rows, ends[:-1])])
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    return Vectors(np.array([label.id for label in labels], np.int64), unit.astype(np.float32))
