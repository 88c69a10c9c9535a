"""Plain values of rows, the same from every database, and the kinds of columns that hold them.

A plain value is a number, a text, bytes or None, as SQLite keeps it: the little-endian bytes of a vector, the text of
JSON, a time as `YYYY-MM-DD HH:MM:SS.ffffff`, and 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, TypeVar

Value = int | float | str | bytes | None
Row = tuple[Value, ...]
_Cell = TypeVar("_Cell")


class Kind(Enum):
    """Kinds of columns, by the values that they hold."""

    NUMBER = auto()
    FLAG = auto()
    REAL = auto()
    TEXT = auto()
    JSON = auto()
    TIME = auto()
    BYTES = auto()
    HALFVEC = auto()


class ValueRefused(Exception):
    """A value of a row is none of its column, or the database that the row was to be added to cannot hold it."""


def conversions(
    kinds: Sequence[Kind], of_kinds: Mapping[Kind, Callable[[Any], Any]]
) -> list[tuple[int, Callable[[Any], Any]]]:
    """Return the places of columns of these *kinds* whose values are to be converted, and the functions for it."""
    return [(place, of_kinds[kind]) for place, kind in enumerate(kinds) if kind in of_kinds]


def changed(
    rows: Iterator[tuple[_Cell, ...]], conversions: Sequence[tuple[int, Callable[[Any], Any]]]
) -> Iterator[tuple[Any, ...]]:
    """Return *rows* with the values in these places converted, except None. Then they raise `ValueRefused`."""
    return _changed(rows, conversions) if conversions else rows


def _changed(
    rows: Iterator[tuple[_Cell, ...]], conversions: Sequence[tuple[int, Callable[[Any], Any]]]
) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        values: list[Any] = list(row)
        for place, convert in conversions:
            if values[place] is not None:
                try:
                    values[place] = convert(values[place])
                except (TypeError, ValueError) as error:
                    # SQLite keeps any value in any column, so a damaged one may be of another type.
                    raise ValueRefused(str(error)) from error
        yield tuple(values)
