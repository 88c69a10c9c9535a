"""Saved searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypedDict

from photos.times import local_time

if TYPE_CHECKING:
    from store import SavedSearch


class SavedSearchRecord(TypedDict):
    """A query that a person gave a name."""

    name: Annotated[str, "Its name."]
    query: Annotated[str, "The query, one line."]
    saved_at: Annotated[str, "When it was saved, local time with its offset."]


def saved_search_record(search: SavedSearch) -> SavedSearchRecord:
    """Return the record of a saved search."""
    return {
        "name": search.name,
        "query": search.query,
        "saved_at": local_time(search.saved_at).isoformat(timespec="seconds"),
    }
