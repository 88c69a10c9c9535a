"""Long lists of ids, in pieces that fit into one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement

Item = TypeVar("Item")

#: Well below the 32 766 variables that SQLite takes in a statement.
_MOST = 5000


def chunks(items: Sequence[Item], most: int = _MOST) -> Iterator[Sequence[Item]]:
    """*items* in order, at most *most* at a time."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


def among(column: ColumnElement[Any], ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether *column* is one of *ids*, which are not none, or lies between them where that takes in few others.

    A list of thousands costs more to say than the rows to read. Whoever asks leaves out what they did not ask for.
    """
    first, last = min(ids), max(ids)
    return column.between(first, last) if last - first < 2 * len(ids) else column.in_(ids)
