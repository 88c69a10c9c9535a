"""Column types and statements that databases treat differently, and long lists of ids.

`functions` has the expressions that they spell differently. What PostgreSQL alone needs is in modules of its own, which
are imported where a connection is one of PostgreSQL: a start with SQLite reads none of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    LargeBinary,
    Select,
    String,
    Table,
    literal,
    select,
)

# `functions` lets PostgreSQL take its clauses, too.
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.types import TypeDecorator, TypeEngine

from .functions import (
    contains,
    day_of,
    each_of,
    ends_with,
    holds_others_than_ascii,
    is_filled,
    lies_below,
    lies_directly,
    like,
    stored_text,
    vector_length,
    whole_number,
)

__all__ = [
    "ServerText",
    "Unsigned",
    "Vector",
    "add_rows",
    "among",
    "chunks",
    "contains",
    "day_of",
    "each_of",
    "ends_with",
    "erase",
    "hold",
    "holds_others_than_ascii",
    "ids_of",
    "is_filled",
    "is_postgres",
    "items_of",
    "lies_below",
    "lies_directly",
    "like",
    "numbers_of",
    "pack",
    "plain_cursor",
    "put_rows",
    "replacing",
    "stored_text",
    "unsigned",
    "unused_bytes",
    "upsert",
    "utc_now",
    "vector_length",
    "vector_pages",
    "vector_rows",
    "vectors_of",
    "whole_joins",
    "whole_number",
]

Item = TypeVar("Item")

#: Ids in one statement: well below the 32 766 variables that SQLite takes, and the 65 535 of PostgreSQL.
MOST_VARIABLES = 5000
#: The largest number of an advisory lock of two.
_LARGEST = (1 << 31) - 1
_DTYPES: dict[str, np.dtype[np.floating[Any]]] = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}


class Vector(TypeDecorator[NDArray[np.float32]]):
    """A vector: numpy float32 (d,) in Python, little-endian floats of *precision* in the database.

    On PostgreSQL, one of float16 is a `halfvec` of pgvector, which can be indexed.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, precision: Literal["float16", "float32"]) -> None:
        super().__init__()
        self.precision = precision

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's type."""
        if self.precision == "float16" and is_postgres(dialect):
            from pgvector.sqlalchemy import HALFVEC  # noqa: PLC0415 - only PostgreSQL has it

            return dialect.type_descriptor(HALFVEC())
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: NDArray[np.float32] | None, dialect: Dialect) -> object:
        """Convert to the database's bytes, or to the array that `halfvec` takes."""
        if value is None or (self.precision == "float16" and is_postgres(dialect)):
            return value
        return pack(value, self.precision)

    def process_result_value(self, value: Any, dialect: Dialect) -> NDArray[np.float32] | None:
        """Convert from the database's bytes, or from the list that `halfvec` gives."""
        del dialect
        if value is None:
            return None
        if isinstance(value, list):
            return np.array(value, np.float32)
        return np.frombuffer(value, _DTYPES[self.precision]).astype(np.float32)


def _is_halfvec(kind: TypeEngine[Any]) -> bool:
    return isinstance(kind, Vector) and kind.precision == "float16"


def is_postgres(dialect: Dialect) -> bool:
    """Return whether statements are for PostgreSQL."""
    return dialect.name == "postgresql"


def utc_now() -> datetime:
    """Return the time as the database keeps times: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def pack(vector: NDArray[np.float32], precision: str) -> bytes:
    """Return *vector* as the bytes that the database keeps. Checksums are of these bytes."""
    return vector.astype(_DTYPES[precision]).tobytes()


class ServerText(TypeDecorator[str]):
    """A text in PostgreSQL, compared by its code points. PostgreSQL keeps no NUL: U+FFFD takes its place."""

    impl = String
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Convert to what the database takes."""
        del dialect
        return None if value is None else value.replace("\0", "\ufffd")


class Unsigned(TypeDecorator[int]):
    """An unsigned 64-bit number, such as an inode, in a signed 64-bit column."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Convert to the column's signed number."""
        del dialect
        return value if value is None or value < 1 << 63 else value - (1 << 64)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        """Convert from the column's signed number."""
        del dialect
        return value if value is None else unsigned(value)


def unsigned(kept: int) -> int:
    """Return the unsigned number that an `Unsigned` column keeps as *kept*."""
    return kept if kept >= 0 else kept + (1 << 64)


def chunks(items: Sequence[Item], most: int = MOST_VARIABLES) -> Iterator[Sequence[Item]]:
    """Split *items*, in order, into pieces of at most *most*, so that each fits into one statement."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


def among(column: ColumnElement[Any], ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that *column* is one of *ids*, or lies in their range where that adds few others.

    There must be at least one id. A list of thousands takes longer to write out than the rows take to read, so callers
    drop the rows that they did not ask for.
    """
    first, last = min(ids), max(ids)
    return column.between(first, last) if last - first < 2 * len(ids) else column.in_(ids)


def ids_of(ids: Collection[int]) -> Select[tuple[int]]:
    """Select *ids*, one a row, however many: they are one variable of the statement."""
    return numbers_of(literal(json.dumps(list(ids))))


def items_of(texts: Collection[str]) -> Select[tuple[Any]]:
    """Select *texts*, one a row, however many: they are one variable of the statement."""
    return select(each_of(literal(json.dumps([_as_kept(text) for text in texts]))).c.value)


def _as_kept(text: str) -> str:
    # No database holds a lone surrogate, and PostgreSQL no NUL; its JSON functions refuse them.
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")


def numbers_of(items: ColumnElement[Any]) -> Select[tuple[int]]:
    """Select the whole numbers of a JSON list, one a row."""
    return select(whole_number(each_of(items).c.value))


def replacing(table: Table, key: Sequence[str], columns: Sequence[str]) -> Insert:
    """Return an insert into *table* that sets *columns* instead if there is a row with that *key*."""
    row = upsert(table)
    return row.on_conflict_do_update(index_elements=key, set_={name: row.excluded[name] for name in columns})


def put_rows(
    connection: Connection,
    table: Table,
    key: tuple[str, ...],
    columns: tuple[str, ...],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Put *rows*, values of *key* and *columns*, into *table*, in place of rows with the same keys.

    Keys are numbers, each once. Vectors are bytes, as `pack` makes them. It takes a third of the time that SQLAlchemy
    takes when it processes every value, and on PostgreSQL a tenth.
    """
    if is_postgres(connection.dialect):
        from .bulk import replace_rows  # noqa: PLC0415 - SQLite does not need it

        halfvecs = [name for name in columns if _is_halfvec(table.c[name].type)]
        replace_rows(connection, table, key, columns, rows, halfvecs)
    elif rows:
        connection.exec_driver_sql(_replacing(table, key, columns, connection.dialect), list(rows))


def add_rows(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert *rows*, values of all columns of *table* as the driver takes them, but those whose keys are there.

    It takes a third of the time that SQLAlchemy takes when it processes every value.
    """
    if not rows:
        return
    if is_postgres(connection.dialect):
        names = table.columns.keys()
        connection.execute(_adding(table), [dict(zip(names, row, strict=True)) for row in rows])
    else:
        connection.exec_driver_sql(_compiled(table, connection.dialect), list(rows))


def vector_pages(
    connection: Connection, query: Select[tuple[int, bytes, int]], key: ColumnElement[int], rows: int
) -> Iterator[list[Sequence[Any]]]:
    """Yield what `vector_rows` returns, by ranges of *key*, the photo's id: *rows* rows at a time, fewer at last."""
    last = 0
    while read := list(vector_rows(connection, query.where(key > last).order_by(key).limit(rows))):
        last = read[-1][0]
        yield read


def vectors_of(
    connection: Connection, query: Select[tuple[int, bytes, int]], key: ColumnElement[int], ids: Sequence[int]
) -> Iterable[Sequence[Any]]:
    """Return what `vector_rows` does, of the rows whose *key*, the photo's id, is one of *ids*, and perhaps of others.

    There must be at least one id, and at most as many as `chunks` gives.
    """
    if is_postgres(connection.dialect):
        from . import bulk  # noqa: PLC0415 - SQLite does not need it

        return bulk.vectors_of(connection, query, key, ids)
    return connection.execute(query.where(among(key, ids)))


def vector_rows(connection: Connection, query: Select[tuple[int, bytes, int]]) -> Iterable[Sequence[Any]]:
    """Run *query*, which selects a photo's id, its vector as `LargeBinary`, and its checksum; and return the rows.

    The vectors are bytes, as `pack` makes them: checksums are of these.
    """
    if is_postgres(connection.dialect):
        from .bulk import read_vectors  # noqa: PLC0415 - SQLite does not need it

        return read_vectors(connection, query)
    return connection.execute(query)


def plain_cursor(connection: Connection, query: Select[Any]) -> DBAPICursor:
    """Run *query*, and return the driver's own cursor: rows are tuples of values as the driver has them.

    A library has a million rows, and wrapping a row takes longer than reading it.
    """
    cursor = connection.execute(query).cursor
    assert cursor is not None
    return cursor


def hold(connection: Connection, subject: int, part: int) -> None:
    """Let no other transaction that writes beside this one hold the same part of the same subject until this one ends.

    One that holds several takes them in ascending order. SQLite lets nobody write beside another.
    """
    if is_postgres(connection.dialect):
        # Two numbers are of another kind than the one number that writers lock.
        keys = subject & _LARGEST, part & _LARGEST
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s::int, %s::int)", keys)


@contextmanager
def whole_joins(connection: Connection) -> Iterator[None]:
    """Let statements within join whole tables at once, where they do that.

    PostgreSQL guesses by statistics, which know nothing of rows that were written just now: where it expects none, it
    compares all rows of one table with all of the other.
    """
    if not is_postgres(connection.dialect):
        yield
        return
    from .postgres import driver_of  # noqa: PLC0415 - SQLite does not need it

    driver = driver_of(connection)
    driver.execute("SET LOCAL enable_nestloop = off", prepare=False)
    yield
    driver.execute("SET LOCAL enable_nestloop TO DEFAULT", prepare=False)


def erase(connection: Connection) -> None:
    """Let this connection overwrite the bytes of what it deletes from now on.

    PostgreSQL cannot; there, `Database.empty_log` writes the tables anew.
    """
    if not is_postgres(connection.dialect):
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def unused_bytes(connection: Connection) -> int:
    """Return the bytes of the database's file that hold nothing, and are used before the file grows.

    It is 0 on PostgreSQL, which keeps that to itself.
    """
    if is_postgres(connection.dialect):
        return 0
    pages, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in ("freelist_count", "page_size")
    )
    return pages * size


@lru_cache(maxsize=16)
def _replacing(table: Table, key: tuple[str, ...], columns: tuple[str, ...], dialect: Dialect) -> str:
    names = [*key, *columns]
    assert [column.name for column in table.columns if column.name in names] == names, "in the table's order"
    return str(replacing(table, key, columns).compile(dialect=dialect, column_keys=names))


@lru_cache(maxsize=4)
def _adding(table: Table) -> Insert:
    return upsert(table).on_conflict_do_nothing()


@lru_cache(maxsize=4)
def _compiled(table: Table, dialect: Dialect) -> str:
    return str(_adding(table).compile(dialect=dialect))
