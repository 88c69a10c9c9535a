"""Agreement of two sources of tags, over the photos and the labels that both could give."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from query.errors import UnknownSource
from query.tagging.effective.effective_tags import names_of, plain_scored_slot, scored_slots
from query.tagging.effective.slots import MARK, full_name
from query.tagging.effective.tag_import import AUTO, USER
from query.vocabulary.labels import normalized_name
from store import Catalog, Space, TagSource, Transaction


@dataclass(frozen=True, slots=True)
class Agreement:
    """The numbers of photos that both sources tag, one alone, and the other alone, of `photos`.

    For all labels together, decisions are counted: one for each photo and label.
    """

    label: str
    photos: int
    both: int
    only_one: int
    only_other: int

    @property
    def overlap(self) -> float | None:
        """Part of the photos tagged by either that both tag (Jaccard, 1912); None if neither tags any."""
        either = self.both + self.only_one + self.only_other
        return None if not either else self.both / either

    @property
    def kappa(self) -> float | None:
        """Agreement beyond chance, 1 at most (Cohen, 1960); None where chance alone would agree fully."""
        if not self.photos:
            return None
        one, other = (self.both + self.only_one) / self.photos, (self.both + self.only_other) / self.photos
        agreed = 1 - (self.only_one + self.only_other) / self.photos
        by_chance = one * other + (1 - one) * (1 - other)
        return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The number of `photos` that both sources tag, their labels one by one, and all together."""

    photos: int
    labels: tuple[Agreement, ...]
    overall: Agreement


@dataclass(frozen=True, slots=True)
class _Source:
    of_photos: dict[int, dict[str, str]]
    #: The labels it could give: normalised to spelling.
    labels: dict[str, str]
    #: The photos for which it could give a label, if not all.
    scopes: Mapping[str, AbstractSet[int]] = field(default_factory=dict)


def compare_sources(catalog: Catalog, space: Space, one: str, other: str) -> Comparison:
    """Compare two sources: "auto", "user", or a program that tags were imported from.

    "auto" stands for the tags of all vocabularies in force, "auto:birds" for those of one slot, by plain names.
    Only photos that both tag count, and only labels that both could give: the vocabularies' in the folders for
    which they are used, or those that a program gave any photo. Raises `UnknownSource`.
    """
    with catalog.read() as t:
        alone = [full_name(AUTO, each.name) for each in t.slots.in_force() if each.name]
        known = [AUTO, *alone, USER, *t.tags.origins()]
        for name in (one, other):
            if name not in known:
                raise UnknownSource(name, known)
        first, second = _source(t, space, one), _source(t, space, other)
    photos = sorted(first.of_photos.keys() & second.of_photos.keys())
    shared = sorted(first.labels.keys() & second.labels.keys())
    labels = tuple(_agreement(first, second, key, photos) for key in shared)
    sums = [sum(getattr(each, name) for each in labels) for name in ("photos", "both", "only_one", "only_other")]
    return Comparison(len(photos), labels, Agreement("", *sums))


def _agreement(first: _Source, second: _Source, key: str, photos: list[int]) -> Agreement:
    scopes = [source.scopes[key] for source in (first, second) if key in source.scopes]
    asked = [photo for photo in photos if all(photo in scope for scope in scopes)]
    one = {photo for photo in asked if key in first.of_photos[photo]}
    other = {photo for photo in asked if key in second.of_photos[photo]}
    return Agreement(first.labels[key], len(asked), len(one & other), len(one - other), len(other - one))


def _source(t: Transaction, space: Space, name: str) -> _Source:
    who, _, slot = name.partition(MARK)
    if name == AUTO or (who == AUTO and name not in t.tags.origins()):
        return _automatic(t, space, slot)
    source = TagSource.USER if name == USER else TagSource.IMPORTED
    origin = None if name == USER else name
    of_photos: dict[int, dict[str, str]] = {}
    gone = set(t.photos.gone())
    for photo_id, tags in t.tags.of([key for key in t.tags.photos() if key not in gone]).items():
        mine = {_key(tag.label): tag.label for tag in tags if tag.source is source and tag.origin == origin}
        if mine:
            of_photos[photo_id] = mine
    return _Source(of_photos, {key: label for mine in of_photos.values() for key, label in mine.items()})


def _automatic(t: Transaction, space: Space, slot: str) -> _Source:
    """The tags of all vocabularies in force, or those of *slot* alone, by plain names."""
    slots = [plain_scored_slot(t, space, slot)] if slot else scored_slots(t, space)
    of_photos: dict[int, dict[str, str]] = {
        int(photo_id): {} for vectors in t.embeddings.scan(space.id) for photo_id in vectors.ids
    }
    labels: dict[str, str] = {}
    scopes: dict[str, AbstractSet[int]] = {}
    for each in slots:
        names = names_of(each.view.revision)
        mine = {_key(name): name for name in names.values()}
        if each.view.folders:
            there = frozenset(t.scopes.photos(each.view.folders).tolist())
            scopes |= dict.fromkeys(mine.keys() - labels.keys(), there)
        labels = mine | labels
        for kept in each.scan(t):
            for photo_id, tags in zip(kept.photo_ids.tolist(), each.rule.automatic(kept, names), strict=True):
                if photo_id in of_photos:
                    of_photos[photo_id] |= {_key(tag.label): tag.label for tag in each.rule.shown(tags)}
    return _Source(of_photos, labels, scopes)


def _key(name: str) -> str:
    return normalized_name(name, folded=True)
