"""Long lists of ids, in pieces that fit into one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

#: Well below the 32 766 variables that SQLite takes in a statement.
_MOST = 5000


def chunks(items: Sequence[Item], most: int = _MOST) -> Iterator[Sequence[Item]]:
    """*items* in order, at most *most* at a time."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
