"""Tags as they are shown: of photos, and of the library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from store import Catalog, Revision, Space, Tag, TagSource, Transaction

from .calibration import spreads_in_force
from .examples import fitted_minimums
from .rule import ScoredTag, TagRule

#: Photos that are read together of those that something was said of.
_SAID = 1000


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
    revision = t.vocabularies.revision(revision_id)
    rule = rule_in_force(t, space, revision, threshold)
    return {photo_id: rule.shown(tags) for photo_id, tags in _held(t, space, revision, photo_ids).items()}


def tag_counts(catalog: Catalog, space: Space, *, threshold: float | None = None) -> list[tuple[str, int]]:
    """The library's tags, each with the number of photos that have it, most first. *threshold* is a probability."""
    with catalog.read() as t:
        revision_id = t.library.revision_id()
        if revision_id is None:
            return []
        revision = t.vocabularies.revision(revision_id)
        rule = rule_in_force(t, space, revision, threshold)
        gone = set(t.photos.gone())
        counted = Counter(
            tag.label for key, tags in each_shown(t, space, revision, rule) if key not in gone for tag in tags
        )
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def each_shown(
    t: Transaction, space: Space, revision: Revision, rule: TagRule
) -> Iterator[tuple[int, list[ScoredTag]]]:
    """The tags of every photo that *rule*, which is of *revision*, shows any of."""
    names = names_of(revision)
    said_of = t.tags.photos()
    said = set(said_of)
    scoring = t.scores.current(space.id)
    for kept in t.scores.scan(scoring.id) if scoring is not None else ():
        for photo_id, automatic in zip(kept.photo_ids.tolist(), rule.automatic(kept, names), strict=True):
            if automatic and photo_id not in said:
                yield photo_id, rule.shown(automatic)
    for some in (said_of[start : start + _SAID] for start in range(0, len(said_of), _SAID)):
        for photo_id, tags in _held(t, space, revision, some).items():
            yield photo_id, rule.shown(tags)


def names_of(revision: Revision) -> dict[int, str]:
    """The names of its labels, by id."""
    return {label.id: label.definition.name for label in revision.labels}


def _held(t: Transaction, space: Space, revision: Revision, photo_ids: Sequence[int]) -> dict[int, list[Tag]]:
    """All that is kept of each photo: what was said of it, and its best labels by falling cosine."""
    tags = t.tags.of(photo_ids)
    scoring = t.scores.current(space.id)
    kept = None if scoring is None else t.scores.of(scoring.id, photo_ids)
    names = names_of(revision)
    for photo_id, labels, cosines in () if kept is None else kept.rows():
        scored = zip(labels.tolist(), cosines.tolist(), strict=True)
        tags[photo_id] += [Tag(photo_id, key, names[key], TagSource.AUTO, at) for key, at in scored if key in names]
    return tags


def rule_in_force(t: Transaction, space: Space, revision: Revision, threshold: float | None = None) -> TagRule:
    """The rule for *revision* with the calibration in force. *threshold* is a probability."""
    spreads = spreads_in_force(t, space, [label.id for label in revision.labels])
    return TagRule(revision, space.identity, threshold, spreads, fitted_minimums(t, space, revision))
