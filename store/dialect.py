"""The one statement that databases spell differently: insert, and what to do when the row is there."""

from collections.abc import Sequence

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert

__all__ = ["replacing", "upsert"]


def replacing(table: Table, key: Sequence[str], columns: Sequence[str]) -> Insert:
    """An insert into *table* that, where a row with that *key* is there, sets its *columns* instead."""
    row = upsert(table)
    return row.on_conflict_do_update(index_elements=key, set_={name: row.excluded[name] for name in columns})
