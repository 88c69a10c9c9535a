"""Strips: all photos that a query finds in their order, with their shapes, days and cosines, at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photos.errors import EmptyLibrary
from photos.library import OpenLibrary
from query.filters import matching_photos
from query.language import Query, Term, Text
from query.search import query_vector, score_distribution
from query.similarity import cosines_with
from store import Space, Transaction
from store.embeddings.cache import Position
from store.filters.selection import Shapes

from .pages import ROOT
from .pictures import LibraryPictures
from .search import parsed_line

#: Orders.
BY_RELEVANCE, BY_DATE = "relevance", "date"


@dataclass(frozen=True, slots=True)
class StripRequest:
    """All photos that `query`, one line, finds; every photo if it is empty.

    `sort` is `BY_RELEVANCE`, best first, or `BY_DATE`, newest first. Filters alone are always sorted by date.
    """

    query: str = ""
    sort: str = BY_RELEVANCE
    #: Name of the model whose space is searched; None for the one that answers.
    model: str | None = None


@dataclass(frozen=True, slots=True)
class StripResult:
    """Photos in their order, and the moment of the library at which they were found.

    `cosines`, float64 (n,), are None without terms. If the filters leave no photo, `reason` says why. `least` is the
    lowest cosine that is better than chance.
    """

    shapes: Shapes
    moment: Position
    cosines: NDArray[np.float64] | None = None
    reason: str | None = None
    least: float | None = None


@dataclass(frozen=True, slots=True)
class TermsResult:
    """The terms of a query, and the cosines of each with the photos of the strip of the same request.

    `cosines` are float64 (n, k), NaN for a photo without an embedding; `gram`, float64 (k, k), are the cosines of the
    terms with each other.
    """

    strip: StripResult
    terms: tuple[Term, ...]
    cosines: NDArray[np.float64]
    gram: NDArray[np.float64]


def strip(library: OpenLibrary, request: StripRequest) -> StripResult:
    """Return all photos that the query finds. Raises `BadQuery`, `UnknownSpace`, and `NotInLibrary` for a picture."""
    query = parsed_line(request.query)
    library = library.in_space(request.model)
    space = _space(library)
    if space is None:
        return StripResult(_NONE, Position(0, 0))
    vector = None
    if query.terms:
        vector = query_vector(query.terms, library.text_vectors(space), LibraryPictures(library))
    with library.index.read() as snapshot:
        t = snapshot.t
        among, reason = _matching(t, space, query)
        shapes, moment = t.selection.shapes(), t.embeddings.position(space.id)
        if vector is None:
            return StripResult(shapes if among is None else _only(shapes, among), moment, reason=reason)
        found = snapshot.search(vector, len(shapes.ids), among, exact=True)
        least = score_distribution(t, space, vector, among).threshold(
            space.identity, of_text=query.only_text is not None
        )
    ids, cosines = found.photo_ids, found.cosines.astype(np.float64)
    order = np.argsort(shapes.ids)
    places = order[np.searchsorted(shapes.ids, ids, sorter=order)]
    if request.sort == BY_DATE:
        by_date = np.argsort(places)
        places, cosines = places[by_date], cosines[by_date]
    return StripResult(shapes.at(places), moment, cosines, reason, least)


def terms(library: OpenLibrary, request: StripRequest) -> TermsResult:
    """Return the cosines of each term of the query with the photos that it finds. Raises as `strip` does."""
    whole, library = strip(library, request), library.in_space(request.model)
    query, space = parsed_line(request.query), _space(library)
    if space is None or not query.terms:
        return TermsResult(whole, (), np.empty((len(whole.shapes.ids), 0)), np.empty((0, 0)))
    vectors = _term_vectors(library, space, query.terms)
    gram = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    return TermsResult(whole, query.terms, cosines_with_strip(library, space, vectors, whole.shapes.ids), gram)


_NOTHING = np.empty(0, np.int64)
_NONE = Shapes(_NOTHING, _NOTHING, _NOTHING, _NOTHING)


def _space(library: OpenLibrary) -> Space | None:
    """The library's space; None for a library without photos, which has an empty strip."""
    try:
        return library.space
    except EmptyLibrary:
        return None


def _matching(t: Transaction, space: Space, query: Query) -> tuple[NDArray[np.int64] | None, str | None]:
    if not query.filters:
        return None, None
    found = matching_photos(t, space, query.filters, ROOT)
    return found.photo_ids, found.reason


def _only(shapes: Shapes, ids: NDArray[np.int64]) -> Shapes:
    """Return the photos of these ids, ascending, in the order of *shapes*."""
    return shapes.at(np.flatnonzero(np.isin(shapes.ids, ids, assume_unique=True)))


def _term_vectors(library: OpenLibrary, space: Space, some: Sequence[Term]) -> NDArray[np.float32]:
    texts, pictures = library.text_vectors(space), LibraryPictures(library)
    return np.stack(
        [texts.vector(term.text) if isinstance(term, Text) else pictures.vector(term.path) for term in some]
    )


def cosines_with_strip(
    library: OpenLibrary, space: Space, vectors: NDArray[np.float32], ids: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the cosines of *vectors*, (k, d), with the photos *ids*, (n,): float64 (n, k), NaN for no embedding."""
    with library.catalog.read() as t:
        known, cosines = cosines_with(t, space, vectors)
    if not len(known):
        return np.full((len(ids), len(vectors)), np.nan)
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    found = cosines[places]
    found[known[places] != ids] = np.nan
    return found
