"""Nearest spellings: what a filter that finds no photo may have meant."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from query.language import Filter
from store import Transaction
from store.filters.facets import Facet

#: File names that are compared. Of a million, comparing takes half a minute.
_MOST_NAMES = 20_000
#: Least likeness of a suggestion, from 0 to 1.
_ALIKE = 0.7
_FACETS = {"camera": Facet.CAMERA, "lens": Facet.LENS, "keyword": Facet.KEYWORD}


def nearest_filter(t: Transaction, each: Filter) -> Filter | None:
    """Return the filter with the nearest name that the library has; None if there is none.

    It is for a filter on a camera, a lens, a keyword, a folder or a file's name with one value that finds no photo.
    """
    if each.negated or len(each.values) != 1 or not isinstance(each.values[0], str):
        return None
    value = each.values[0]
    found = _nearest(value, _known(t, each.name, value))
    return None if found is None or found == value else replace(each, values=(found,))


def _known(t: Transaction, name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield known names as they are compared, each with the value that finds it."""
    if name in _FACETS:
        for known, _ in t.facets.count(_FACETS[name]):
            yield str(known), str(known)
            # A part of a camera's or a lens's name is enough to find it.
            if name != "keyword":
                yield from ((word, word) for word in _words(str(known)))
    elif name == "name":
        for file_name in t.facets.file_names(_MOST_NAMES):
            yield file_name, file_name
            stem = file_name.rpartition(".")[0] or file_name
            yield stem, stem
    elif name == "in":
        parts = value.count("/") + 1
        for path, _ in t.facets.count(Facet.FOLDER):
            assert isinstance(path, bytes)
            ending = "/".join(os.fsdecode(path).split("/")[-parts:])
            yield ending, ending
            if parts == 1:
                yield from ((word, f"*{word}*") for word in _words(ending))


def _words(name: str) -> list[str]:
    return re.findall(r"[^\s,/]+", name)


def _nearest(value: str, known: Iterable[tuple[str, str]]) -> str | None:
    """Return the value whose spelling is nearest to *value* in any case."""
    spellings: dict[str, str] = {}
    for spelling, finding in known:
        spellings.setdefault(spelling.casefold(), finding)
    close = difflib.get_close_matches(value.casefold(), spellings, 1, _ALIKE)
    return spellings[close[0]] if close else None
