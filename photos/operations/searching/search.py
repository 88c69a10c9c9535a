"""Search: the photos that a query finds."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from photos.errors import NotOneText
from photos.library import OpenLibrary
from query.errors import BadQuery
from query.language import Filter, Query, format_query, parse, parse_line
from query.search import Match, PictureVectors, ResultPage, Searcher, Snapshots, Sort

from .requests import SearchRequest

_SIGN_AND_WEIGHT = re.compile(r"[+-]?(?:[\d.]+:)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Photos found, in order.

    `best` is the highest cosine of the search and `least` the lowest that is better than chance in this library; both
    are None where they were not computed. If filters leave no photo, `reason` is a sentence without its full stop.
    `total` counts all photos that match; of a ranking without a least score, all that the filters leave.
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
    total: int = 0
    #: The number of captions that were compared; None if none was to be.
    captions: int | None = None

    @property
    def is_chance(self) -> bool:
        """True if even the best photo scores no better than unrelated photos do."""
        return self.best is not None and self.least is not None and self.best < self.least


def search(library: OpenLibrary, request: SearchRequest) -> SearchResult:
    """Return the photos that *request* finds: best first, or newest first for filters alone.

    Raises `BadQuery` for a query that cannot be read, `EmptyLibrary` without photos, and `MissingFolder` or
    `UnreadablePicture` for a picture in the query, `NotInLibrary` for one of the library alone, and `UnknownSpace` for
    a model that the library does not have.
    """
    query = parsed_request(request)
    library = library.in_space(request.model)
    page = ResultPage(
        _count(request, query),
        request.offset,
        Sort(request.sort),
        request.min_score,
        request.stands_out,
        request.group,
        request.exact,
        with_captions=request.with_captions,
    )
    pictures = _Pictures(library, None if request.only_library else request.directory)
    return find(library, query, page, request.directory, pictures)


def find(
    library: OpenLibrary,
    query: Query,
    page: ResultPage,
    directory: str,
    pictures: PictureVectors,
    index: Snapshots | None = None,
) -> SearchResult:
    """Return a page of the photos that a parsed query finds, in *index* or that of the library.

    Raises as `search` does.
    """
    cut: list[str] = []
    with library.read() as t:
        texts = library.text_vectors(library.space, cut.append)
        searcher = Searcher(index or library.index, library.space, texts, pictures, directory)
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
        total=found.total,
        captions=found.captions,
    )


def warm(library: OpenLibrary) -> None:
    """Prepare the next searches: refresh and load the index, and read the vocabularies in force."""
    library.index.refresh()
    library.index.warm()
    with library.catalog.read() as t:
        # A revision that was read whole stays in memory, and is not read again in parts.
        for vocabulary in t.slots.in_force():
            t.vocabularies.revision(vocabulary.revision_id)


def parsed(query: str | Sequence[str], directory: str) -> Query:
    """Parse a query: one line, or the words that a shell made of it in *directory*.

    Raises `BadQuery`; also for a word of a shell that is the path of a file or a folder, which a person meant as one.
    """
    if isinstance(query, str):
        return parse_line(query)
    found = parse(query)
    for word in query:
        _refuse_path(word, directory)
    return found


def _refuse_path(word: str, directory: str) -> None:
    path = _SIGN_AND_WEIGHT.sub("", word, count=1)
    # Words without a dot or a slash are words, whatever a folder holds; other paths begin like ./ or /.
    if not ("/" in path or "." in path.strip(".")) or path.startswith(("./", "../", "~/", "/", "\\", '"')):
        return
    try:
        mode = os.stat(os.path.join(directory, path)).st_mode
    except (OSError, ValueError):
        return
    if stat.S_ISDIR(mode):
        raise BadQuery(word, "is a folder here", f"write in:./{path} for the photos in it, or '\\{path}' for the words")
    raise BadQuery(word, "is a file here", f"write ./{path} for photos that look like it, or '\\{path}' for the words")


def parsed_request(request: SearchRequest) -> Query:
    """Parse the query of *request*. Raises `BadQuery`."""
    if request.only_library and isinstance(request.query, str):
        return parsed_line(request.query)
    return parsed(request.query, request.directory)


def parsed_line(query: str) -> Query:
    """Parse one line; an empty one stands for all photos. Raises `BadQuery`."""
    return parse_line(query) if query.strip() else Query((), ())


def only_filters(query: str | Sequence[str], directory: str) -> tuple[Filter, ...]:
    """Return the filters of a query that has nothing else, or nothing at all. Raises `BadQuery` for one with terms."""
    if not query:
        return ()
    found = parsed(query, directory)
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
    """Vectors of the pictures in a query. Only queries with pictures import the decoders.

    Relative paths begin in *directory*; with None the pictures are photos of the library, and no file is opened.
    """

    def __init__(self, library: OpenLibrary, directory: str | None) -> None:
        self._library = library
        self._directory = directory

    def vector(self, path: str) -> NDArray[np.float32]:
        """Return the unit vector, float32 (d,), of the picture at *path*."""
        from .pictures import LibraryPictures, NamedPictures  # noqa: PLC0415 - few queries have pictures

        if self._directory is None:
            return LibraryPictures(self._library).vector(path)
        return NamedPictures(self._library, self._directory).vector(path)


def _count(request: SearchRequest, query: Query) -> int | None:
    if request.count_only:
        return 0
    return None if request.whole_listing and not query.terms else request.top


def _title(query: Query) -> str:
    return query.only_text if query.only_text is not None and not query.filters else format_query(query)
