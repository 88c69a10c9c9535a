"""The labels of a vocabulary's revisions: all of one, or those that the tags of a few photos need."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, Text, select, type_coerce

from store.records import Label, LabelDefinition
from store.sql import schema
from store.sql.dialect import items_of

_label, _member = schema.label, schema.revision_label

_COLUMNS = select(
    _member.c.position,
    _member.c.label_id,
    _label.c.name,
    _member.c.category,
    _member.c.threshold,
    # Lists as they are stored.
    type_coerce(_label.c.texts, Text),
    type_coerce(_member.c.aliases, Text),
    type_coerce(_member.c.parents, Text),
    type_coerce(_label.c.examples, Text),
    type_coerce(_label.c.counterexamples, Text),
).join(_label)


class Members(Protocol):
    """The labels of one revision, each by its place in it. Ids and names that it does not have are left out."""

    def with_ids(self, ids: Collection[int]) -> Mapping[int, Label]:
        """Return the labels with these ids."""
        ...

    def named(self, names: Collection[str]) -> Mapping[int, Label]:
        """Return the labels with these names."""
        ...


def about(members: Members, label_ids: Collection[int], names: Collection[str]) -> tuple[Label, ...]:
    """The labels with one of these ids or names, and all that they imply, in the revision's order."""
    found = dict(members.with_ids(label_ids))
    there = {label.definition.name for label in found.values()}
    wanted = {*names, *_parents(found)} - there
    while wanted:
        more = members.named(wanted)
        found |= more
        there |= wanted
        wanted = _parents(more) - there
    return tuple(found[place] for place in sorted(found))


class CachedMembers:
    """All labels of a revision, in memory."""

    def __init__(self, labels: tuple[Label, ...]) -> None:
        self.labels = labels

    def with_ids(self, ids: Collection[int]) -> Mapping[int, Label]:
        """Return the labels with these ids."""
        return {place: self.labels[place] for key in ids if (place := self._by_id.get(key)) is not None}

    def named(self, names: Collection[str]) -> Mapping[int, Label]:
        """Return the labels with these names."""
        return {place: self.labels[place] for name in names if (place := self._by_name.get(name)) is not None}

    @cached_property
    def _by_id(self) -> dict[int, int]:
        return {label.id: place for place, label in enumerate(self.labels)}

    @cached_property
    def _by_name(self) -> dict[str, int]:
        return {label.definition.name: place for place, label in enumerate(self.labels)}


class StoredMembers:
    """The labels of a revision in the catalog, read as they are asked for."""

    def __init__(self, connection: Connection, revision_id: int) -> None:
        self._connection = connection
        self._revision_id = revision_id

    def all(self) -> tuple[Label, ...]:
        """All of them, in order."""
        return tuple(self._read().values())

    def with_ids(self, ids: Collection[int]) -> Mapping[int, Label]:
        """Return the labels with these ids."""
        return self._read(_member.c.label_id.in_(items_of(ids))) if ids else {}

    def named(self, names: Collection[str]) -> Mapping[int, Label]:
        """Return the labels with these names."""
        return self._read(_label.c.name.in_(items_of(names))) if names else {}

    def _read(self, *which: ColumnElement[bool]) -> dict[int, Label]:
        rows = self._connection.execute(
            _COLUMNS.where(_member.c.revision_id == self._revision_id, *which).order_by(_member.c.position)
        ).all()
        if not rows:
            return {}
        columns = list(zip(*rows, strict=True))
        places, ids, names, categories, thresholds = columns[:5]
        # One by one, the lists of some thousand labels take three times as long.
        texts, aliases, parents, shown, not_shown = (_lists(stored) for stored in columns[5:])
        definitions = map(LabelDefinition, names, texts, categories, aliases, thresholds, parents, shown, not_shown)
        return dict(zip(places, map(Label, ids, definitions), strict=True))


#: Identifies a revision's labels: the digest of its content, and the number and the sum of their ids.
Key = tuple[bytes, int, int]


class LabelCache:
    """A cache of the labels of the revisions that were read last. Threads may share it."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._kept: dict[Key, CachedMembers] = {}
        self._lock = threading.Lock()

    def find(self, key: Key) -> CachedMembers | None:
        """The labels, if they are cached."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self._kept[key] = found
            return found

    def keep(self, key: Key, labels: tuple[Label, ...]) -> None:
        """Cache those labels."""
        members = CachedMembers(labels)
        with self._lock:
            self._kept[key] = members
            for oldest in list(self._kept)[: -self._most]:
                del self._kept[oldest]


def _parents(found: Mapping[int, Label]) -> set[str]:
    return {name for label in found.values() for name in label.definition.parents}


def _lists(stored: Sequence[str]) -> list[tuple[str, ...]]:
    """Many lists that are each stored as JSON."""
    return [tuple(each) for each in json.loads(f"[{','.join(stored)}]")]
