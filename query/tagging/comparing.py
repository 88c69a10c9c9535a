"""How far two sources of tags agree, over the photos and the labels that both could speak of."""

from __future__ import annotations

from dataclasses import dataclass

from store import Catalog, Space, TagSource, Transaction

from ..errors import UnknownSource
from ..vocabulary.names import normalised
from .shown import names_of, rule_in_force

#: The names of sources that are not programs.
AUTO, USER = "auto", "user"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many photos both tag, one alone, and the other alone, of `photos`.

    For all labels together it is decisions that are counted, one for each photo and label.
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
    """`photos` that both sources speak of, their labels one by one, and all together."""

    photos: int
    labels: tuple[Agreement, ...]
    overall: Agreement


@dataclass(frozen=True, slots=True)
class _Source:
    of_photos: dict[int, dict[str, str]]
    #: What it could say: normalised to spelling.
    labels: dict[str, str]


def compare_sources(catalog: Catalog, space: Space, one: str, other: str) -> Comparison:
    """How far the sources agree: "auto", "user", or a program that tags were imported from.

    Only photos that both speak of count, and only labels that both could give: the vocabulary's, or those that a
    program gave any photo. Raises `UnknownSource`.
    """
    with catalog.read() as t:
        origins = t.tags.origins()
        for name in (one, other):
            if name not in {AUTO, USER, *origins}:
                raise UnknownSource(name, [AUTO, USER, *origins])
        first, second = _source(t, space, one), _source(t, space, other)
    photos = sorted(first.of_photos.keys() & second.of_photos.keys())
    shared = sorted(first.labels.keys() & second.labels.keys())
    labels = tuple(_agreement(first, second, key, photos) for key in shared)
    sums = [sum(getattr(each, name) for each in labels) for name in ("photos", "both", "only_one", "only_other")]
    return Comparison(len(photos), labels, Agreement("", *sums))


def _agreement(first: _Source, second: _Source, key: str, photos: list[int]) -> Agreement:
    one = {photo for photo in photos if key in first.of_photos[photo]}
    other = {photo for photo in photos if key in second.of_photos[photo]}
    return Agreement(first.labels[key], len(photos), len(one & other), len(one - other), len(other - one))


def _source(t: Transaction, space: Space, name: str) -> _Source:
    if name == AUTO:
        return _automatic(t, space)
    source = TagSource.USER if name == USER else TagSource.IMPORTED
    origin = None if name == USER else name
    of_photos: dict[int, dict[str, str]] = {}
    gone = set(t.photos.gone())
    for photo_id, tags in t.tags.of([key for key in t.tags.photos() if key not in gone]).items():
        mine = {_key(tag.label): tag.label for tag in tags if tag.source is source and tag.origin == origin}
        if mine:
            of_photos[photo_id] = mine
    return _Source(of_photos, {key: label for mine in of_photos.values() for key, label in mine.items()})


def _automatic(t: Transaction, space: Space) -> _Source:
    revision_id = t.library.revision_id()
    if revision_id is None:
        return _Source({}, {})
    revision = t.vocabularies.revision(revision_id)
    rule = rule_in_force(t, space, revision)
    of_photos: dict[int, dict[str, str]] = {
        int(photo_id): {} for vectors in t.embeddings.scan(space.id) for photo_id in vectors.ids
    }
    scoring, names = t.scores.current(space.id), names_of(revision)
    for kept in t.scores.scan(scoring.id) if scoring is not None else ():
        for photo_id, tags in zip(kept.photo_ids.tolist(), rule.automatic(kept, names), strict=True):
            if photo_id in of_photos:
                of_photos[photo_id] = {_key(tag.label): tag.label for tag in rule.shown(tags)}
    return _Source(of_photos, {_key(label.definition.name): label.definition.name for label in revision.labels})


def _key(name: str) -> str:
    return normalised(name, folded=True)
