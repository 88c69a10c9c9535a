"""Answers searches from the library."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from photos.errors import NotOneText, safe
from photos.library import OpenLibrary
from photos.operations.requests import SearchAnswer, SearchRequest, SimilarRequest
from photos.output.json_records import match_record
from query import Page, Query, Searcher, Sort, parse, written

_CUT = "Note: this is longer than the model reads; its end was left out."
_NOTHING = "Nothing here really matches: the best score is {best:z.3f}, and unrelated photos may reach {least:z.3f}."


def answer(app: OpenLibrary, request: SearchRequest) -> SearchAnswer:
    """What the library has for *request*.

    Raises `BadQuery` if it cannot be read, `EmptyLibrary` without photos, and what reading a picture raises.
    """
    notes: list[str] = []
    query = parse(request.words)
    page = Page(
        request.top,
        request.offset,
        Sort(request.sort),
        request.min_score,
        request.stands_out,
        request.group,
        request.exact,
    )
    found = searcher(app, request.directory, notes).search(query, page)
    reason = None if found.reason is None else f"{safe(found.reason)}."
    if found.best is not None and found.least is not None and found.best < found.least:
        nothing = _NOTHING.format(best=found.best, least=found.least)
        if found.matches:
            notes.append(nothing)
        else:
            reason = nothing
    if not found.matches and reason is None:
        reason = _why_none(request, found.best)
    matches = [match_record(match, found.more.get(match.photo_id, ())) for match in found.matches]
    return SearchAnswer(
        matches=matches,
        of_text=query.only_text is not None,
        title=_title(query),
        notes=tuple(notes),
        reason=reason,
    )


def answer_similar(app: OpenLibrary, request: SimilarRequest) -> SearchAnswer:
    """What the library has that is like the picture of *request*, which is not among it.

    Raises `EmptyLibrary` without photos, `UnreadablePicture`, and `MissingFolder` if there is no such file.
    """
    from photos.operations.search_by_image import (  # noqa: PLC0415 - searches need none
        as_vector,
        find_similar,
        find_similar_groups,
    )

    path = os.path.join(request.directory, request.image)
    picture = as_vector(app, app.space, path, named=request.image)
    if request.group:
        groups = find_similar_groups(app, picture, request.top)
    else:
        groups = [[match] for match in find_similar(app, picture, request.top)]
    matches = [match_record(best, more) for best, *more in groups]
    return SearchAnswer(matches=matches, of_text=False, title=f"Like {request.image}")


def _why_none(request: SearchRequest, best: float | None) -> str | None:
    """Which option left nothing of what was found; None if none did."""
    if request.min_score is not None and best is not None and best < request.min_score:
        return f"No photo has a score of {request.min_score:g} or more; the best is {best:z.3f}."
    if request.offset:
        return f"No photo is left after the first {request.offset}."
    return None


def searcher(app: OpenLibrary, directory: str, notes: list[str]) -> Searcher:
    """What answers queries from the library. *notes* takes what there is to say beside the answers."""
    texts = app.text_vectors(app.space, lambda _text: notes.append(_CUT))
    return Searcher(app.catalog, app.index, app.space, texts, _Pictures(app, directory), directory)


class _Pictures:
    """As `NamedPictures`, of which only queries with pictures take the import."""

    def __init__(self, app: OpenLibrary, directory: str) -> None:
        self._app = app
        self._directory = directory

    def vector(self, path: str) -> NDArray[np.float32]:
        """The unit vector, float32 (d,), of the picture at *path*."""
        from photos.operations.search_by_image import NamedPictures  # noqa: PLC0415 - few queries have pictures

        return NamedPictures(self._app, self._directory).vector(path)


def _title(query: Query) -> str:
    """Plain words alone, or all of the query as it can be typed."""
    return query.only_text if query.only_text is not None and not query.filters else written(query)


def label_text(words: tuple[str, ...]) -> str:
    """The text that a label can be made of: that of a query that is nothing but one. Raises `NotOneText`."""
    query = parse(words)
    if query.only_text is None or query.filters:
        raise NotOneText(written(query))
    return query.only_text
