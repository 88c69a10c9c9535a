"""Saved searches: queries that a person gave a name in this library."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from photos.errors import UnknownSearch
from photos.library import OpenLibrary
from query.errors import BadQuery
from query.language import Filter, Picture, Query, format_query
from store import SavedSearch

from .search import parsed

#: Letters of a name.
MOST_LETTERS = 200
_PATH_STARTS = ("/", "./", "../", "~/")


@dataclass(frozen=True, slots=True)
class SaveSearchRequest:
    """A query to save under a name, in place of an earlier one of that name.

    The query is one line, which is kept as it is, or the words that a shell made of it in `directory`; paths in these
    that are relative to it are made absolute.
    """

    name: str
    query: str | tuple[str, ...]
    directory: str = "/"


def is_name(name: str) -> bool:
    """Return whether *name* can be the name of a saved search: text, of 1 to 200 letters without spaces around it."""
    return 0 < len(_normalized(name)) <= MOST_LETTERS and "\0" not in name and _is_text(name)


def saved_searches(library: OpenLibrary) -> list[SavedSearch]:
    """Return the saved searches, newest first; none in a library that does not exist."""
    if library.is_new:
        return []
    with library.catalog.read() as t:
        return t.saved_searches.all()


def saved_search(library: OpenLibrary, name: str) -> SavedSearch:
    """Return the saved search of that name. Raises `UnknownSearch`."""
    found = {each.name: each for each in saved_searches(library)}
    wanted = _normalized(name)
    if wanted not in found:
        raise UnknownSearch(name, list(found))
    return found[wanted]


def save_search(library: OpenLibrary, request: SaveSearchRequest) -> SavedSearch:
    """Save a query. Raises `BadQuery`, and `ValueError` for what is no name; see `is_name`."""
    if not is_name(request.name):
        raise ValueError(f"a name has 1 to {MOST_LETTERS} letters, and this is {request.name[:MOST_LETTERS]!r}")
    name = _normalized(request.name)
    query = parsed(request.query, request.directory)
    line = request.query if isinstance(request.query, str) else format_query(_absolute(query, request.directory))
    if not _is_text(line):
        raise BadQuery(line, "has the name of a file that is no text")
    with library.catalog.write() as t:
        t.saved_searches.put(name, line.strip())
        found = t.saved_searches.get(name)
    assert found is not None
    return found


def remove_saved_searches(library: OpenLibrary, names: Sequence[str]) -> list[SavedSearch]:
    """Remove saved searches, all or none, and return them. Raises `UnknownSearch`."""
    found = [saved_search(library, name) for name in dict.fromkeys(names)]
    if found:
        with library.catalog.write() as t:
            for each in found:
                t.saved_searches.remove(each.name)
    return found


def _normalized(name: str) -> str:
    return " ".join(name.split())


def _is_text(line: str) -> bool:
    """Return whether a text is Unicode: bytes of a path that are none are lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in line)


def _absolute(query: Query, directory: str) -> Query:
    """Return *query* with paths that mean the same in any directory."""
    terms = tuple(
        replace(term, path=_joined(directory, term.path)) if isinstance(term, Picture) else term for term in query.terms
    )
    return Query(terms, tuple(_absolute_filter(each, directory) for each in query.filters))


def _absolute_filter(each: Filter, directory: str) -> Filter:
    if each.name != "in":
        return each
    values = [str(value) for value in each.values]
    is_path = [value in {".", "..", "~"} or value.startswith(_PATH_STARTS) for value in values]
    return replace(
        each,
        values=tuple(_joined(directory, value) if path else value for value, path in zip(values, is_path, strict=True)),
    )


def _joined(directory: str, path: str) -> str:
    return os.path.abspath(os.path.join(directory, os.path.expanduser(path)))
