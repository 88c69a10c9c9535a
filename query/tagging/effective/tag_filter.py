"""Photos by tag: exactly those on which the tag is shown."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from query.vocabulary.labels import Ancestors, LabelFinder, normalized_name
from store import LabelDefinition, PhotoScores, Space, Transaction
from store.filters.id_sets import union

from .effective_tags import ScoredSlot, TagRule, names_of, scored_slot, tags_of
from .slots import MARK, SlotSpeller, SlotView, slot_views

#: Photos whose tags are read together to test them one by one.
_CHUNK = 1000

Ids = NDArray[np.int64]


def tagged(t: Transaction, space: Space, label: str | None) -> Ids:
    """Photos that show the label of exactly that name, or any label, int64 (n,), ascending.

    The result agrees with `tags_of`. Most photos are found by comparing all scores with thresholds at once. Photos with
    manual or imported tags, or with labels that exclude each other, are tested one by one.
    """
    views = _views(t, space, label)
    if not views:
        return np.empty(0, np.int64)
    parts = [part for view in views for part in _by_scores(t, view)]
    with_manual = np.array(t.tags.photos(), np.int64)
    certain, doubtful, reached = (union([part[i] for part in parts]) for i in range(3))
    # Manual and imported tags are always shown.
    certain_or_given = union(
        [np.setdiff1d(certain, with_manual, assume_unique=True), _with_given_tag(t, None if label is None else [label])]
    )
    implying = [] if label is None else sorted(set().union(*(view.bearers for view in views)) - {label})
    # With manual tags, a label may be shown although a better one excludes it: the better one may be rejected.
    to_test = union([doubtful, np.intersect1d(reached, with_manual, assume_unique=True), _with_given_tag(t, implying)])
    to_test = np.setdiff1d(to_test, certain_or_given, assume_unique=True)
    return union([certain_or_given, _shown_on(t, space, to_test, label)])


class TagNames:
    """All labels that can be tags: those of the vocabularies in force, and manual and imported ones."""

    def __init__(self, t: Transaction) -> None:
        in_force = slot_views(t)
        names = {label.definition.name for view in in_force for label in view.revision.labels}
        by_hand = [name for name in t.tags.labels() if name not in names]
        self._names = [*names, *by_hand]
        self._given_names = frozenset(by_hand)
        self._vocabularies = SlotSpeller(in_force)
        self._by_hand = LabelFinder(LabelDefinition(name, ()) for name in by_hand)

    def label(self, name: str) -> str | None:
        """The label called *name*: by its name, an alias, or the singular of either.

        A manual or imported label goes by its exact name, even if a later vocabulary has a similar one.
        """
        if name in self._given_names:
            return name
        return self._vocabularies.label(name) or self._by_hand.label(name)

    def all(self) -> list[str]:
        """Return their full names."""
        return list(self._names)

    def nearest(self, name: str) -> str | None:
        """The label called *name* without its slot, or else the shortest with its words, or one of similar spelling."""
        own = next((each for each in self._names if each.partition(MARK)[2].lower() == name.lower()), None)
        words = f" {normalized_name(name)} "
        holding = [each for each in self._names if words in f" {normalized_name(each)} "]
        alike = difflib.get_close_matches(name, self._names, 1)
        return own or min(holding, key=lambda each: (len(each), each), default=None) or next(iter(alike), None)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A vocabulary in force, for one label. `bearers` are this label and those that imply it.

    The slot is limited to these and their rivals. Without a label, `bearers` are all labels.
    """

    slot: ScoredSlot
    label: str | None
    bearers: frozenset[str]
    ids: Mapping[str, int]

    @property
    def rule(self) -> TagRule:
        """The tag rule of the vocabulary."""
        return self.slot.rule


def _views(t: Transaction, space: Space, label: str | None) -> list[_View]:
    return [_view_for(t, space, view, label) for view in slot_views(t, space)]


def _view_for(t: Transaction, space: Space, view: SlotView, label: str | None) -> _View:
    revision = view.revision
    bearers = frozenset(names_of(revision).values())
    if label is not None:
        bearers = frozenset({label, *Ancestors(each.definition for each in revision.labels).below(label)})
        rivals = {name for group in revision.exclusive if label in group for name in group}
        # A rule for thousands of labels takes longer than finding the photos of one.
        near = tuple(each for each in revision.labels if each.definition.name in bearers | rivals)
        revision = replace(revision, labels=near)
    ids = {name: key for key, name in names_of(revision).items()}
    return _View(scored_slot(t, space, replace(view, revision=revision)), label, bearers, ids)


def _by_scores(t: Transaction, view: _View) -> Iterator[tuple[Ids, Ids, Ids]]:
    """Photos that show the label if they have no manual tags, photos that may then show it, and photos that could.

    Photos of the third kind, which include the others, have a label of `bearers` that reaches its threshold.
    """
    wanted = {view.ids[name] for name in view.bearers if name in view.ids}
    if not wanted:
        return
    minima = view.rule.minima(wanted)
    groups = [] if view.label is None else view.rule.groups_of(view.label)
    alone = wanted if view.label is None else _decided_alone(view, wanted, is_grouped=bool(groups))
    of_groups = [view.rule.minima(view.ids[name] for name in group if name in view.ids) for group in groups]
    rivals_overlap = view.label is not None and _rivals_overlap(view.rule, view.label)
    own = -1 if view.label is None else view.ids.get(view.label, -1)
    for kept in view.slot.scan(t, wanted):
        reached = _reached(kept, minima)
        if len(alone) == len(wanted):
            yield kept.photo_ids[reached.any(1)], kept.photo_ids[:0], kept.photo_ids[reached.any(1)]
            continue
        is_certain = (reached & _holds_any(kept, alone)).any(1)
        if of_groups and own in wanted:
            is_certain |= np.logical_and.reduce([_first_reached(kept, least) == own for least in of_groups])
        # A better rival excludes the label, unless a label that is no rival of it excludes that rival.
        is_possible = (reached & (rivals_overlap | (kept.label_ids != own))).any(1)
        yield kept.photo_ids[is_certain], kept.photo_ids[is_possible & ~is_certain], kept.photo_ids[reached.any(1)]


def _decided_alone(view: _View, wanted: set[int], *, is_grouped: bool) -> set[int]:
    """The labels whose threshold alone decides: neither they nor the label have rivals."""
    if is_grouped:
        return set()
    return {key for name, key in view.ids.items() if key in wanted and not view.rule.groups_of(name)}


def _rivals_overlap(rule: TagRule, label: str) -> bool:
    """Return whether a rival of *label* has rivals that are no rivals of *label*."""
    rivals = rule.rivals_of(label)
    return any(rule.rivals_of(rival) - rivals - {label} for rival in rivals)


def _reached(kept: PhotoScores, minima: NDArray[np.float64]) -> NDArray[np.bool_]:
    is_known = kept.label_ids < len(minima)
    reached: NDArray[np.bool_] = is_known & (kept.cosines >= minima[np.where(is_known, kept.label_ids, 0)])
    return reached


def _holds_any(kept: PhotoScores, label_ids: set[int]) -> NDArray[np.bool_]:
    return np.isin(kept.label_ids, list(label_ids))


def _first_reached(kept: PhotoScores, minima: NDArray[np.float64]) -> Ids:
    """Each photo's best label that reaches its threshold, int64 (n,); -1 for none."""
    reached = _reached(kept, minima)
    at = reached.argmax(1)
    rows = np.arange(len(kept))
    return np.where(reached[rows, at], kept.label_ids[rows, at], -1)


def _with_given_tag(t: Transaction, names: list[str] | None) -> Ids:
    return np.array(t.tags.given(names), np.int64)


def _shown_on(t: Transaction, space: Space, photo_ids: Ids, label: str | None) -> Ids:
    """The subset of *photo_ids* that shows the label, tested one by one."""
    held = photo_ids.tolist()
    shown = [
        photo_id
        for at in range(0, len(held), _CHUNK)
        for photo_id, tags in tags_of(t, space, held[at : at + _CHUNK]).items()
        if any(label is None or tag.label == label for tag in tags)
    ]
    return np.array(shown, np.int64)
