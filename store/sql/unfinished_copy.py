"""The mark of a catalog that is an unfinished copy of another one, and how far the copy is.

Both are kept in the copy itself, and change in one transaction with its rows. The mark is in place of the number of the
revision: a program that has the catalog open, of this version or an earlier one, stops at it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, select

from .plain_values import Row

_START: Final = "copying "
# No part of a catalog, so not among its tables.
_metadata = MetaData()
_source = Table("copied_from", _metadata, Column("source", Text, nullable=False))
_table = Table(
    "copied_table",
    _metadata,
    Column("name", Text, primary_key=True),
    # The key of the last row that was copied.
    Column("last_key", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An unfinished copy: the source as a person named it, and the revision of both."""

    source: str
    revision: str


def is_mark(revision: str) -> bool:
    """Return whether the *revision* of a catalog says that it is an unfinished copy."""
    return revision.startswith(_START)


def find_unfinished(connection: Connection) -> Unfinished | None:
    """Return what the database is an unfinished copy of; None if it is none, or has no tables of a catalog."""
    if "alembic_version" not in inspect(connection).get_table_names():
        return None
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""
    if not is_mark(revision):
        return None
    return Unfinished(source_of(connection), revision.removeprefix(_START))


def source_of(connection: Connection) -> str:
    """Return the source of the unfinished copy that the database is."""
    return str(connection.execute(select(_source.c.source)).scalar_one())


def mark_unfinished(connection: Connection, source: str, revision: str) -> None:
    """Mark a catalog of that *revision*, which has no rows, as an unfinished copy of *source*."""
    _metadata.create_all(connection)
    connection.execute(_source.insert().values(source=source))
    _set_revision(connection, f"{_START}{revision}")


def unmark(connection: Connection, revision: str) -> None:
    """Make a catalog of that *revision* of an unfinished copy."""
    _metadata.drop_all(connection)
    _set_revision(connection, revision)


def copied_keys(connection: Connection) -> dict[str, Row]:
    """Return the key of the last row that was copied, by the name of its table."""
    rows = connection.execute(select(_table.c.name, _table.c.last_key))
    return {name: tuple(map(_value, json.loads(key))) for name, key in rows}


def note_copied(connection: Connection, table: str, key: Row) -> None:
    """Note that the rows of *table* were copied up to the one with that *key*."""
    text = json.dumps([{"bytes": value.hex()} if isinstance(value, bytes) else value for value in key])
    note_deleted(connection, table)
    connection.execute(_table.insert().values(name=table, last_key=text))


def note_deleted(connection: Connection, table: str) -> None:
    """Note that no rows of *table* are copied yet."""
    connection.execute(_table.delete().where(_table.c.name == table))


def _value(kept: object) -> int | float | str | bytes:
    if isinstance(kept, dict):
        return bytes.fromhex(kept["bytes"])
    assert isinstance(kept, int | float | str)
    return kept


def _set_revision(connection: Connection, revision: str) -> None:
    connection.exec_driver_sql("DELETE FROM alembic_version")
    version = Table("alembic_version", MetaData(), Column("version_num", Text))
    connection.execute(version.insert().values(version_num=revision))
