"""All tags of one source: of vocabularies, of the user, or of a program that tags were imported from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from query.errors import RepeatedSource, UnknownSource
from query.tagging.effective.effective_tags import ScoredSlot, names_of, plain_scored_slot, scored_slots
from query.tagging.effective.slots import MARK, full_name
from query.tagging.effective.tag_import import AUTO, USER
from query.vocabulary.labels import normalized_name
from store import Space, TagSource, Transaction

#: Another name of `AUTO`, unless tags were imported from a program of this name.
SIGLIP: Final = "siglip"


@dataclass(frozen=True, slots=True)
class Source:
    """A source by the `name` that the user gave; `slot` is that of automatic tags alone, or None.

    Automatic tags of all slots have the slot "".
    """

    name: str
    own_name: str
    slot: str | None = None

    @property
    def is_user(self) -> bool:
        """True for the tags that the user gave by hand."""
        return self.own_name == USER


@dataclass(frozen=True, slots=True)
class SourceTags:
    """The photos that a source tags, by label. Labels are normalised names, by `label_key`."""

    source: Source
    #: Photos that have tags of it, or could have.
    photos: AbstractSet[int]
    #: The labels it could give, as they are spelt.
    labels: Mapping[str, str]
    of_label: Mapping[str, AbstractSet[int]]
    #: The photos for which it could give a label, if not all.
    scopes: Mapping[str, AbstractSet[int]] = field(default_factory=dict)

    def given(self, key: str) -> AbstractSet[int]:
        """The photos with this label."""
        return self.of_label.get(key, frozenset())


def source_names(t: Transaction, space: Space) -> list[str]:
    """The names of all sources: "auto", "auto:SLOT", "user", and the programs that tags were imported from."""
    alone = [full_name(AUTO, each.name) for each in t.slots.of(space.id).in_force() if each.name]
    return [AUTO, *alone, USER, *t.tags.origins()]


def find_sources(t: Transaction, space: Space, names: Sequence[str]) -> list[Source]:
    """The sources of these names. Raises `UnknownSource` or `RepeatedSource`."""
    known, origins = source_names(t, space), frozenset(t.tags.origins())
    found: dict[str, Source] = {}
    for name in names:
        own_name = _own_name(name, origins)
        if own_name not in known:
            raise UnknownSource(name, known)
        if own_name in found:
            raise RepeatedSource(found[own_name].name, name)
        who, _, slot = own_name.partition(MARK)
        is_automatic = own_name == AUTO or (who == AUTO and own_name not in origins)
        found[own_name] = Source(name, own_name, slot if is_automatic else None)
    return list(found.values())


def source_tags(t: Transaction, space: Space, source: Source) -> SourceTags:
    """All tags of *source*, on photos that have a file."""
    return _given(t, source) if source.slot is None else _automatic(t, space, source, source.slot)


def label_key(name: str) -> str:
    """*name* in the form by which labels of several sources are compared: case and plurals do not matter."""
    return normalized_name(name, folded=True)


def _own_name(name: str, origins: AbstractSet[str]) -> str:
    who, mark, slot = name.partition(MARK)
    return f"{AUTO}{mark}{slot}" if who == SIGLIP and name not in origins else name


def _given(t: Transaction, source: Source) -> SourceTags:
    """The tags that the user or a program gave. A describer could have tagged any photo that it put into words."""
    wanted = (TagSource.USER, None) if source.is_user else (TagSource.IMPORTED, source.own_name)
    labels: dict[str, str] = {}
    of_label: defaultdict[str, set[int]] = defaultdict(set)
    gone = set(t.photos.gone())
    photos = set(t.descriptions.put_into_words(source.own_name).tolist()) - gone
    for photo_id, tags in t.tags.of([key for key in t.tags.photos() if key not in gone]).items():
        for tag in tags:
            if (tag.source, tag.origin) == wanted:
                photos.add(photo_id)
                key = label_key(tag.label)
                labels[key] = tag.label
                of_label[key].add(photo_id)
    return SourceTags(source, photos, labels, of_label)


def _automatic(t: Transaction, space: Space, source: Source, slot: str) -> SourceTags:
    """The tags of all vocabularies in force, or those of *slot* alone, by plain names."""
    slots = [plain_scored_slot(t, space, slot)] if slot else scored_slots(t, space)
    photos = {photo_id for vectors in t.embeddings.scan(space.id) for photo_id in vectors.ids.tolist()}
    labels: dict[str, str] = {}
    scopes: dict[str, AbstractSet[int]] = {}
    of_label: defaultdict[str, set[int]] = defaultdict(set)
    for each in slots:
        mine = {label_key(name): name for name in names_of(each.view.revision).values()}
        if each.view.folders:
            there = frozenset(t.scopes.photos(each.view.folders).tolist())
            scopes |= dict.fromkeys(mine.keys() - labels.keys(), there)
        labels = mine | labels
        _note_shown(t, each, photos, of_label)
    return SourceTags(source, photos, labels, of_label, scopes)


def _note_shown(
    t: Transaction, slot: ScoredSlot, photos: AbstractSet[int], of_label: defaultdict[str, set[int]]
) -> None:
    names = names_of(slot.view.revision)
    for kept in slot.scan(t):
        for photo_id, tags in zip(kept.photo_ids.tolist(), slot.rule.automatic(kept, names), strict=True):
            if photo_id in photos:
                for tag in slot.rule.shown(tags):
                    of_label[label_key(tag.label)].add(photo_id)
