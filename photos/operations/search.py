"""Search: the photos that a query finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from photos.errors import NotOneText
from photos.library import OpenLibrary
from query.errors import BadQuery
from query.language import Filter, Query, format_query, parse, parse_line
from query.search import Match, Page, Searcher, Sort

from .requests import SearchRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Photos found, in order.

    `best` is the highest cosine of the search and `least` the lowest that is better than chance in this library; both
    are None where they were not computed. If filters leave no photo, `reason` is a sentence without its full stop.
    """

    #: The query as a heading: plain words alone, or all of it as it can be typed.
    title: str
    #: True if the query is one text. Logits and probabilities are None otherwise.
    of_text: bool
    matches: Sequence[Match]
    #: The other photos of a match's group, by the match's photo id.
    more: Mapping[int, Sequence[Match]] = field(default_factory=dict)
    #: True if a new text is longer than the model reads. It was cut.
    is_cut: bool = False
    best: float | None = None
    least: float | None = None
    reason: str | None = None

    @property
    def is_chance(self) -> bool:
        """True if even the best photo scores no better than unrelated photos do."""
        return self.best is not None and self.least is not None and self.best < self.least


def search(library: OpenLibrary, request: SearchRequest) -> SearchResult:
    """Return the photos that *request* finds: best first, or newest first for filters alone.

    Raises `BadQuery` for a query that cannot be read, `EmptyLibrary` without photos, and `MissingFolder` or
    `UnreadablePicture` for a picture in the query.
    """
    query = parsed(request.query)
    page = Page(
        request.top,
        request.offset,
        Sort(request.sort),
        request.min_score,
        request.stands_out,
        request.group,
        request.exact,
    )
    cut: list[str] = []
    pictures = _Pictures(library, request.directory)
    with library.read() as t:
        texts = library.text_vectors(library.space, cut.append)
        searcher = Searcher(library.index, library.space, texts, pictures, request.directory)
        selected = searcher.select(t, query, page)
    found = searcher.rank(selected)
    return SearchResult(
        title=_title(query),
        of_text=query.only_text is not None,
        matches=found.matches,
        more=found.more,
        is_cut=bool(cut),
        best=found.best,
        least=found.threshold,
        reason=found.reason,
    )


def warm(library: OpenLibrary) -> None:
    """Prepare the next searches: refresh and load the index, and read the vocabularies in force."""
    library.index.refresh()
    library.index.warm()
    with library.catalog.read() as t:
        # A revision that was read whole stays in memory, and is not read again in parts.
        for vocabulary in t.slots.in_force():
            t.vocabularies.revision(vocabulary.revision_id)


def parsed(query: str | Sequence[str]) -> Query:
    """Parse a query: one line, or the words that a shell made of it. Raises `BadQuery`."""
    return parse_line(query) if isinstance(query, str) else parse(query)


def only_filters(query: str | Sequence[str]) -> tuple[Filter, ...]:
    """Return the filters of a query that has nothing else, or nothing at all. Raises `BadQuery` for one with terms."""
    if not query:
        return ()
    found = parsed(query)
    if found.terms:
        raise BadQuery(format_query(found), "is not only filters", "`photos search` finds what can be seen")
    return found.filters


def label_text(words: tuple[str, ...]) -> str:
    """Return the text of a query that is a single text, for a label. Raises `NotOneText` for any other query."""
    query = parse(words)
    if query.only_text is None or query.filters:
        raise NotOneText(format_query(query))
    return query.only_text


class _Pictures:
    """Vectors of the pictures in a query. Only queries with pictures import the decoders."""

    def __init__(self, library: OpenLibrary, directory: str) -> None:
        self._library = library
        self._directory = directory

    def vector(self, path: str) -> NDArray[np.float32]:
        """Return the unit vector, float32 (d,), of the picture at *path*."""
        from .pictures import NamedPictures  # noqa: PLC0415 - few queries have pictures

        return NamedPictures(self._library, self._directory).vector(path)


def _title(query: Query) -> str:
    return query.only_text if query.only_text is not None and not query.filters else format_query(query)
