"""What databases spell differently: insert, and what to do when the row is there; and functions of bytes."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, func
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert

__all__ = ["lies_directly", "replacing", "upsert"]


def replacing(table: Table, key: Sequence[str], columns: Sequence[str]) -> Insert:
    """An insert into *table* that, where a row with that *key* is there, sets its *columns* instead."""
    row = upsert(table)
    return row.on_conflict_do_update(index_elements=key, set_={name: row.excluded[name] for name in columns})


def lies_directly(path: ColumnElement[bytes], start: int) -> ColumnElement[bool]:
    """Whether *path* has no slash from byte *start*, counted from 0, on."""
    return func.instr(func.substr(path, start + 1), b"/") == 0
