"""Effective tags: automatic and manual tags together, as they are shown for photos and counted in the library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from query.tagging.learning.calibration import spreads_in_force
from query.tagging.learning.examples import fitted_minimums
from store import Catalog, PhotoScores, Revision, Scoring, Space, Tag, TagSource, Transaction

from .namespaces import SlotView, as_scored, parts, slot_views
from .rule import ScoredTag, TagRule

#: Photos with manual tags that are read together.
_SAID = 1000
#: Photos whose scores are read together.
_SCANNED = 4096
#: Manual tags come first.
_ORDER: Final = {TagSource.USER: 0, TagSource.IMPORTED: 1, TagSource.AUTO: 2}


def photo_tags(
    catalog: Catalog, space: Space, photo_ids: Sequence[int], *, threshold: float | None = None
) -> dict[int, list[ScoredTag]]:
    """Each photo's tags: manual ones first, then by falling score. *threshold* is a probability."""
    with catalog.read() as t:
        return tags_of(t, space, photo_ids, threshold=threshold)


def tags_of(
    t: Transaction, space: Space, photo_ids: Sequence[int], *, threshold: float | None = None
) -> dict[int, list[ScoredTag]]:
    """Do `photo_tags` within *t*."""
    said, in_force = t.tags.of(photo_ids), t.slots.in_force()
    scorings = {each.namespace: t.scores.current(space.id, each.namespace) for each in in_force}
    kept = {each.namespace: _scores(t, each.folders, scorings[each.namespace], photo_ids) for each in in_force}
    # A rule for thousands of labels takes longer than a search, as does reading them.
    label_ids = {namespace: set(scores.label_ids.ravel().tolist()) for namespace, scores in kept.items()}
    near = parts(t, in_force, label_ids, {tag.label for tags in said.values() for tag in tags})
    if not near:
        return {photo_id: [] for photo_id in photo_ids}
    rules = [rule_in_force(t, space, view.revision, threshold) for view in near]
    slots = [ScoredSlot(view, rule, scorings[view.namespace]) for view, rule in zip(near, rules, strict=True)]
    return _with_all(slots, said, [_tags(slot.view, kept[slot.view.namespace]) for slot in slots])


def tag_counts(catalog: Catalog, space: Space, *, threshold: float | None = None) -> list[tuple[str, int]]:
    """The library's tags, each with the number of photos that have it, most first. *threshold* is a probability."""
    with catalog.read() as t:
        gone = set(t.photos.gone())
        slots = scored_slots(t, space, threshold)
        counted = Counter(tag.label for key, tags in _each_shown(t, slots) if key not in gone for tag in tags)
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


@dataclass(frozen=True, slots=True, eq=False)
class ScoredSlot:
    """A vocabulary in force with its rule and its scoring; None before there is one."""

    view: SlotView
    rule: TagRule
    scoring: Scoring | None

    def scan(self, t: Transaction, holding: Collection[int] | None = None) -> Iterator[PhotoScores]:
        """The scores of every photo in its folders, by ascending photo.

        With *holding*, only photos that hold one of these labels, and perhaps some others.
        """
        if self.scoring is None:
            return
        if not self.view.folders:
            yield from t.scores.scan(self.scoring.id, holding=holding)
            return
        scope = t.scopes.photos(self.view.folders).tolist()
        for start in range(0, len(scope), _SCANNED):
            yield t.scores.of(self.scoring.id, scope[start : start + _SCANNED])

    def of(self, t: Transaction, photo_ids: Sequence[int]) -> dict[int, list[Tag]]:
        """The best labels, by falling cosine, of the given photos that lie in its folders."""
        return _tags(self.view, _scores(t, self.view.folders, self.scoring, photo_ids))


def scored_slots(t: Transaction, space: Space, threshold: float | None = None) -> list[ScoredSlot]:
    """The vocabularies in force, the main one first. *threshold* is a probability."""
    return [scored_slot(t, space, view, threshold) for view in slot_views(t, space)]


def plain_scored_slot(t: Transaction, space: Space, namespace: str) -> ScoredSlot:
    """The vocabulary in force under *namespace*, which must exist, with its labels under their own names."""
    revision_id = t.slots.current_revision_id(namespace)
    assert revision_id is not None
    revision = as_scored(t, space, t.vocabularies.revision(revision_id), namespace)
    view = SlotView(namespace, revision, t.slots.folders(namespace))
    return scored_slot(t, space, view)


def scored_slot(t: Transaction, space: Space, view: SlotView, threshold: float | None = None) -> ScoredSlot:
    """*view* with its rule and its scoring. *threshold* is a probability."""
    rule = rule_in_force(t, space, view.revision, threshold)
    return ScoredSlot(view, rule, t.scores.current(space.id, view.namespace))


def _scores(t: Transaction, folders: Sequence[bytes], scoring: Scoring | None, photo_ids: Sequence[int]) -> PhotoScores:
    """The scores of the given photos that lie in *folders*, or of all of them if there are no folders."""
    if scoring is None:
        return PhotoScores(np.empty(0, np.int64), np.empty((0, 0), np.int64), np.empty((0, 0), np.float32))
    there = t.scopes.among(folders, photo_ids) if folders else photo_ids
    return t.scores.of(scoring.id, sorted(there))


def _tags(view: SlotView, kept: PhotoScores) -> dict[int, list[Tag]]:
    names = names_of(view.revision)
    return {
        photo_id: [
            Tag(photo_id, key, names[key], TagSource.AUTO, at)
            for key, at in zip(labels.tolist(), cosines.tolist(), strict=True)
            if key in names
        ]
        for photo_id, labels, cosines in kept.rows()
    }


def _of_photos(t: Transaction, slots: Sequence[ScoredSlot], photo_ids: Sequence[int]) -> dict[int, list[ScoredTag]]:
    if not slots:
        return {photo_id: [] for photo_id in photo_ids}
    return _with_all(slots, t.tags.of(photo_ids), [slot.of(t, photo_ids) for slot in slots])


def _with_all(
    slots: Sequence[ScoredSlot], said: Mapping[int, Sequence[Tag]], held: Sequence[Mapping[int, list[Tag]]]
) -> dict[int, list[ScoredTag]]:
    return {
        photo_id: _together(slots, of_one, [of_photos.get(photo_id, []) for of_photos in held])
        for photo_id, of_one in said.items()
    }


def _together(slots: Sequence[ScoredSlot], said: Sequence[Tag], automatic: Sequence[list[Tag]]) -> list[ScoredTag]:
    """The tags shown for one photo: those *said* by hand or import, those that each slot kept, and implied ones."""
    if len(slots) == 1:
        return slots[0].rule.shown([*said, *automatic[0]])
    # A name that no vocabulary knows goes with the first one.
    owners = [next((slot for slot in slots if slot.rule.knows(tag.label)), slots[0]) for tag in said]
    shown: list[ScoredTag] = []
    for slot, scored in zip(slots, automatic, strict=True):
        mine = [
            tag for tag, owner in zip(said, owners, strict=True) if owner is slot or tag.source is TagSource.REJECTED
        ]
        shown += slot.rule.shown([*mine, *scored])
    return sorted(shown, key=_place)


def _place(tag: ScoredTag) -> tuple[int, float]:
    """The sort key of a tag of one vocabulary among those of others."""
    if tag.implied_by is not None:
        return 3, 0.0
    return _ORDER[tag.source], -(tag.score or 0.0) if tag.source is TagSource.AUTO else 0.0


def _each_shown(t: Transaction, slots: Sequence[ScoredSlot]) -> Iterator[tuple[int, list[ScoredTag]]]:
    """The tags of every photo that has any. A photo may come several times, each time with other tags."""
    said_of = t.tags.photos()
    said = set(said_of)
    for slot in slots:
        names = names_of(slot.view.revision)
        for kept in slot.scan(t):
            for photo_id, automatic in zip(kept.photo_ids.tolist(), slot.rule.automatic(kept, names), strict=True):
                if automatic and photo_id not in said:
                    yield photo_id, slot.rule.shown(automatic)
    for some in (said_of[start : start + _SAID] for start in range(0, len(said_of), _SAID)):
        yield from _of_photos(t, slots, some).items()


def names_of(revision: Revision) -> dict[int, str]:
    """The names of its labels, by id."""
    return {label.id: label.definition.name for label in revision.labels}


def rule_in_force(t: Transaction, space: Space, revision: Revision, threshold: float | None = None) -> TagRule:
    """The rule for *revision* with the calibration in force. *threshold* is a probability."""
    spreads = spreads_in_force(t, space, [label.id for label in revision.labels])
    return TagRule(revision, space.identity, threshold, spreads, fitted_minimums(t, space, revision))
