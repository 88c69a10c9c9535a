"""What databases spell differently: insert, and what to do when the row is there; and functions of bytes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, Table, TableValuedAlias, cast, func
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert

__all__ = ["each_of", "lies_directly", "like", "replacing", "upsert"]


def replacing(table: Table, key: Sequence[str], columns: Sequence[str]) -> Insert:
    """An insert into *table* that, where a row with that *key* is there, sets its *columns* instead."""
    row = upsert(table)
    return row.on_conflict_do_update(index_elements=key, set_={name: row.excluded[name] for name in columns})


def lies_directly(path: ColumnElement[bytes], start: int) -> ColumnElement[bool]:
    """Whether *path* has no slash from byte *start*, counted from 0, on."""
    return func.instr(func.substr(path, start + 1), b"/") == 0


def like(path: ColumnElement[bytes], pattern: str) -> ColumnElement[bool]:
    r"""Whether the bytes of *path*, taken as text, are like *pattern*: % and _ are wild, and \ makes them plain.

    Letters of ASCII are like their capitals; others are not.
    """
    return cast(path, String).like(pattern, escape="\\")


def each_of(items: ColumnElement[Any]) -> TableValuedAlias:
    """The items of a JSON list, one a row, as the column `value`."""
    return func.json_each(items).table_valued("value")
