"""Effective tags: automatic and manual tags together, as they are shown for photos and counted in the library.

The catalog keeps the best labels of each photo, ranked by the distance of their cosines from their thresholds. The tag
rule decides at reading which of them are tags, so a change of a threshold needs no scoring. A label is a tag

- where its probability reaches the threshold of the command, of the label or of the vocabulary, if there is one;
- else, in a calibrated library, where its cosine is `STANDS_OUT` spreads above the label's median in the library. It is
  never a tag below the probability `FLOOR`, and always from `SURE`: a label that most photos show has a high median.

A checkpoint without a bias has no probabilities. Then only the distance from the median decides, and thresholds have no
effect.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from query.errors import NoProbabilities
from query.similarity import cosine_of, probability
from query.vocabulary.labels import Ancestors
from store import (
    Catalog,
    CosineSpread,
    LabelDefinition,
    LabelFit,
    PhotoScores,
    Revision,
    Scoring,
    Space,
    SpaceIdentity,
    Tag,
    TagSource,
    Transaction,
)

from .slots import MARK, SlotView, as_scored, parts, slot_views

#: Probability from which a label is a tag, unless the vocabulary, the label or the user says otherwise.
DEFAULT_THRESHOLD = 1e-3
#: Spreads above the label's median from which a label counts in a calibrated library.
STANDS_OUT = 4.0
#: Probability from which a label counts wherever its median is.
SURE = 0.9
#: Probability below which no label counts by its distance from the median.
FLOOR = 1e-4
#: Photos with manual tags that are read together.
_MANUAL_CHUNK = 1000
#: Photos whose scores are read together.
_SCORES_CHUNK = 4096
#: Manual tags come first.
_SOURCE_ORDER: Final = {TagSource.USER: 0, TagSource.IMPORTED: 1, TagSource.AUTO: 2}


@dataclass(frozen=True, slots=True)
class ScoredTag:
    """A tag as it is shown: `score` is the cosine. The numbers are None if no score is kept."""

    label: str
    score: float | None
    probability: float | None
    source: TagSource
    #: The label whose parent this one is, if that is the only reason for the tag.
    implied_by: str | None = None
    #: The program that an imported tag came from.
    origin: str | None = None
    #: Spreads that the score lies above the label's median in the library; None where it is not calibrated.
    calibrated: float | None = None
    #: Cosine from which the label counts.
    minimum: float | None = None


class TagRule:
    """The rule for one vocabulary revision in one space.

    *fitted* are cosines from which labels with examples count, and *own* the probabilities from which labels count, in
    place of the revision's: see `own_thresholds`. Raises `NoProbabilities` for a *threshold* between 0 and 1, if the
    space has none.
    """

    def __init__(
        self,
        revision: Revision,
        identity: SpaceIdentity,
        threshold: float | None = None,
        spreads: Mapping[int, CosineSpread] | None = None,
        fitted: Mapping[int, float] | None = None,
        own: Mapping[int, float] | None = None,
    ) -> None:
        self._identity = identity
        self._spreads = spreads or {}
        default = DEFAULT_THRESHOLD if revision.threshold is None else revision.threshold
        if own is None:
            own = _written_thresholds(revision)
        chosen = cosine_of(default if threshold is None else threshold, identity)
        if threshold is not None and chosen is None:
            raise NoProbabilities(identity.model)
        #: Cosine from which a label is a tag; labels with a threshold of their own are in `minimums`.
        self.minimum = math.inf if chosen is None else chosen
        self.minimums: dict[int, float] = {}
        if threshold is None:
            calibrated = self._spreads if revision.threshold is None or chosen is None else {}
            self.minimums = {key: minimum_of(spread, identity) for key, spread in calibrated.items()}
            self.minimums |= fitted or {}
            cosines = ((key, cosine_of(value, identity)) for key, value in own.items())
            self.minimums |= {key: cosine for key, cosine in cosines if cosine is not None}
        self._ids = {label.definition.name: label.id for label in revision.labels}
        self._ancestors = Ancestors(label.definition for label in revision.labels)
        self._groups = [frozenset(group) for group in revision.exclusive]
        self._rivals: dict[str, set[str]] = {}
        for group in self._groups:
            for name in group:
                self._rivals.setdefault(name, set()).update(group - {name})

    def knows(self, name: str) -> bool:
        """Return whether the vocabulary has a label of exactly that name."""
        return name in self._ids

    def minimum_for(self, label_id: int) -> float:
        """The cosine from which the label counts."""
        return self.minimums.get(label_id, self.minimum)

    def offsets(self, label_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The offsets of labels' cosines, so that labels are ranked by how far they are above their thresholds.

        float64 (k,); 0 for labels that have none of their own. A threshold that is out of a cosine's reach counts as
        the nearest that is not.
        """
        minima = np.array([self.minimum_for(label_id) for label_id in label_ids.tolist()], np.float64)
        offsets: NDArray[np.float64] = np.clip(minima, -1, 1) - min(max(self.minimum, -1.0), 1.0)
        return offsets

    def automatic(self, kept: PhotoScores, names: Mapping[int, str]) -> Iterator[list[Tag]]:
        """Each photo's automatic tags that reach their thresholds; labels without a name are left out."""
        known, at = np.unique(kept.label_ids, return_inverse=True)
        minima = np.array([self.minimum_for(key) for key in known.tolist()], np.float64)
        minima[[key not in names for key in known.tolist()]] = np.inf
        reached = kept.cosines >= minima[at.reshape(kept.label_ids.shape)]
        for photo_id, labels, cosines, mask in zip(
            kept.photo_ids.tolist(), kept.label_ids, kept.cosines, reached, strict=True
        ):
            pairs = zip(labels[mask].tolist(), cosines[mask].tolist(), strict=True)
            yield [Tag(photo_id, key, names[key], TagSource.AUTO, cosine) for key, cosine in pairs]

    def shown(self, tags: Iterable[Tag]) -> list[ScoredTag]:
        """The shown tags of one photo: in the order given, and then those that they imply.

        A label that a person rejected is not shown, whatever program gave it. Of labels that exclude each other the one
        with the best score is shown, and manual tags come first. Only a label that is shown excludes others.
        """
        kept = list(tags)
        rejected = {tag.label for tag in kept if tag.source is TagSource.REJECTED}
        imported = [tag for tag in kept if tag.source is TagSource.IMPORTED and tag.label not in rejected]
        manual = [*(tag for tag in kept if tag.source is TagSource.USER), *imported]
        named = {tag.label for tag in manual}
        automatic = [tag for tag in kept if self._is_shown(tag) and tag.label not in rejected | named]
        shown = _first_of_each_label([*manual, *self._without_excluded(automatic, named)])
        scores = {tag.label: tag.cosine for tag in kept if tag.source is TagSource.AUTO}
        return [self._scored(tag, scores.get(tag.label)) for tag in shown] + [
            self._implied(parent, child, scores.get(parent)) for parent, child in self._parents(shown, rejected)
        ]

    def groups_of(self, name: str) -> list[frozenset[str]]:
        """The groups of labels that exclude each other and include this one."""
        return [group for group in self._groups if name in group]

    def rivals_of(self, name: str) -> AbstractSet[str]:
        """The other labels of its groups: none of them is shown beside the label."""
        return self._rivals.get(name, frozenset())

    def minima(self, label_ids: Iterable[int]) -> NDArray[np.float64]:
        """The cosine from which each label counts, by its id, float64 (largest id + 1,); infinity for all others."""
        kept = list(label_ids)
        minima = np.full(max(kept, default=-1) + 1, np.inf)
        minima[kept] = [self.minimum_for(key) for key in kept]
        return minima

    def _is_shown(self, tag: Tag) -> bool:
        return tag.source is TagSource.AUTO and tag.cosine is not None and tag.cosine >= self.minimum_for(tag.label_id)

    def _without_excluded(self, automatic: Sequence[Tag], named: AbstractSet[str]) -> list[Tag]:
        there = set(named)
        for tag in sorted(automatic, key=lambda tag: -(tag.cosine or 0.0)):
            if not self.rivals_of(tag.label) & there:
                there.add(tag.label)
        return [tag for tag in automatic if tag.label in there]

    def _parents(self, shown: Sequence[Tag], rejected: AbstractSet[str]) -> Iterator[tuple[str, str]]:
        """Implied parents, each with its first child, except those that are shown, rejected or excluded."""
        there = {tag.label for tag in shown}
        for tag in shown:
            for parent in self._ancestors.of(tag.label):
                # A kitchen implies indoors, but not beside outdoors.
                if not (parent in there or parent in rejected or self.rivals_of(parent) & there):
                    there.add(parent)
                    yield parent, tag.label

    def _implied(self, parent: str, child: str, cosine: float | None) -> ScoredTag:
        return self._with_scores(ScoredTag(parent, cosine, None, TagSource.AUTO, implied_by=child))

    def _scored(self, tag: Tag, cosine: float | None) -> ScoredTag:
        return self._with_scores(ScoredTag(tag.label, cosine, None, tag.source, origin=tag.origin))

    def _with_scores(self, tag: ScoredTag) -> ScoredTag:
        """*tag* with the numbers that follow from its cosine."""
        if tag.score is None:
            return tag
        label_id = self._ids.get(tag.label, -1)
        spread = self._spreads.get(label_id)
        return replace(
            tag,
            probability=probability(tag.score, self._identity),
            calibrated=None if spread is None else (tag.score - spread.median) / spread.spread,
            minimum=self.minimum_for(label_id),
        )


def minimum_of(spread: CosineSpread, identity: SpaceIdentity) -> float:
    """The cosine from which a label with this distribution counts."""
    return within_probabilities(spread.median + STANDS_OUT * spread.spread, identity)


def within_probabilities(cosine: float, identity: SpaceIdentity) -> float:
    """*cosine*, but no less than that of `FLOOR` and no more than that of `SURE`, if the space has probabilities."""
    floor, sure = cosine_of(FLOOR, identity), cosine_of(SURE, identity)
    return cosine if floor is None or sure is None else min(max(cosine, floor), sure)


def _first_of_each_label(tags: Iterable[Tag]) -> list[Tag]:
    """The first tag of each label: a manual tag may be under another revision of it."""
    return list({tag.label: tag for tag in reversed(list(tags))}.values())[::-1]


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
    manual, in_force = t.tags.of(photo_ids), t.slots.of(space.id).in_force()
    scorings = {each.name: t.scores.current(space.id, each.name) for each in in_force}
    kept = {each.name: _scores_in_folders(t, each.folders, scorings[each.name], photo_ids) for each in in_force}
    # A rule for thousands of labels takes longer than a search, as does reading them.
    label_ids = {slot: set(scores.label_ids.ravel().tolist()) for slot, scores in kept.items()}
    near = parts(t, in_force, label_ids, {tag.label for tags in manual.values() for tag in tags})
    if not near:
        return {photo_id: [] for photo_id in photo_ids}
    rules = [rule_in_force(t, space, view.revision, threshold) for view in near]
    slots = [ScoredSlot(view, rule, scorings[view.name]) for view, rule in zip(near, rules, strict=True)]
    return _shown_tags(slots, manual, [_automatic_tags(slot.view, kept[slot.view.name]) for slot in slots])


def tag_counts(catalog: Catalog, space: Space, *, threshold: float | None = None) -> list[tuple[str, int]]:
    """The library's tags, each with the number of photos that have it, most first. *threshold* is a probability."""
    with catalog.read() as t:
        gone = set(t.photos.gone())
        slots = scored_slots(t, space, threshold)
        counted = Counter(tag.label for key, tags in _shown_of_all(t, slots) if key not in gone for tag in tags)
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def photos_by_label(t: Transaction, space: Space, within: Collection[int]) -> dict[str, frozenset[int]]:
    """The photos among *within* that have each tag, by its label."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for key, tags in _shown_of_all(t, scored_slots(t, space)):
        if key in within:
            for tag in tags:
                found[tag.label].add(key)
    return {label: frozenset(photo_ids) for label, photo_ids in found.items()}


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
        for start in range(0, len(scope), _SCORES_CHUNK):
            yield t.scores.of(self.scoring.id, scope[start : start + _SCORES_CHUNK])

    def of(self, t: Transaction, photo_ids: Sequence[int]) -> dict[int, list[Tag]]:
        """The best labels, by falling cosine, of the given photos that lie in its folders."""
        return _automatic_tags(self.view, _scores_in_folders(t, self.view.folders, self.scoring, photo_ids))


def scored_slots(t: Transaction, space: Space, threshold: float | None = None) -> list[ScoredSlot]:
    """The vocabularies in force, the main one first. *threshold* is a probability."""
    return [scored_slot(t, space, view, threshold) for view in slot_views(t, space)]


def plain_scored_slot(t: Transaction, space: Space, slot: str) -> ScoredSlot:
    """The vocabulary of *slot*, which must exist, with its labels under their own names."""
    revision_id = t.slots.of(space.id).current_revision_id(slot)
    assert revision_id is not None
    revision = as_scored(t, space, t.vocabularies.revision(revision_id), slot)
    view = SlotView(slot, revision, t.slots.folders(slot))
    return scored_slot(t, space, view)


def scored_slot(t: Transaction, space: Space, view: SlotView, threshold: float | None = None) -> ScoredSlot:
    """*view* with its rule and its scoring. *threshold* is a probability."""
    rule = rule_in_force(t, space, view.revision, threshold)
    return ScoredSlot(view, rule, t.scores.current(space.id, view.name))


def _scores_in_folders(
    t: Transaction, folders: Sequence[bytes], scoring: Scoring | None, photo_ids: Sequence[int]
) -> PhotoScores:
    """The scores of the given photos that lie in *folders*, or of all of them if there are no folders."""
    if scoring is None:
        return PhotoScores(np.empty(0, np.int64), np.empty((0, 0), np.int64), np.empty((0, 0), np.float32))
    there = t.scopes.among(folders, photo_ids) if folders else photo_ids
    return t.scores.of(scoring.id, sorted(there))


def _automatic_tags(view: SlotView, kept: PhotoScores) -> dict[int, list[Tag]]:
    names = names_of(view.revision)
    return {
        photo_id: [
            Tag(photo_id, key, names[key], TagSource.AUTO, at)
            for key, at in zip(labels.tolist(), cosines.tolist(), strict=True)
            if key in names
        ]
        for photo_id, labels, cosines in kept.rows()
    }


def _shown_of_photos(
    t: Transaction, slots: Sequence[ScoredSlot], photo_ids: Sequence[int]
) -> dict[int, list[ScoredTag]]:
    if not slots:
        return {photo_id: [] for photo_id in photo_ids}
    return _shown_tags(slots, t.tags.of(photo_ids), [slot.of(t, photo_ids) for slot in slots])


def _shown_tags(
    slots: Sequence[ScoredSlot], manual: Mapping[int, Sequence[Tag]], kept: Sequence[Mapping[int, list[Tag]]]
) -> dict[int, list[ScoredTag]]:
    return {
        photo_id: _shown_of_photo(slots, of_one, [of_photos.get(photo_id, []) for of_photos in kept])
        for photo_id, of_one in manual.items()
    }


def _shown_of_photo(
    slots: Sequence[ScoredSlot], manual: Sequence[Tag], automatic: Sequence[list[Tag]]
) -> list[ScoredTag]:
    """The tags shown for one photo: *manual* and imported ones, those that each slot kept, and implied ones."""
    if len(slots) == 1:
        return slots[0].rule.shown([*manual, *automatic[0]])
    # A name that no vocabulary knows goes with the first one.
    owners = [next((slot for slot in slots if slot.rule.knows(tag.label)), slots[0]) for tag in manual]
    shown: list[ScoredTag] = []
    for slot, scored in zip(slots, automatic, strict=True):
        mine = [
            tag for tag, owner in zip(manual, owners, strict=True) if owner is slot or tag.source is TagSource.REJECTED
        ]
        shown += slot.rule.shown([*mine, *scored])
    return sorted(shown, key=_sort_key)


def _sort_key(tag: ScoredTag) -> tuple[int, float]:
    """The sort key of a tag of one vocabulary among those of others."""
    if tag.implied_by is not None:
        return 3, 0.0
    return _SOURCE_ORDER[tag.source], -(tag.score or 0.0) if tag.source is TagSource.AUTO else 0.0


def _shown_of_all(t: Transaction, slots: Sequence[ScoredSlot]) -> Iterator[tuple[int, list[ScoredTag]]]:
    """The tags of every photo that has any. A photo may come several times, each time with other tags."""
    with_manual = t.tags.photos()
    manual = set(with_manual)
    for slot in slots:
        names = names_of(slot.view.revision)
        for kept in slot.scan(t):
            for photo_id, automatic in zip(kept.photo_ids.tolist(), slot.rule.automatic(kept, names), strict=True):
                if automatic and photo_id not in manual:
                    yield photo_id, slot.rule.shown(automatic)
    for some in (with_manual[start : start + _MANUAL_CHUNK] for start in range(0, len(with_manual), _MANUAL_CHUNK)):
        yield from _shown_of_photos(t, slots, some).items()


def names_of(revision: Revision) -> dict[int, str]:
    """The names of its labels, by id."""
    return {label.id: label.definition.name for label in revision.labels}


def rule_in_force(t: Transaction, space: Space, revision: Revision, threshold: float | None = None) -> TagRule:
    """The rule for *revision* with the calibration in force. *threshold* is a probability."""
    spreads = spreads_in_force(t, space, [label.id for label in revision.labels])
    fitted, own = fitted_minimums(t, space, revision), own_thresholds(t, space, revision)
    return TagRule(revision, space.identity, threshold, spreads, fitted, own)


def own_thresholds(t: Transaction, space: Space, revision: Revision) -> dict[int, float]:
    """The probabilities from which labels count, by label, for labels that have a threshold of their own in *space*.

    A threshold that was tuned in other spaces alone means nothing here: the newest that was tuned here counts, if there
    is one. Thresholds that a person wrote count in every space.
    """
    written = _written_thresholds(revision)
    tuned = t.tuned_thresholds.of(revision.vocabulary) if written else {}
    if not tuned:
        return written
    names = names_of(revision)
    found = {key: _threshold_in(space, value, tuned_of(tuned, names[key])) for key, value in written.items()}
    return {key: value for key, value in found.items() if value is not None}


def own_threshold(t: Transaction, space: Space, vocabulary: str, label: LabelDefinition) -> float | None:
    """The entry of `own_thresholds` for one label of the vocabulary of that name; None if it has none."""
    if label.threshold is None:
        return None
    return _threshold_in(space, label.threshold, tuned_of(t.tuned_thresholds.of(vocabulary), label.name))


def tuned_of(tuned: Mapping[str, Mapping[int, Sequence[float]]], name: str) -> Mapping[int, Sequence[float]]:
    """The entry in *tuned* of the label with that name, plain or full."""
    return tuned.get(name) or tuned.get(name.partition(MARK)[2]) or {}


def _threshold_in(space: Space, threshold: float, tuned: Mapping[int, Sequence[float]]) -> float | None:
    """The threshold of a label in *space*, where a revision has *threshold*; None if it has none there."""
    here = tuned.get(space.id, ())
    if threshold in here or not any(threshold in each for each in tuned.values()):
        return threshold
    return here[0] if here else None


def _written_thresholds(revision: Revision) -> dict[int, float]:
    return {label.id: label.definition.threshold for label in revision.labels if label.definition.threshold is not None}


def spreads_in_force(t: Transaction, space: Space, label_ids: Sequence[int]) -> dict[int, CosineSpread]:
    """The distributions of these labels in the snapshot in force."""
    current = t.calibrations.current(space.id)
    return {} if current is None else t.calibrations.of(current.id, label_ids)


def fitted_minimums(t: Transaction, space: Space, revision: Revision) -> dict[int, float]:
    """The cosines from which labels count, by label, where their examples give one."""
    taught_labels = [label.id for label in revision.labels if label.definition.is_taught]
    return minimums_of(t.labels.fits(space.id, taught_labels)) if taught_labels else {}


def minimums_of(fits: Mapping[int, LabelFit]) -> dict[int, float]:
    """The minimums that examples give, by label."""
    return {key: each.minimum for key, each in fits.items() if each.minimum is not None}
