"""Answers a search from the library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from photos.app import App
from photos.asking import SearchAnswer, SearchRequest
from photos.errors import NotOneText
from photos.records import match_record
from query import Page, Searcher, Sort, parse, written

_CUT = "Note: this is longer than the model reads; its end was left out."


def answer(app: App, request: SearchRequest) -> SearchAnswer:
    """What the library has for *request*.

    Raises `BadQuery` if it cannot be read, `EmptyLibrary` without photos, and what reading a picture raises.
    """
    notes: list[str] = []
    query = parse(request.words)
    page = Page(request.top, request.offset, Sort(request.sort), request.min_score)
    found = searcher(app, request.directory, notes).search(query, page)
    if found.reason is not None:
        notes.append(f"{found.reason}.")
    matches = [match_record(match) for match in found.matches]
    return SearchAnswer(matches=matches, of_text=query.only_text is not None, notes=tuple(notes))


def searcher(app: App, directory: str, notes: list[str]) -> Searcher:
    """What answers queries from the library. *notes* takes what there is to say beside the answers."""
    texts = app.texts(app.space, lambda _text: notes.append(_CUT))
    return Searcher(app.catalog, app.index, app.space, texts, _Pictures(app, directory), directory)


class _Pictures:
    """As `NamedPictures`, of which only queries with pictures take the import."""

    def __init__(self, app: App, directory: str) -> None:
        self._app = app
        self._directory = directory

    def vector(self, path: str) -> NDArray[np.float32]:
        """The unit vector, float32 (d,), of the picture at *path*."""
        from photos.pictures import NamedPictures  # noqa: PLC0415 - few queries have pictures

        return NamedPictures(self._app, self._directory).vector(path)


def label_text(words: tuple[str, ...]) -> str:
    """The text that a label can be made of: that of a query that is nothing but one. Raises `NotOneText`."""
    query = parse(words)
    if query.only_text is None or query.filters:
        raise NotOneText(written(query))
    return query.only_text
