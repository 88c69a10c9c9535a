"""Similar photos: those that look like a picture file."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from photos.library import OpenLibrary
from query.filters import leading_paths, matching_photos
from query.search import Match, grouped, search_vector

from .pictures import LibraryPictures, PictureVector, picture_vector
from .requests import SimilarRequest
from .search import SearchResult, only_filters


def similar(library: OpenLibrary, request: SimilarRequest) -> SearchResult:
    """Return the photos that look most like the picture, best first, without the photo of the picture itself.

    Raises `EmptyLibrary` without photos, `UnreadablePicture`, `MissingFolder` if there is no such file, and `BadQuery`
    for a query with terms, `NotInLibrary` for a photo of the library alone, and `UnknownSpace` for a model that the
    library does not have.
    """
    library = library.in_space(request.model)
    if request.only_library:
        return _similar(library, request, LibraryPictures(library).picture(request.image))
    path = os.path.join(request.directory, request.image)
    # Filters that cannot be read are named before the picture is.
    only_filters(request.query, request.directory)
    return _similar(library, request, picture_vector(library, library.space, path, named=request.image))


def similar_to_photo(library: OpenLibrary, photo_id: int, request: SimilarRequest) -> SearchResult:
    """Return the photos that look most like a photo of the library, whose file is not opened.

    `request.image` is only its name in the result. Raises `NotInLibrary`, and `UnknownSpace` as above.
    """
    library = library.in_space(request.model)
    return _similar(library, request, LibraryPictures(library).picture(f"photo:{photo_id}"))


def _similar(library: OpenLibrary, request: SimilarRequest, picture: PictureVector) -> SearchResult:
    space, filters = library.space, only_filters(request.query, request.directory)
    with library.index.read() as snapshot:
        among = None
        if filters:
            matching = matching_photos(snapshot.t, space, filters, request.directory)
            if not len(matching.photo_ids):
                return SearchResult(title=f"Like {request.image}", of_text=False, matches=[], reason=matching.reason)
            among = matching.photo_ids

        lead = leading_paths(filters, request.directory)

        def nearest(count: int) -> list[Match]:
            found = search_vector(snapshot, space, picture.vector, count, exclude=picture.photo_id, among=among)
            return [replace(match, photo=lead(match.photo)) for match in found]

        own = np.array([] if picture.photo_id is None else [picture.photo_id], np.int64)
        if among is None:
            total = snapshot.t.photos.count() - len(snapshot.t.selection.with_file(own))
        else:
            total = len(np.setdiff1d(among, own))
        wanted = total if request.top is None else request.top
        groups = (
            grouped(snapshot.t, space, nearest, wanted) if request.group else [[match] for match in nearest(wanted)]
        )
    return SearchResult(
        title=f"Like {request.image}",
        of_text=False,
        matches=[group[0] for group in groups],
        more={group[0].photo_id: group[1:] for group in groups if len(group) > 1},
        total=total,
    )
