"""Photos chosen for a change: by files, by folders, or by a query."""

from __future__ import annotations

import os
from dataclasses import dataclass

from photos.errors import NothingFound
from photos.library import OpenLibrary
from photos.operations.folders import absolute
from query.errors import BadQuery
from query.filters import leading_paths, matching_photos
from query.language import format_query
from store import Photo, Transaction
from store.filters.criteria import Below

from .photos import NamedPhoto, PhotoReference, named_photos
from .requests import SearchRequest
from .search import parsed, search


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPhotos:
    """Photos by id, by file or by folder, and those that a query finds.

    A folder stands for all photos in it and below it. `top` limits the query's photos; a query with terms, which ranks
    all photos, needs it. Relative paths in the query begin in `directory`, which is absolute.
    """

    photos: tuple[PhotoReference, ...] = ()
    query: str | tuple[str, ...] | None = None
    directory: str = "/"
    top: int | None = None


def find_chosen(library: OpenLibrary, chosen: ChosenPhotos) -> list[NamedPhoto]:
    """Return the photos, each once: the named ones in their order, then those of the query.

    Raises `EmptyLibrary`, `NotInLibrary`, `BadQuery`, or `NothingFound` for a folder or a query without photos.
    """
    found: dict[int, NamedPhoto] = {}
    with library.read() as t:
        for each in chosen.photos:
            for photo in _named(t, each):
                found.setdefault(photo.id, photo)
    if chosen.query is not None:
        for photo in _queried(library, chosen):
            found.setdefault(photo.id, photo)
    return list(found.values())


def _named(t: Transaction, reference: PhotoReference) -> list[NamedPhoto]:
    if isinstance(reference, int) or not os.path.isdir(reference):
        return named_photos(t, [reference])
    ids = t.selection.matching([Below(absolute(reference))]).tolist()
    inside = absolute(reference).rstrip(b"/") + b"/"
    if not ids:
        raise NothingFound(f"No photo of the library is in {os.fsdecode(inside)!r}.")
    return [_photo(each, inside) for each in t.photos.get(ids)]


def _photo(photo: Photo, inside: bytes = b"") -> NamedPhoto:
    return NamedPhoto(photo.id, next((path for path in photo.paths if path.startswith(inside)), photo.paths[0]))


def _queried(library: OpenLibrary, chosen: ChosenPhotos) -> list[NamedPhoto]:
    assert chosen.query is not None
    query = parsed(chosen.query, chosen.directory)
    if query.terms:
        if chosen.top is None:
            raise BadQuery(format_query(query), "ranks all photos", "say how many of the best are meant with --top N")
        request = SearchRequest(query=chosen.query, directory=chosen.directory, top=chosen.top)
        result = search(library, request)
        if not result.matches:
            raise NothingFound(f"{result.reason or 'No photo was found'}.")
        return [_photo(match.photo) for match in result.matches]
    with library.catalog.read() as t:
        matching = matching_photos(t, library.space, query.filters, chosen.directory)
        if not len(matching.photo_ids):
            raise NothingFound(f"{matching.reason or 'No photo was found'}.")
        count = len(matching.photo_ids) if chosen.top is None else chosen.top
        lead = leading_paths(query.filters, chosen.directory)
        return [_photo(lead(each)) for each in t.photos.get(t.selection.newest_first(matching.photo_ids, count))]
