"""Saved searches."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from photos.http.answers.problems import not_found
from photos.operations.searching.saved_searches import (
    MOST_LETTERS,
    SaveSearchRequest,
    is_name,
    remove_saved_searches,
    save_search,
    saved_searches,
)
from photos.records.saved_searches import SavedSearchRecord, saved_search_record

from .calls import Call, records


class SavedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query to save."""

    query: Annotated[str, Meta(min_length=1, max_length=4096, description="One line of the query language.")]


def list_saved_searches(call: Call) -> object:
    """Answer with the saved searches, newest first."""
    return records([saved_search_record(each) for each in saved_searches(call.library)])


def put_saved_search(call: Call) -> SavedSearchRecord:
    """Save a query under a name, in place of an earlier one."""
    name = call.path["name"]
    if not is_name(name):
        raise not_found(f"The name of a saved search has 1 to {MOST_LETTERS} letters.")
    return saved_search_record(save_search(call.library, SaveSearchRequest(name, call.body(SavedQuery).query)))


def delete_saved_search(call: Call) -> SavedSearchRecord:
    """Remove a saved search, and answer with what it was."""
    (removed,) = remove_saved_searches(call.library, [call.path["name"]])
    return saved_search_record(removed)
