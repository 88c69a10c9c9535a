"""Explanation: the reasons for a photo's rank in a search."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from photos.library import OpenLibrary
from photos.operations.folders import absolute
from query.errors import BadQuery, NotInLibrary
from query.language import format_query
from query.search import Explanation
from query.search import explain as explained
from query.similarity import logit, probability
from store import Photo

from .pictures import LibraryPictures, NamedPictures, known_photo
from .search import parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """A photo of the library, by a path of it, and a query without filters.

    Relative paths begin in `directory`, which is absolute. `query` is one line or the words that a shell made of it.
    """

    image: str
    query: str | tuple[str, ...]
    directory: str
    #: As in `SearchRequest`.
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainResult:
    """The explanation, and the query as it can be typed.

    `logit` and `probability` are None unless the query is one text, which `of_text` says. `least` is the lowest cosine
    that is better than chance in this library; -inf if there are too few photos to say.
    """

    query: str
    of_text: bool
    explanation: Explanation
    logit: float | None
    probability: float | None
    least: float

    @property
    def stands_out(self) -> bool:
        """True if the photo scores better than chance."""
        return self.explanation.cosine >= self.least


def explain(library: OpenLibrary, request: ExplainRequest, *, only_library: bool = False) -> ExplainResult:
    """Explain the photo's rank for the query. The path that was named is the photo's first.

    With *only_library*, pictures in the query are photos of the library, and no file is opened. Raises `NotInLibrary`,
    `UnknownSpace`, and `BadQuery` for a query with filters.
    """
    library = library.in_space(request.model)
    query = parsed(request.query, request.directory)
    if query.filters or not query.terms:
        raise BadQuery(format_query(query), "is not only what can be seen", "leave the filters out")
    with library.read() as t:
        named = os.path.join(request.directory, request.image)
        photo = _led_by(known_photo(t, named), absolute(named))
    space, of_text = library.space, query.only_text is not None
    pictures = LibraryPictures(library) if only_library else NamedPictures(library, request.directory)
    found = explained(library.catalog, space, query, library.text_vectors(space), pictures, photo)
    if found is None:
        raise NotInLibrary(os.fsencode(request.image))
    return ExplainResult(
        query=format_query(query),
        of_text=of_text,
        explanation=found,
        logit=logit(found.cosine, space.identity) if of_text else None,
        probability=probability(found.cosine, space.identity) if of_text else None,
        least=found.distribution.threshold(space.identity, of_text=of_text),
    )


def _led_by(photo: Photo, path: bytes) -> Photo:
    """Put *path* first, if it is one of the photo's."""
    return replace(photo, paths=tuple(sorted(photo.paths, key=lambda each: each != path)))
