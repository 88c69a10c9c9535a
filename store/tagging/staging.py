"""Staging of large vocabularies: their labels are written in short transactions, before a revision shows them.

A transaction that writes the labels of a large vocabulary would keep every other writer waiting. A staged revision has
a number below 0, which nothing lists or finds; `Vocabularies.put` gives it its number, in one short transaction. What
a killed process has staged is removed by a later one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, select

from store.records import VocabularyDefinition
from store.sql import schema
from store.sql.dialect import chunks, utc_now

from .vocabularies import LabelCache, Staged, Vocabularies, vocabulary_digest

_revision, _member = schema.revision, schema.revision_label
#: Labels in one transaction.
_PART: Final = 500
#: A staged revision that is older belongs to a process that has ended.
_OLD: Final = timedelta(days=1)

#: Begins a transaction, which writes if it is called with True.
Begin = Callable[[bool], AbstractContextManager[Connection]]


@contextmanager
def staged(begin: Begin, cache: LabelCache, definition: VocabularyDefinition) -> Iterator[Staged | None]:
    """Stage *definition* for `Vocabularies.put`; None for a small one.

    At the end a staged revision that was not put is removed.
    """
    if len(definition.labels) <= _PART:
        yield None
        return
    digest = vocabulary_digest(definition)
    with begin(False) as connection:
        is_newest = Vocabularies(connection, cache).is_newest(definition.name, digest)
    if is_newest:
        yield Staged(digest, None)
        return
    _remove_old(begin)
    with begin(True) as connection:
        revision_id = Vocabularies(connection).begin(definition, digest, -1 - secrets.randbelow(1 << 30))
    try:
        for start in range(0, len(definition.labels), _PART):
            with begin(True) as connection:
                Vocabularies(connection).add_labels(revision_id, definition, start, start + _PART)
        with begin(False) as connection:
            # The writing transaction finds them in memory.
            Vocabularies(connection, cache).revision(revision_id)
        yield Staged(digest, revision_id)
    finally:
        _remove(begin, revision_id)


def _remove_old(begin: Begin) -> None:
    before = utc_now() - _OLD
    with begin(False) as connection:
        old = select(_revision.c.id).where(_revision.c.number < 0, _revision.c.created_at < before)
        found = connection.execute(old).scalars().all()
    for revision_id in found:
        _remove(begin, revision_id)


def _mine(revision_id: int) -> ColumnElement[bool]:
    return _member.c.revision_id == revision_id


def _remove(begin: Begin, revision_id: int) -> None:
    """Remove the revision if it is still staged. Labels stay: others may have the same by now."""
    with begin(False) as connection:
        number = connection.execute(select(_revision.c.number).where(_revision.c.id == revision_id)).scalar()
        last = connection.execute(select(func.max(_member.c.position)).where(_mine(revision_id))).scalar()
    if number is None or number > 0:
        return
    for some in chunks(range((last or 0) + 1), _PART):
        with begin(True) as connection:
            # Another process may have removed it, and its id is never given again.
            is_part = _member.c.position.between(some[0], some[-1])
            connection.execute(delete(_member).where(_mine(revision_id), is_part))
    with begin(True) as connection:
        connection.execute(delete(_revision).where(_revision.c.id == revision_id, _revision.c.number < 0))
