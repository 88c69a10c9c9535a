"""Vocabularies and their revisions."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from . import schema
from .chunks import chunks
from .errors import readable
from .records import Label, LabelDefinition, Revision, VocabularyDefinition, VocabularySummary

_vocabulary, _revision, _label, _member = schema.vocabulary, schema.revision, schema.label, schema.revision_label


class Vocabularies:
    """Named lists of labels. A change makes a new revision; the old one stays as it was."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, definition: VocabularyDefinition) -> Revision:
        """The revision with that content: the current one if it is equal, else a new one."""
        digest = _digest(definition)
        current = self._newest(definition.name)
        if current is not None and current.digest == digest:
            return self.revision(current.id)
        vocabulary_id = self._vocabulary_id(definition.name)
        key = self._connection.execute(
            insert(_revision).values(
                vocabulary_id=vocabulary_id,
                number=1 if current is None else current.number + 1,
                digest=digest,
                threshold=definition.threshold,
                created_at=datetime.now(UTC).replace(tzinfo=None),
            )
        ).inserted_primary_key
        assert key is not None
        self._add_labels(int(key[0]), definition)
        return self.revision(int(key[0]))

    def current(self, name: str) -> Revision | None:
        """The newest revision of the vocabulary, if there is one of that name."""
        # A name that was typed need not be text.
        newest = self._newest(readable(os.fsencode(name)))
        return None if newest is None else self.revision(newest.id)

    def revision(self, revision_id: int) -> Revision:
        """The revision with that id, which must exist."""
        row = self._connection.execute(
            select(_revision, _vocabulary.c.name).join(_vocabulary).where(_revision.c.id == revision_id)
        ).one()
        members = self._connection.execute(
            select(_member, _label.c.name, _label.c.texts)
            .join(_label)
            .where(_member.c.revision_id == revision_id)
            .order_by(_member.c.position)
        )
        labels = tuple(
            Label(m.label_id, LabelDefinition(m.name, tuple(m.texts), m.category, tuple(m.aliases), m.threshold))
            for m in members
        )
        return Revision(row.id, row.name, row.number, row.created_at, row.threshold, labels)

    def all(self) -> list[VocabularySummary]:
        """Every vocabulary's newest revision, by name."""
        in_use = self._connection.execute(
            select(_revision.c.vocabulary_id).join(schema.library, schema.library.c.revision_id == _revision.c.id)
        ).scalar()
        newest = select(func.max(_revision.c.id)).group_by(_revision.c.vocabulary_id)
        size = select(func.count()).where(_member.c.revision_id == _revision.c.id).scalar_subquery()
        rows = self._connection.execute(
            select(_revision, _vocabulary.c.name, size.label("size"))
            .join(_vocabulary)
            .where(_revision.c.id.in_(newest))
            .order_by(_vocabulary.c.name)
        )
        return [
            VocabularySummary(r.name, r.id, r.number, r.size, r.created_at, r.vocabulary_id == in_use) for r in rows
        ]

    def _newest(self, name: str) -> Row[Any] | None:
        return self._connection.execute(
            select(_revision)
            .join(_vocabulary)
            .where(_vocabulary.c.name == name)
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

    def _add_labels(self, revision_id: int, definition: VocabularyDefinition) -> None:
        ids = self._label_ids(definition)
        rows = [
            {
                "revision_id": revision_id,
                "position": position,
                "label_id": ids[_label_digest(label)],
                "category": label.category,
                "aliases": list(label.aliases),
                "threshold": label.threshold,
            }
            for position, label in enumerate(definition.labels)
        ]
        if rows:
            self._connection.execute(insert(_member), rows)

    def _label_ids(self, definition: VocabularyDefinition) -> dict[bytes, int]:
        wanted = {_label_digest(label): label for label in definition.labels}
        known = self._known_labels(list(wanted))
        new = [
            {"name": label.name, "texts": list(label.texts), "digest": digest}
            for digest, label in wanted.items()
            if digest not in known
        ]
        if new:
            self._connection.execute(insert(_label), new)
            known = self._known_labels(list(wanted))
        return known

    def _known_labels(self, digests: list[bytes]) -> dict[bytes, int]:
        known: dict[bytes, int] = {}
        for some in chunks(digests):
            rows = self._connection.execute(select(_label.c.digest, _label.c.id).where(_label.c.digest.in_(some)))
            known.update({row.digest: row.id for row in rows})
        return known


def _label_digest(label: LabelDefinition) -> bytes:
    return _hash([label.name, list(label.texts)])


def _digest(definition: VocabularyDefinition) -> bytes:
    labels = [
        [label.name, list(label.texts), label.category, list(label.aliases), label.threshold]
        for label in definition.labels
    ]
    return _hash([definition.threshold, labels])


def _hash(content: list[object]) -> bytes:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")).digest()
