"""Rows of any table as plain values, the same ones from every database, so that a catalog can be copied to another one.

What PostgreSQL alone needs is in `postgres_rows`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    DateTime,
    Dialect,
    Float,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    func,
    insert,
    literal,
    select,
    tuple_,
)
from sqlalchemy.exc import DataError, IntegrityError

from .dialect import ServerText, Unsigned, Vector, is_postgres, plain_cursor
from .plain_values import Kind, Row, Value, ValueRefused, changed, conversions

__all__ = [
    "add_plain_rows",
    "delete_rows",
    "fitting",
    "given_ids",
    "has_rows",
    "kinds_of",
    "numbered",
    "read_plain_rows",
    "set_given_ids",
]

#: Rows that are fetched from the driver at once.
_PART: Final = 500
#: Letters of a time as SQLAlchemy writes it on SQLite.
_TIME_LETTERS: Final = 26
#: A NUL in the text of JSON. A backslash before it may be one that stands for itself.
_JSON_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


#: The first that a column's type is an instance of.
_KINDS: Final = (
    (Boolean, Kind.FLAG),
    ((Integer, Unsigned), Kind.NUMBER),
    (Float, Kind.REAL),
    (JSON, Kind.JSON),
    ((String, ServerText), Kind.TEXT),
    (DateTime, Kind.TIME),
    (LargeBinary, Kind.BYTES),
)


@lru_cache(maxsize=256)
def kinds_of(table: Table) -> tuple[Kind, ...]:
    """Return the kinds of the columns of *table*, in order."""
    return tuple(_kind(column.type) for column in table.columns)


def _kind(kind: object) -> Kind:
    if isinstance(kind, Vector):
        return Kind.HALFVEC if kind.precision == "float16" else Kind.BYTES
    return next(found for types, found in _KINDS if isinstance(kind, types))


def read_plain_rows(
    connection: Connection, table: Table, *, after: Row | None = None, until: Row | None = None
) -> Iterator[Row]:
    """Yield the rows of *table* by its primary key: those with keys after *after*, and up to *until*.

    The values are in the order of the columns. Few rows are in memory at once. Damage raises the driver's errors.
    """
    key = tuple_(*table.primary_key.columns)
    query = select(table).order_by(*table.primary_key.columns)
    if after is not None:
        query = query.where(key > _as_tuple(table, after))
    if until is not None:
        query = query.where(key <= _as_tuple(table, until))
    if is_postgres(connection.dialect):
        from .postgres_rows import read_rows  # noqa: PLC0415 - SQLite does not need it

        return read_rows(connection, query, kinds_of(table))
    return changed(_fetched(connection, query), conversions(kinds_of(table), {Kind.TIME: _in_full}))


def _as_tuple(table: Table, values: Row) -> Any:
    columns = table.primary_key.columns
    return tuple_(*(literal(value, column.type) for value, column in zip(values, columns, strict=True)))


def _fetched(connection: Connection, query: Select[Any]) -> Iterator[Row]:
    cursor = plain_cursor(connection, query)
    while rows := cursor.fetchmany(_PART):
        yield from rows


def _in_full(time: object) -> str:
    """Return a time as it is written now: some early rows have no fraction of a second. Raises `ValueError`."""
    if isinstance(time, str) and len(time) == _TIME_LETTERS:
        return time
    return datetime.fromisoformat(str(time)).isoformat(" ", "microseconds")


def add_plain_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Add *rows* to *table*: values of all columns. Raises `ValueRefused` if the database cannot hold one."""
    if not rows:
        return
    if is_postgres(connection.dialect):
        from .postgres_rows import add_rows  # noqa: PLC0415 - SQLite does not need it

        add_rows(connection, table, rows, kinds_of(table))
        return
    try:
        connection.exec_driver_sql(str(insert(table).compile(dialect=connection.dialect)), list(rows))
    except (IntegrityError, DataError) as error:
        raise ValueRefused(str(error.orig)) from error


def fitting(table: Table, source: Dialect, target: Dialect) -> Callable[[Iterator[Row]], Iterator[Row]]:
    """Return the function that makes rows of *source* those that *target* holds in their place.

    PostgreSQL holds no NUL in a text: U+FFFD takes its place. SQLite holds no number that is none, and takes NULL.
    """
    of_kinds: dict[Kind, Callable[[Any], Value]] = {}
    if is_postgres(target) and not is_postgres(source):
        of_kinds = {Kind.TEXT: _without_nul, Kind.JSON: _without_json_nul}
    elif is_postgres(source) and not is_postgres(target):
        of_kinds = {Kind.REAL: _as_real}
    found = conversions(kinds_of(table), of_kinds)
    return lambda rows: changed(rows, found)


def _without_nul(text: str) -> str:
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _without_json_nul(text: str) -> str:
    return _JSON_NUL.sub(r"\1\\ufffd", text) if r"\u0000" in text else text


def _as_real(number: float) -> float | None:
    return None if math.isnan(number) else number


def has_rows(connection: Connection, tables: Sequence[Table]) -> bool:
    """Return whether any of *tables* has a row."""
    return any(connection.execute(select(literal(1)).select_from(table).limit(1)).first() for table in tables)


def delete_rows(connection: Connection, tables: Sequence[Table]) -> None:
    """Delete all rows of *tables*, which hold every table that refers to one of them.

    On SQLite, foreign keys are off in this transaction: for each deleted row it would look through whole tables.
    """
    if is_postgres(connection.dialect):
        if tables:
            names = ", ".join(connection.dialect.identifier_preparer.format_table(table) for table in tables)
            connection.exec_driver_sql(f"TRUNCATE {names}")
        return
    for table in reversed(tables):
        connection.execute(table.delete())


def numbered(tables: Sequence[Table]) -> list[Table]:
    """Return those of *tables* whose database gives ids to new rows, and none twice."""
    return [table for table in tables if table.dialect_options["sqlite"]["autoincrement"]]


def given_ids(connection: Connection, tables: Sequence[Table]) -> dict[str, int]:
    """Return the highest id that was ever given in each of *tables*, which are numbered: also to rows that are gone."""
    if is_postgres(connection.dialect):
        from .postgres_rows import given_ids as given_there  # noqa: PLC0415 - SQLite does not need it

        given = given_there(connection, tables)
    else:
        rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
        given = {str(name): int(number) for name, number in rows}
    newest = {
        table.name: connection.execute(select(func.max(*table.primary_key.columns))).scalar() or 0 for table in tables
    }
    return {name: max(given.get(name, 0), largest) for name, largest in newest.items()}


def set_given_ids(connection: Connection, tables: Sequence[Table], given: Mapping[str, int]) -> None:
    """Let the ids of new rows in *tables*, which are numbered, come after those that were *given*."""
    if is_postgres(connection.dialect):
        from .postgres_rows import set_given_ids as set_there  # noqa: PLC0415 - SQLite does not need it

        set_there(connection, tables, given)
        return
    rows = [(table.name, given[table.name]) for table in tables]
    connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", [(name,) for name, _ in rows])
    connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", rows)
