"""A vocabulary as a matrix: one vector a label, of its texts and its examples in the library, cached for each space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from query.similarity import TextVectors
from query.similarity.scores import on_grid
from store import Catalog, Label, LabelDefinition, LabelFit, Revision, Space, Transaction, Vectors

from .sample import sample_of
from .taught_vector import Background, TaughtVector, taught_vector

#: Labels whose vectors are written in one transaction.
_PART = 1000


@dataclass(frozen=True, slots=True)
class LabelMatrix:
    """`label_ids` int64 (k,) and their unit vectors, float64 (k, d), on the grid; `encoded` labels were not cached.

    `fits` holds how the vectors of labels with examples were made, by label.
    """

    label_ids: NDArray[np.int64]
    matrix: NDArray[np.float64]
    encoded: int
    fits: Mapping[int, LabelFit] = field(default_factory=dict)

    def cosines(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines, float32 (n, k), of stored *vectors*, float32 (n, d), with every label.

        Exact until they are rounded once, so they depend neither on which rows are computed together nor on the
        machine.
        """
        return (vectors.astype(np.float64) @ self.matrix.T).astype(np.float32)


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
        taught_labels = [label.id for label in revision.labels if label.definition.is_taught]
        fits = t.labels.fits(space.id, taught_labels)
    vectors = dict(zip(cached.ids.tolist(), cached.matrix, strict=True))
    missing = [label for label in revision.labels if label.id not in vectors]
    if missing:
        new, new_fits = _blend_examples(catalog, space, missing, _encode(missing, texts, progress))
        for start in range(0, len(new), _PART):
            part = Vectors(new.ids[start : start + _PART], new.matrix[start : start + _PART])
            fits_here = {key: new_fits[key] for key in part.ids.tolist() if key in new_fits}
            with catalog.write() as t:
                t.labels.put_vectors(space.id, part, fits_here)
                # Another process may have made one of them at the same time, from another state of the library.
                part, fits_here = (
                    t.labels.vectors(space.id, part.ids.tolist()),
                    t.labels.fits(space.id, list(fits_here)),
                )
            vectors.update(zip(part.ids.tolist(), part.matrix, strict=True))
            fits |= fits_here
    return _matrix(space, revision, vectors, len(missing), fits)


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
    new, fits = _blend_examples(catalog, space, revision.labels, _encode(list(revision.labels), texts, progress))
    vectors = dict(zip(new.ids.tolist(), new.matrix, strict=True))
    taught_labels = [label for label in revision.labels if label.definition.is_taught]
    with catalog.read() as t:
        known = t.vocabularies.ids_of([label.definition for label in taught_labels])
        ids = {key: label.id for key, label in zip(known, taught_labels, strict=True) if key is not None}
        cached, cached_fits = t.labels.vectors(space.id, list(ids)), t.labels.fits(space.id, list(ids))
    vectors.update({ids[key]: row for key, row in zip(cached.ids.tolist(), cached.matrix, strict=True)})
    fits |= {ids[key]: each for key, each in cached_fits.items()}
    return _matrix(space, revision, vectors, len(vectors), fits)


def _matrix(
    space: Space,
    revision: Revision,
    vectors: Mapping[int, NDArray[np.float32]],
    encoded: int,
    fits: Mapping[int, LabelFit],
) -> LabelMatrix:
    ids = [label.id for label in revision.labels]
    rows = np.array([vectors[label_id] for label_id in ids], np.float64).reshape(len(ids), space.identity.dimension)
    return LabelMatrix(np.array(ids, np.int64), on_grid(rows), encoded, fits)


def _blend_examples(
    catalog: Catalog, space: Space, labels: Sequence[Label], texts: Vectors
) -> tuple[Vectors, dict[int, LabelFit]]:
    """The vectors of *labels*, given those by *texts* alone, and how the ones with examples were made."""
    taught_labels = [at for at, label in enumerate(labels) if label.definition.is_taught]
    if not taught_labels:
        return texts, {}
    blended = taught_vectors(
        catalog, space, [labels[at].definition for at in taught_labels], texts.matrix[taught_labels]
    )
    texts.matrix[taught_labels] = [each.vector for each in blended]
    fits = zip((labels[at].id for at in taught_labels), blended, strict=True)
    return texts, {label_id: LabelFit(each.used, each.minimum, each.text_share) for label_id, each in fits}


def _encode(labels: list[Label], texts: TextVectors, progress: Callable[[int, int], None] | None) -> Vectors:
    rows = texts.matrix([text for label in labels for text in label.definition.texts], progress)
    ends = np.cumsum([len(label.definition.texts) for label in labels])
    means = np.stack([part.astype(np.float64).mean(0) for part in np.split(rows, ends[:-1])])
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    return Vectors(np.array([label.id for label in labels], np.int64), unit.astype(np.float32))


def taught_vectors(
    catalog: Catalog, space: Space, labels: Sequence[LabelDefinition], texts: NDArray[np.float32]
) -> list[TaughtVector]:
    """Vectors of *labels* by their examples in the library, given the unit vectors of their *texts*, (n, d).

    The library is what it is now. Examples that are not in it are left out.
    """
    background = Background(sample_of(catalog, space))
    found = []
    for label, text in zip(labels, texts, strict=True):
        with catalog.read() as t:
            shown, not_shown = (_embeddings(t, space, each) for each in (label.examples, label.counterexamples))
        found.append(taught_vector(background, text, shown.matrix, not_shown.matrix))
    return found


def photos_of(t: Transaction, hashes: Sequence[str]) -> dict[str, int]:
    """The photos with these SHA-256s; those that are not in the catalog are left out."""
    found = t.photos.of_contents([bytes.fromhex(each) for each in hashes])
    return {content_hash.hex(): photo_id for content_hash, photo_id in found.items()}


def refresh_taught_labels(catalog: Catalog, space: Space, revision: Revision) -> Revision:
    """Renew the labels of *revision* of which more examples have come into the library, and return it with their ids.

    It is returned as it is if there are none. Else a re-tag is pending in every slot with such a label; until that has
    ended, tags are those of the vectors before.
    """
    if not any(label.definition.is_taught for label in revision.labels):
        return revision
    with catalog.read() as t:
        newest = t.vocabularies.as_now(revision)
        taught_labels = {label.id: label.definition for label in newest.labels if label.definition.is_taught}
        fits = t.labels.fits(space.id, list(taught_labels))
        more = [key for key, each in fits.items() if _count_examples(t, space, taught_labels[key]) > each.examples]
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
    """Delete the vectors of labels of which more examples have come into *space*, which is not the one that answers.

    Labels keep their ids, unlike in `refresh_taught_labels`, because the space that answers uses them. So scores by the
    old vectors are deleted, and a re-tag is pending in every slot of the space.
    """
    with catalog.read() as t:
        taught_labels = {
            label.id: label.definition
            for slot in t.slots.all()
            for label in t.vocabularies.as_now(t.vocabularies.revision(slot.target.revision_id)).labels
            if label.definition.is_taught
        }
        fits = t.labels.fits(space.id, list(taught_labels))
        more = [key for key, each in fits.items() if _count_examples(t, space, taught_labels[key]) > each.examples]
    if more:
        with catalog.write() as t:
            t.labels.forget_vectors(space.id, more)
            t.calibrations.forget_labels(space.id, more)
            t.scores.drop_in(space.id)
            t.slots.of(space.id).mark_all_stale()


def _count_examples(t: Transaction, space: Space, label: LabelDefinition) -> int:
    """The number of examples in the library that a vector would be made of."""
    shown, not_shown = (len(_embeddings(t, space, each)) for each in (label.examples, label.counterexamples))
    return shown + not_shown if shown else 0


def _embeddings(t: Transaction, space: Space, hashes: Sequence[str]) -> Vectors:
    # In the order of the photos, so that the order in which they are named cannot change a digit.
    return t.embeddings.get(space.id, sorted(set(photos_of(t, hashes).values())))
