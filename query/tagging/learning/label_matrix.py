"""A vocabulary as a matrix: one vector a label, of its texts and its examples in the library, cached for each space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from query.similarity import TextVectors
from store import Catalog, Label, LabelDefinition, LabelFit, Revision, Space, Transaction, Vectors

from .sample import sample_of
from .taught_vector import Background, Taught, taught

#: Labels' numbers are rounded to multiples of its inverse. Stored embeddings are fp16, which are multiples of 2^-24; so
#: products are multiples of 2^-52, and every sum of them that is below 2 is a float64 without rounding.
_GRID = 2.0**28
#: Labels whose vectors are written in one transaction.
_PART = 1000


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
        for start in range(0, len(new), _PART):
            part = Vectors(new.ids[start : start + _PART], new.matrix[start : start + _PART])
            made_here = {key: new_made[key] for key in part.ids.tolist() if key in new_made}
            with catalog.write() as t:
                t.labels.put_vectors(space.id, part, made_here)
                # Another process may have made one of them at the same time, from another state of the library.
                part, made_here = (
                    t.labels.vectors(space.id, part.ids.tolist()),
                    t.labels.made(space.id, list(made_here)),
                )
            vectors.update(zip(part.ids.tolist(), part.matrix, strict=True))
            made |= made_here
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


def taught_by(
    catalog: Catalog, space: Space, labels: Sequence[LabelDefinition], texts: NDArray[np.float32]
) -> list[Taught]:
    """Vectors of *labels* by their examples in the library, given the unit vectors of their *texts*, (n, d).

    The library is what it is now. Examples that are not in it are left out.
    """
    background = Background(sample_of(catalog, space))
    found = []
    for label, text in zip(labels, texts, strict=True):
        with catalog.read() as t:
            shown, not_shown = (_embeddings(t, space, each) for each in (label.examples, label.counterexamples))
        found.append(taught(background, text, shown.matrix, not_shown.matrix))
    return found


def photos_of(t: Transaction, hashes: Sequence[str]) -> dict[str, int]:
    """The photos with these SHA-256s; those that are not in the catalog are left out."""
    found = t.photos.of_contents([bytes.fromhex(each) for each in hashes])
    return {content_hash.hex(): photo_id for content_hash, photo_id in found.items()}


def refresh_taught_labels(catalog: Catalog, space: Space, revision: Revision) -> Revision:
    """*revision*, whose labels' vectors are to be made anew where more of their examples came into the library.

    The same if there are none. If it is another, a re-tag is pending wherever one of these labels is; until that is
    whole, the tags are those of the vectors that there were.
    """
    if not any(label.definition.is_taught for label in revision.labels):
        return revision
    with catalog.read() as t:
        newest = t.vocabularies.as_now(revision)
        learners = {label.id: label.definition for label in newest.labels if label.definition.is_taught}
        made = t.labels.made(space.id, list(learners))
        more = [key for key, each in made.items() if _usable(t, space, learners[key]) > each.examples]
    if not more:
        return newest
    with catalog.write() as t:
        before = {slot.name: t.vocabularies.label_ids(slot.target.revision_id) for slot in t.slots.all()}
        for label_id in more:
            t.vocabularies.renew_label(label_id)
        for slot in t.slots.all():
            if not np.array_equal(before[slot.name], t.vocabularies.label_ids(slot.target.revision_id)):
                t.slots.mark_stale_everywhere(slot.name)
        return t.vocabularies.as_now(newest)


def remake_taught_labels(catalog: Catalog, space: Space) -> None:
    """Let vectors of labels be made anew in *space*, which does not answer, where more of their examples came into it.

    Labels keep their ids, unlike by `refresh_taught_labels`: the space that answers is left as it is. So what was
    scored with the old vectors is deleted, and a re-tag is pending in every slot of the space.
    """
    with catalog.read() as t:
        learners = {
            label.id: label.definition
            for slot in t.slots.all()
            for label in t.vocabularies.as_now(t.vocabularies.revision(slot.target.revision_id)).labels
            if label.definition.is_taught
        }
        made = t.labels.made(space.id, list(learners))
        more = [key for key, each in made.items() if _usable(t, space, learners[key]) > each.examples]
    if more:
        with catalog.write() as t:
            t.labels.forget_vectors(space.id, more)
            t.calibrations.forget_labels(space.id, more)
            t.scores.drop_in(space.id)
            t.slots.of(space.id).mark_all_stale()


def _usable(t: Transaction, space: Space, label: LabelDefinition) -> int:
    """The number of examples that a vector would be made of."""
    shown, not_shown = (len(_embeddings(t, space, each)) for each in (label.examples, label.counterexamples))
    return shown + not_shown if shown else 0


def _embeddings(t: Transaction, space: Space, hashes: Sequence[str]) -> Vectors:
    # In the order of the photos, so that the order in which they are named cannot change a digit.
    return t.embeddings.get(space.id, sorted(set(photos_of(t, hashes).values())))
