"""Column types and statements that databases spell differently, and long lists of ids.

`sqlite` has the spellings. A second database adds a module like it, and this one chooses between them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Connection, Dialect, LargeBinary, Select, Table, literal, select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.types import TypeDecorator

from .sqlite import (
    MOST_VARIABLES,
    Insert,
    each_of,
    ends_with,
    erase,
    has_phrase,
    holds_others_than_ascii,
    is_no_index,
    is_word_index_whole,
    lies_below,
    lies_directly,
    like,
    rebuild_word_index,
    upsert,
)

__all__ = [
    "Unsigned",
    "Vector",
    "among",
    "chunks",
    "each_of",
    "ends_with",
    "erase",
    "execute_plainly",
    "has_phrase",
    "holds_others_than_ascii",
    "is_no_index",
    "is_word_index_whole",
    "items_of",
    "lies_below",
    "lies_directly",
    "like",
    "pack",
    "plain_cursor",
    "rebuild_word_index",
    "replacing",
    "unsigned",
    "upsert",
    "utc_now",
]

Item = TypeVar("Item")

_DTYPES: dict[str, np.dtype[np.floating[Any]]] = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}


class Vector(TypeDecorator[NDArray[np.float32]]):
    """A vector: numpy float32 (d,) in Python, little-endian floats of *precision* in the database."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, precision: Literal["float16", "float32"]) -> None:
        super().__init__()
        self.precision = precision

    def process_bind_param(self, value: NDArray[np.float32] | None, dialect: Dialect) -> bytes | None:
        """Convert to the database's bytes."""
        del dialect
        return None if value is None else pack(value, self.precision)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> NDArray[np.float32] | None:
        """Convert from the database's bytes."""
        del dialect
        return None if value is None else np.frombuffer(value, _DTYPES[self.precision]).astype(np.float32)


def utc_now() -> datetime:
    """Return the time as the database keeps times: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def pack(vector: NDArray[np.float32], precision: str) -> bytes:
    """Return *vector* as the bytes that the database keeps. Checksums are of these bytes."""
    return vector.astype(_DTYPES[precision]).tobytes()


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


def items_of(items: Collection[int] | Collection[str]) -> Select[tuple[Any]]:
    """Select *items*, one a row, however many: they are one variable of the statement."""
    return select(each_of(literal(json.dumps(list(items)))).c.value)


def replacing(table: Table, key: Sequence[str], columns: Sequence[str]) -> Insert:
    """Return an insert into *table* that sets *columns* instead if there is a row with that *key*."""
    row = upsert(table)
    return row.on_conflict_do_update(index_elements=key, set_={name: row.excluded[name] for name in columns})


def execute_plainly(connection: Connection, statement: Insert, rows: Sequence[tuple[object, ...]]) -> None:
    """Run *statement* for each of *rows*: values as the driver takes them, in the order of the columns.

    It takes a third of the time that SQLAlchemy takes when it processes every value.
    """
    connection.exec_driver_sql(_compiled(statement, connection.dialect), list(rows))


def plain_cursor(connection: Connection, query: Select[Any]) -> DBAPICursor:
    """Run *query*, and return the driver's own cursor: rows are tuples of values as the driver has them.

    A library has a million rows, and wrapping a row takes longer than reading it.
    """
    cursor = connection.execute(query).cursor
    assert cursor is not None
    return cursor


@lru_cache(maxsize=16)
def _compiled(statement: Insert, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect))
