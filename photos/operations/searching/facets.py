"""Facets: cameras, lenses, years, folders and keywords of a library, with the number of photos of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photos.library import OpenLibrary
from query.filters import matching_photos
from store.filters.facets import Facet

from .search import only_filters

#: All facets, in the order in which they are listed.
FACETS = tuple(str(facet) for facet in Facet)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetsRequest:
    """Facets to count, by name, and a query of filters alone that limits the photos.

    Relative paths in the query begin in `directory`, which is absolute.
    """

    facets: tuple[str, ...] = FACETS
    query: str | tuple[str, ...] = ()
    directory: str


@dataclass(frozen=True, slots=True)
class FacetCount:
    """A value of a facet, and the number of photos that have it. A folder is an absolute path, as bytes."""

    facet: str
    value: str | int | bytes
    photos: int


def count_facets(library: OpenLibrary, request: FacetsRequest) -> list[FacetCount]:
    """Return the values of the facets, facet by facet, most photos first.

    Raises `EmptyLibrary`, and `BadQuery` for a query with terms.
    """
    space, filters = library.space, only_filters(request.query, request.directory)
    with library.catalog.read() as t:
        among = matching_photos(t, space, filters, request.directory).photo_ids if filters else None
        return [
            FacetCount(str(facet), value, photos)
            for facet in _named(request.facets)
            for value, photos in t.facets.count(facet, among)
        ]


def _named(names: Sequence[str]) -> list[Facet]:
    return [Facet(name) for name in dict.fromkeys(names)]
