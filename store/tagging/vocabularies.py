"""Vocabularies, their revisions, and the labels of these: all of one, or those that the tags of a few photos need."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    func,
    insert,
    or_,
    select,
    update,
)

from store.errors import safe
from store.records import Label, LabelDefinition, Revision, VocabularyDefinition, VocabularySummary
from store.sql import schema
from store.sql.dialect import chunks, ids_of, is_filled, items_of, stored_text, upsert, utc_now

from .slots import answering_space

_vocabulary, _revision, _label, _member = schema.vocabulary, schema.revision, schema.label, schema.revision_label
_LABELS = select(
    _member.c.position,
    _member.c.label_id,
    _label.c.name,
    _member.c.category,
    _member.c.threshold,
    # Lists as they are stored.
    stored_text(_label.c.texts),
    stored_text(_member.c.aliases),
    stored_text(_member.c.parents),
    stored_text(_label.c.examples),
    stored_text(_label.c.counterexamples),
).join(_label)
#: The largest number of the database.
_MOST = (1 << 63) - 1
#: Identifies a revision's labels: the digest of its content, and the number and the sum of their ids.
Key = tuple[bytes, int, int]


@dataclass(frozen=True, slots=True)
class Staged:
    """The digest of a definition, and the id of its staged revision; None if it was the newest one already."""

    digest: bytes
    revision_id: int | None


class Vocabularies:
    """Named lists of labels. A change makes a new revision; the old one stays as it was."""

    def __init__(self, connection: Connection, kept: LabelCache | None = None) -> None:
        self._connection = connection
        self._kept = kept or LabelCache()

    def put(
        self, definition: VocabularyDefinition, *, restores: int | None = None, staged: Staged | None = None
    ) -> Revision:
        """The revision with that content: the newest one if it is equal, else a new one.

        *restores* is the number of the revision whose content a rollback brings back. *staged* is what `Catalog.staged`
        gave for the same definition.
        """
        current = self._newest(definition.name)
        digest = vocabulary_digest(definition) if staged is None else staged.digest
        if current is not None and current.digest == digest:
            return self.revision(current.id)
        number = 1 if current is None else current.number + 1
        if staged is None or staged.revision_id is None:
            revision_id = self.begin(definition, digest, number, restores=restores)
            self.add_labels(revision_id, definition)
        else:
            revision_id = staged.revision_id
            now = utc_now()
            new = {"number": number, "restores": restores, "created_at": now}
            self._connection.execute(update(_revision).where(_revision.c.id == revision_id).values(new))
        return self.revision(revision_id)

    def begin(
        self, definition: VocabularyDefinition, digest: bytes, number: int, *, restores: int | None = None
    ) -> int:
        """Add a revision of that number, without labels, and return its id. See `staging` for numbers below 0."""
        key = self._connection.execute(
            insert(_revision).values(
                vocabulary_id=self._vocabulary_id(definition.name),
                number=number,
                digest=digest,
                threshold=definition.threshold,
                exclusive=[list(group) for group in definition.exclusive],
                created_at=utc_now(),
                restores=restores,
            )
        ).inserted_primary_key
        assert key is not None
        return int(key[0])

    def is_newest(self, name: str, digest: bytes) -> bool:
        """Return whether the newest revision of that name has that content; its labels are then in memory."""
        current = self._newest(name)
        if current is None or current.digest != digest:
            return False
        self.revision(current.id)
        return True

    def current(self, name: str) -> Revision | None:
        """The newest revision of the vocabulary, if there is one of that name."""
        newest = self.newest_id(name)
        return None if newest is None else self.revision(newest)

    def newest_id(self, name: str) -> int | None:
        """The id of `current`."""
        # A name that was typed need not be text.
        newest = self._newest(safe(os.fsencode(name)))
        return None if newest is None else newest.id

    def revision(self, revision_id: int) -> Revision:
        """The revision with that id, which must exist."""
        row = self._row(revision_id)
        key = self._key(row)
        kept = self._kept.find(key)
        labels = StoredMembers(self._connection, revision_id).all() if kept is None else kept.labels
        if kept is None:
            self._kept.keep(key, labels)
        return _revision_of(row, labels)

    def without_labels(self, revision_id: int) -> Revision:
        """The revision with that id, with no labels: its name and number, whatever its size."""
        return _revision_of(self._row(revision_id), ())

    def part(self, revision_id: int, label_ids: Collection[int], names: Collection[str] = ()) -> Revision:
        """The revision with that id, with the labels of these ids and names alone, and those that they imply.

        This is enough to show the tags of a few photos; a revision may have thousands of labels.
        """
        row = self._row(revision_id)
        members = self._kept.find(self._key(row)) or StoredMembers(self._connection, revision_id)
        return _revision_of(row, about(members, label_ids, names))

    def scored_part(self, revision_id: int, label_ids: Collection[int], names: Collection[str] = ()) -> Revision:
        """The labels of `part`, for photos that may have older ids of these labels in their scores; see `as_scored`."""
        part = self.part(revision_id, label_ids, names)
        others = set(label_ids).difference(label.id for label in part.labels)
        older = self._taught_labels(others)
        if not older:
            return part
        return self.as_scored(self.part(revision_id, label_ids, {*names, *(row.name for row in older)}), label_ids)

    def as_scored(self, revision: Revision, label_ids: Collection[int]) -> Revision:
        """*revision* with the ids that photos were scored with, which are among *label_ids*.

        Where a revision is in force in two slots, a re-tag of one writes renewed labels' ids into it, while the photos
        of the other slot are still scored with the older ones.
        """
        taught = {label.id for label in revision.labels if label.definition.is_taught}
        scored = set(label_ids) if taught else set()
        if taught <= scored or not scored:
            return revision
        others = scored.difference(label.id for label in revision.labels)
        older = {label_digest(_definition_of(row)): row.id for row in self._taught_labels(others)}
        labels = (
            replace(label, id=older.get(label_digest(label.definition), label.id))
            if label.id in taught and label.id not in scored
            else label
            for label in revision.labels
        )
        return replace(revision, labels=tuple(labels)) if older else revision

    def label_ids(self, revision_id: int) -> NDArray[np.int64]:
        """The ids of its labels as they are now, int64 (k,), ascending: see `as_now`."""
        mine = _member.c.revision_id == revision_id
        ids = self._connection.execute(select(_member.c.label_id).where(mine)).scalars().all()
        learners = self._connection.execute(select(_label).join(_member).where(mine, _is_taught()))
        now = self._ids_now({row.id: _definition_of(row) for row in learners})
        return np.array(sorted(now.get(key, key) for key in ids), np.int64)

    def as_now(self, revision: Revision) -> Revision:
        """*revision* with the labels that were renewed under the ids that they have now; the same if none was."""
        now = self._ids_now({label.id: label.definition for label in revision.labels if label.definition.is_taught})
        if all(key == new for key, new in now.items()):
            return revision
        labels = (replace(label, id=now.get(label.id, label.id)) for label in revision.labels)
        return replace(revision, labels=tuple(labels))

    def relabel(self, revision: Revision) -> None:
        """Keep the ids that the labels of *revision* have there. The caller must have scored the photos with these."""
        if not any(label.definition.is_taught for label in revision.labels):
            return
        mine = _member.c.revision_id == revision.id
        held = self._connection.execute(select(_member.c.label_id).where(mine).order_by(_member.c.position)).scalars()
        for before, label in zip(held.all(), revision.labels, strict=True):
            if before != label.id:
                self._connection.execute(
                    update(_member).where(mine, _member.c.label_id == before).values(label_id=label.id)
                )

    def texts(self) -> list[str]:
        """The texts of all labels of all revisions."""
        lists = self._connection.execute(select(_label.c.texts)).scalars()
        return [text for texts in lists for text in texts]

    def numbered(self, name: str, number: int) -> Revision | None:
        """The revision of that number, if there is one."""
        if number > _MOST:
            return None
        found = self._connection.execute(
            select(_revision.c.id)
            .join(_vocabulary)
            .where(_vocabulary.c.name == safe(os.fsencode(name)), _revision.c.number == number, _is_listed())
        ).scalar()
        return None if found is None else self.revision(found)

    def history(self, name: str) -> list[VocabularySummary]:
        """Every revision of the vocabulary, newest first."""
        size = select(func.count()).where(_member.c.revision_id == _revision.c.id).scalar_subquery()
        rows = self._connection.execute(
            select(_revision, size.label("size"), _revision.c.id.in_(_in_use()).label("is_in_use"))
            .join(_vocabulary)
            .where(_vocabulary.c.name == safe(os.fsencode(name)), _is_listed())
            .order_by(_revision.c.number.desc())
        )
        return [VocabularySummary(name, r.id, r.number, r.size, r.created_at, bool(r.is_in_use)) for r in rows]

    def all(self) -> list[VocabularySummary]:
        """Every vocabulary's newest revision, by name."""
        used = select(_revision.c.vocabulary_id).where(_revision.c.id.in_(_in_use()))
        in_use = set(self._connection.execute(used).scalars())
        others = _revision.alias()
        newest = select(func.max(others.c.number)).where(others.c.vocabulary_id == _revision.c.vocabulary_id)
        size = select(func.count()).where(_member.c.revision_id == _revision.c.id).scalar_subquery()
        rows = self._connection.execute(
            select(_revision, _vocabulary.c.name, size.label("size"))
            .join(_vocabulary)
            .where(_revision.c.number == newest.scalar_subquery(), _is_listed())
            .order_by(_vocabulary.c.name)
        )
        return [
            VocabularySummary(r.name, r.id, r.number, r.size, r.created_at, r.vocabulary_id in in_use) for r in rows
        ]

    def _row(self, revision_id: int) -> Row[Any]:
        named = select(_revision, _vocabulary.c.name).join(_vocabulary)
        return self._connection.execute(named.where(_revision.c.id == revision_id)).one()

    def _key(self, row: Row[Any]) -> Key:
        ids = select(func.count(), func.sum(_member.c.label_id)).where(_member.c.revision_id == row.id)
        count, total = self._connection.execute(ids).one()
        return row.digest, count, int(total or 0)

    def _newest(self, name: str) -> Row[Any] | None:
        return self._connection.execute(
            select(_revision)
            .join(_vocabulary)
            .where(_vocabulary.c.name == name, _is_listed())
            .order_by(_revision.c.number.desc())
            .limit(1)
        ).one_or_none()

    def _vocabulary_id(self, name: str) -> int:
        found = self._connection.execute(select(_vocabulary.c.id).where(_vocabulary.c.name == name)).scalar()
        if found is not None:
            return int(found)
        key = self._connection.execute(insert(_vocabulary).values(name=name)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def add_labels(
        self, revision_id: int, definition: VocabularyDefinition, start: int = 0, end: int | None = None
    ) -> None:
        """Add the labels of *definition* from place *start* to *end* to a revision without these."""
        some = definition.labels[start:end]
        ids = self._label_ids(some)
        rows = [
            {
                "revision_id": revision_id,
                "position": position,
                "label_id": ids[label_digest(label)],
                "category": label.category,
                "aliases": list(label.aliases),
                "threshold": label.threshold,
                "parents": list(label.parents),
            }
            for position, label in enumerate(some, start)
        ]
        if rows:
            self._connection.execute(insert(_member), rows)

    def ids_of(self, labels: Sequence[LabelDefinition]) -> list[int | None]:
        """The ids of these labels; None for one that no revision ever had with the same texts and examples."""
        digests = [label_digest(label) for label in labels]
        known = self._known_labels(list(dict.fromkeys(digests)))
        return [known.get(digest) for digest in digests]

    def renew_label(self, label_id: int) -> int:
        """Give the label a new id, so that its vectors are made again, and return the id.

        The old id keeps the vectors that photos were scored with, and existing revisions keep it until photos are
        scored again: see `as_now` and `relabel`.
        """
        row = self._connection.execute(select(_label).where(_label.c.id == label_id)).one()
        digest = label_digest(_definition_of(row))
        if row.digest != digest:
            # Another process has done it.
            return self._known_labels([digest])[digest]
        retired = retired_digest(row.digest, label_id)
        self._connection.execute(update(_label).where(_label.c.id == label_id).values(digest=retired))
        values = {name: getattr(row, name) for name in ("name", "texts", "digest", "examples", "counterexamples")}
        key = self._connection.execute(insert(_label).values(values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def label_called(self, name: str) -> int:
        """A label of that name and no texts: manual tags need no vector."""
        definition = LabelDefinition(name, ())
        return self._label_ids([definition])[label_digest(definition)]

    def labels_called(self, name: str) -> list[int]:
        """Every label of that name, whatever texts it is scored by."""
        return list(self._connection.execute(select(_label.c.id).where(_label.c.name == name)).scalars())

    def _label_ids(self, labels: Sequence[LabelDefinition]) -> dict[bytes, int]:
        wanted = {label_digest(label): label for label in labels}
        known = self._known_labels(list(wanted))
        new = [
            {
                "name": label.name,
                "texts": list(label.texts),
                "digest": digest,
                "examples": list(label.examples),
                "counterexamples": list(label.counterexamples),
            }
            for digest, label in wanted.items()
            if digest not in known
        ]
        if new:
            self._connection.execute(insert(_label), new)
            self._note_examples(labels)
            known = self._known_labels(list(wanted))
        return known

    def _taught_labels(self, label_ids: Collection[int]) -> list[Row[Any]]:
        """The rows of those of these labels that have examples."""
        found: list[Row[Any]] = []
        for some in chunks(sorted(label_ids)):
            found += self._connection.execute(select(_label).where(_label.c.id.in_(some), _is_taught())).all()
        return found

    def _ids_now(self, labels: Mapping[int, LabelDefinition]) -> dict[int, int]:
        """The ids that these labels have now."""
        now = self.ids_of(list(labels.values()))
        return {key: key if new is None else new for key, new in zip(labels, now, strict=True)}

    def _note_examples(self, labels: Iterable[LabelDefinition]) -> None:
        contents = {bytes.fromhex(each) for label in labels for each in (*label.examples, *label.counterexamples)}
        if contents:
            rows = [{"content_hash": content} for content in sorted(contents)]
            self._connection.execute(upsert(schema.example_content).on_conflict_do_nothing(), rows)

    def _known_labels(self, digests: list[bytes]) -> dict[bytes, int]:
        known: dict[bytes, int] = {}
        for some in chunks(digests):
            rows = self._connection.execute(select(_label.c.digest, _label.c.id).where(_label.c.digest.in_(some)))
            known.update({row.digest: row.id for row in rows})
        return known


def _revision_of(row: Row[Any], labels: tuple[Label, ...]) -> Revision:
    exclusive = tuple(tuple(group) for group in row.exclusive)
    return Revision(row.id, row.name, row.number, row.created_at, row.threshold, labels, exclusive, row.restores)


def _is_listed() -> ColumnElement[bool]:
    """True for revisions that are complete; see `staging`."""
    return _revision.c.number > 0


def _in_use() -> Select[tuple[int]]:
    """The revisions in force, in any slot."""
    state = schema.slot_state.c
    current = state.current_revision_id
    return select(current).where(current.is_not(None), state.space_id == answering_space())


def _is_taught() -> ColumnElement[bool]:
    """True for labels with examples; only their vectors are ever made again."""
    return or_(is_filled(_label.c.examples), is_filled(_label.c.counterexamples))


def _definition_of(row: Row[Any]) -> LabelDefinition:
    """The definition that a label's id stands for."""
    return LabelDefinition(
        row.name,
        tuple(row.texts),
        examples=tuple(row.examples),
        counterexamples=tuple(row.counterexamples),
    )


def label_digest(label: LabelDefinition) -> bytes:
    """Digest of a label's name, texts and examples. Labels of several revisions that are equal in these are one."""
    content: list[object] = [label.name, list(label.texts)]
    # Only if there are any, so that labels without keep the digest they have always had. Their order means nothing.
    if label.is_taught:
        content += [sorted(label.examples), sorted(label.counterexamples)]
    return _hash(content)


def vocabulary_digest(definition: VocabularyDefinition) -> bytes:
    """Digest of a revision's whole content, without its vocabulary's name."""
    labels = [
        [label.name, list(label.texts), label.category, list(label.aliases), label.threshold]
        for label in definition.labels
    ]
    content: list[object] = [definition.threshold, labels]
    # Only if there are any, so that vocabularies without keep the digest they have always had.
    if definition.exclusive or any(label.parents for label in definition.labels):
        content += [[list(label.parents) for label in definition.labels], [list(g) for g in definition.exclusive]]
    if any(label.is_taught for label in definition.labels):
        content.append([label_digest(label).hex() if label.is_taught else None for label in definition.labels])
    return _hash(content)


def retired_digest(digest: bytes, label_id: int) -> bytes:
    """Digest of the label with that id, which had *digest* until another label took its place."""
    return _hash([digest.hex(), label_id])


def _hash(content: list[object]) -> bytes:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")).digest()


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
        return self._read(_member.c.label_id.in_(ids_of(ids))) if ids else {}

    def named(self, names: Collection[str]) -> Mapping[int, Label]:
        """Return the labels with these names."""
        return self._read(_label.c.name.in_(items_of(names))) if names else {}

    def _read(self, *which: ColumnElement[bool]) -> dict[int, Label]:
        rows = self._connection.execute(
            _LABELS.where(_member.c.revision_id == self._revision_id, *which).order_by(_member.c.position)
        ).all()
        if not rows:
            return {}
        columns = list(zip(*rows, strict=True))
        places, ids, names, categories, thresholds = columns[:5]
        # One by one, the lists of some thousand labels take three times as long.
        texts, aliases, parents, shown, not_shown = (_lists(stored) for stored in columns[5:])
        definitions = map(LabelDefinition, names, texts, categories, aliases, thresholds, parents, shown, not_shown)
        return dict(zip(places, map(Label, ids, definitions), strict=True))


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
