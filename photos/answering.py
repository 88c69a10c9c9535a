"""Answers a search from the library."""

from __future__ import annotations

from photos.app import App
from photos.asking import SearchAnswer, SearchRequest
from photos.records import match_record
from query import search_text

_CUT = "Note: this is longer than the model reads; its end was left out."


def answer(app: App, request: SearchRequest) -> SearchAnswer:
    """What the library has for *request*. Raises `EmptyQuery` if it has no words, `EmptyLibrary` without photos."""
    notes: list[str] = []
    texts = app.texts(app.space, lambda _text: notes.append(_CUT))
    found = search_text(app.catalog, app.index, app.space, texts, " ".join(request.words), request.top)
    return SearchAnswer(matches=[match_record(match) for match in found], of_text=True, notes=tuple(notes))
