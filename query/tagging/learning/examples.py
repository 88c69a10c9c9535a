"""Labels with examples: their vectors, made from the photos that the catalog has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from store import Catalog, LabelDefinition, LabelFit, Revision, Space, Transaction, Vectors

from .sample import sample_of
from .taught_vector import Background, Taught, taught


def taught_by(
    catalog: Catalog, space: Space, labels: Sequence[LabelDefinition], texts: NDArray[np.float32]
) -> list[Taught]:
    """Vectors of *labels* by their examples in the library, given the unit vectors of their *texts*, (n, d).

    Examples that are not in the library now are left out.
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
    """Return *revision* with new ids for labels of which more examples have come into the library.

    Their vectors must be made again. Returns the same revision if there are none; otherwise a re-tag is pending in
    every slot with one of these labels, and tags are those of the old vectors until it is complete.
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
                t.slots.mark_stale(slot.name)
        return t.vocabularies.as_now(newest)


def fitted_minimums(t: Transaction, space: Space, revision: Revision) -> dict[int, float]:
    """The cosines from which labels count, by label, where their examples give one."""
    learners = [label.id for label in revision.labels if label.definition.is_taught]
    return minimums_of(t.labels.made(space.id, learners)) if learners else {}


def minimums_of(made: Mapping[int, LabelFit]) -> dict[int, float]:
    """The minimums that examples give, by label."""
    return {key: each.minimum for key, each in made.items() if each.minimum is not None}


def _usable(t: Transaction, space: Space, label: LabelDefinition) -> int:
    """The number of examples that a vector would be made of."""
    shown, not_shown = (len(_embeddings(t, space, each)) for each in (label.examples, label.counterexamples))
    return shown + not_shown if shown else 0


def _embeddings(t: Transaction, space: Space, hashes: Sequence[str]) -> Vectors:
    # In the order of the photos, so that the order in which they are named cannot change a digit.
    return t.embeddings.get(space.id, sorted(set(photos_of(t, hashes).values())))
