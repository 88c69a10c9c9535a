"""History: the past searches that a library remembers, so that their words need no model again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from photos.library import OpenLibrary
from query.similarity.text_vectors import normalized_text


@dataclass(frozen=True, slots=True)
class PastSearch:
    """A text of a past search, in small letters, and the time, UTC, when it was first searched for."""

    text: str
    searched_at: datetime


def past_searches(library: OpenLibrary) -> list[PastSearch]:
    """Return the texts that are remembered, newest first; none in a library that does not exist."""
    if library.is_new:
        return []
    with library.catalog.read() as t:
        return [PastSearch(text, moment) for text, moment in t.texts.searched()]


def clear_history(library: OpenLibrary) -> int:
    """Forget all past searches, and erase them from the catalog's file; returns the number of texts.

    The texts of labels stay. Texts of which an earlier version did not note what they were remembered for go as well,
    unless a label has them.
    """
    if library.is_new:
        return 0
    with library.catalog.read() as t:
        of_labels = {normalized_text(text) for text in t.vocabularies.texts()}
    with library.catalog.write() as t:
        count = t.texts.forget_searches(of_labels)
    library.catalog.erase_deleted()
    return count
