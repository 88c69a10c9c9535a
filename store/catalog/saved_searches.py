"""Saved searches: queries that a person gave a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from store.sql import schema
from store.sql.dialect import replacing, utc_now

_saved = schema.saved_search
_PUT = replacing(_saved, ["name"], ["query", "saved_at"])


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A query, one line, that a person gave a name at a time (UTC)."""

    name: str
    query: str
    saved_at: datetime


class SavedSearches:
    """Saved searches by their names."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[SavedSearch]:
        """Return every saved search, newest first."""
        rows = self._connection.execute(select(_saved).order_by(_saved.c.saved_at.desc(), _saved.c.name))
        return [SavedSearch(row.name, row.query, row.saved_at) for row in rows]

    def get(self, name: str) -> SavedSearch | None:
        """Return the saved search of that name."""
        row = self._connection.execute(select(_saved).where(_saved.c.name == name)).one_or_none()
        return None if row is None else SavedSearch(row.name, row.query, row.saved_at)

    def put(self, name: str, query: str) -> None:
        """Save a query under a name, in place of an earlier one of that name."""
        self._connection.execute(_PUT, {"name": name, "query": query, "saved_at": utc_now()})

    def remove(self, name: str) -> None:
        """Delete the saved search of that name, if there is one."""
        self._connection.execute(delete(_saved).where(_saved.c.name == name))
