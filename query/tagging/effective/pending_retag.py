"""Re-tags that are owed: what photos are to be tagged with, and are not all."""

from __future__ import annotations

import numpy as np

from store import Revision, Scoring, Space, Transaction


def pending_revision_id(t: Transaction, space: Space, namespace: str = "") -> int | None:
    """The revision that photos are to be tagged with and are not all; None if nothing is owed."""
    begun, in_force = t.scores.begun(space.id, namespace), t.library.revision_id(namespace)
    if begun is not None:
        return begun.revision_id
    current = t.scores.current(space.id, namespace)
    is_stale = current is not None and (current.revision_id != in_force or not _is_of_labels(t, current))
    return in_force if is_stale or t.library.retag_pending(namespace) else None


def pending_revision_ids(t: Transaction, space: Space) -> dict[str, int]:
    """The namespaces that a re-tag is owed in, each with the revision of which it is; the main one's is empty."""
    found = {namespace: pending_revision_id(t, space, namespace) for namespace in t.namespaces.names()}
    return {namespace: revision_id for namespace, revision_id in found.items() if revision_id is not None}


def target_revision_id(t: Transaction, space: Space, namespace: str = "") -> int | None:
    """The revision that photos are to be tagged with, be they all so or not; None where there is none."""
    begun = t.scores.begun(space.id, namespace)
    return t.library.revision_id(namespace) if begun is None else begun.revision_id


def set_target_revision(t: Transaction, space: Space, revision: Revision, namespace: str = "") -> None:
    """Say that photos are to be tagged with *revision*. A re-tag with another one that was begun is given up."""
    if target_revision_id(t, space, namespace) != revision.id:
        label_ids = t.vocabularies.label_ids(revision.id)
        # A note alone: with how the rule ranks these labels, which may not be known yet, the re-tag begins its own.
        t.scores.begin(space.id, revision.id, label_ids, np.zeros(len(label_ids)), namespace=namespace)


def _is_of_labels(t: Transaction, scoring: Scoring) -> bool:
    """Whether its revision's labels, as they are now, are those that it scored: examples may have come since."""
    return np.array_equal(t.vocabularies.label_ids(scoring.revision_id), scoring.label_ids)
