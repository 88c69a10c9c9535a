"""Suggestions: queries that begin with what was typed, from labels, past searches, and facts of the photos."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from photos.library import OpenLibrary
from query.language import Filter, format_filter
from query.places import region_names
from query.similarity import normalized_text
from query.tagging import TagNames
from store import Transaction
from store.filters.facets import Facet

#: Time within which a longer text is one that was typed on, and searches between the two.
_TYPING = timedelta(minutes=1)
_NEAR = 5


class Kind(StrEnum):
    """Sources of suggestions."""

    LABEL = "label"
    SEARCH = "search"
    FOLDER = "folder"
    CAMERA = "camera"
    LENS = "lens"
    KEYWORD = "keyword"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class SuggestionsRequest:
    """A text that was typed, and the most suggestions of each kind."""

    text: str
    count: int = 5


@dataclass(frozen=True, slots=True)
class QuerySuggestion:
    """A name that fits, as it is shown, and the query that finds its photos."""

    kind: Kind
    text: str
    query: str


#: The name of the filter for each kind but past searches.
_FILTERS = {
    Kind.LABEL: "tag",
    Kind.FOLDER: "in",
    Kind.CAMERA: "camera",
    Kind.LENS: "lens",
    Kind.KEYWORD: "keyword",
    Kind.PLACE: "place",
}
_FACETS = {Kind.CAMERA: Facet.CAMERA, Kind.LENS: Facet.LENS, Kind.KEYWORD: Facet.KEYWORD}


def suggest_queries(library: OpenLibrary, request: SuggestionsRequest) -> list[QuerySuggestion]:
    """Return queries for the names with a word that begins with the text, those that begin with it first.

    Without a text they are the newest searches, and the most used of everything else. Places need a text.
    """
    if library.is_new:
        return []
    found: list[QuerySuggestion] = []
    start = normalized_text(request.text)
    with library.catalog.read() as t:
        for kind in Kind:
            fitting = _fitting(_names(t, kind, start), start)
            found += [QuerySuggestion(kind, name, _query(kind, name)) for name in fitting[: request.count]]
    return found


def _names(t: Transaction, kind: Kind, start: str) -> Iterable[str]:
    match kind:
        case Kind.LABEL:
            return sorted(TagNames(t).all(), key=lambda name: (len(name), name)) if start else ()
        case Kind.SEARCH:
            return whole_searches(t.texts.searched())
        case Kind.FOLDER:
            return _folders(t)
        case Kind.PLACE:
            return region_names() if start else ()
        case Kind.CAMERA | Kind.LENS | Kind.KEYWORD:
            return (str(value) for value, _ in t.facets.count(_FACETS[kind]))


def whole_searches(searched: Sequence[tuple[str, datetime]]) -> list[str]:
    """Return the texts of past searches without those that were typed on: a page searches while its user types.

    *searched* are texts with their times, newest first.
    """
    whole: list[str] = []
    for at, (text, moment) in enumerate(searched):
        later = searched[max(0, at - _NEAR) : at]
        if not any(longer.startswith(text) and then - moment < _TYPING for longer, then in later):
            whole.append(text)
    return whole


def _folders(t: Transaction) -> Iterator[str]:
    names = (os.fsdecode(value) for value, _ in t.facets.count(Facet.FOLDER) if isinstance(value, bytes))
    # A name that is no text cannot be typed.
    return (name for name in names if name.isprintable())


def _fitting(names: Iterable[str], start: str) -> list[str]:
    if not start:
        return list(names)
    fitting = [(name, place) for name in names if (place := _place(normalized_text(name), start)) is not None]
    # The sort is stable: names stay in their order otherwise.
    return [name for name, _ in sorted(fitting, key=lambda pair: pair[1] > 0)]


def _place(name: str, start: str) -> int | None:
    """Return where a word of *name* begins with *start*, 0 for the last part of a path; None if none does."""
    last = name.rpartition("/")[2]
    if name.startswith(start) or last.startswith(start):
        return 0
    at = f" {name}".replace("/", " ").find(f" {start}")
    return None if at < 0 else at


def _query(kind: Kind, name: str) -> str:
    return name if kind is Kind.SEARCH else format_filter(Filter(_FILTERS[kind], (name,)))
