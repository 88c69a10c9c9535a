"""Tags as they are shown: of photos, and of the library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from store import Catalog, Revision, Space, Transaction

from .calibration import spreads_in_force
from .rule import ScoredTag, TagRule


def photo_tags(
    catalog: Catalog, space: Space, photo_ids: Sequence[int], *, threshold: float | None = None
) -> dict[int, list[ScoredTag]]:
    """Each photo's tags, a person's first, then by falling score. *threshold* is a probability."""
    with catalog.read() as t:
        return tags_of(t, space, photo_ids, threshold=threshold)


def tags_of(
    t: Transaction, space: Space, photo_ids: Sequence[int], *, threshold: float | None = None
) -> dict[int, list[ScoredTag]]:
    """As `photo_tags`, within *t*."""
    revision_id = t.library.revision_id()
    if revision_id is None:
        return {photo_id: [] for photo_id in photo_ids}
    rule = rule_in_force(t, space, t.vocabularies.revision(revision_id), threshold)
    return {photo_id: rule.shown(tags) for photo_id, tags in t.tags.of(photo_ids).items()}


def tag_counts(catalog: Catalog, space: Space, *, threshold: float | None = None) -> list[tuple[str, int]]:
    """The library's tags, each with the number of photos that have it, most first. *threshold* is a probability."""
    with catalog.read() as t:
        revision_id = t.library.revision_id()
        if revision_id is None:
            return []
        rule = rule_in_force(t, space, t.vocabularies.revision(revision_id), threshold)
        lowest = min([rule.minimum, *rule.minimums.values()])
        counted = Counter(tag.label for tags in t.tags.each(lowest) for tag in rule.shown(tags))
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def rule_in_force(t: Transaction, space: Space, revision: Revision, threshold: float | None = None) -> TagRule:
    """The rule for *revision* with the calibration in force. *threshold* is a probability."""
    spreads = spreads_in_force(t, space, [label.id for label in revision.labels])
    return TagRule(revision, space.identity, threshold, spreads)
