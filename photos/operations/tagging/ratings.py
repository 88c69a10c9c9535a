"""Stars that a person gives photos. They count in place of those in the files, which stay as they are."""

from __future__ import annotations

from dataclasses import dataclass

from photos.library import OpenLibrary
from photos.operations.searching.chosen_photos import ChosenPhotos, find_chosen
from photos.operations.searching.photos import NamedPhoto

#: The least and the most stars; -1 is rejected, as in XMP.
LEAST, MOST = -1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRequest:
    """Photos, and their stars from -1 (rejected) to 5; None leaves the rating to their files again."""

    chosen: ChosenPhotos
    stars: int | None


@dataclass(frozen=True, slots=True)
class RatedPhoto:
    """A photo and the stars that count for it now; None if neither a person nor its files give any."""

    photo: NamedPhoto
    rating: int | None


def rate(library: OpenLibrary, request: RateRequest) -> list[RatedPhoto]:
    """Rate photos, all or none, and return them with their stars.

    Raises `ValueError` for other numbers of stars, and the errors of `find_chosen`.
    """
    if request.stars is not None and not LEAST <= request.stars <= MOST:
        raise ValueError(f"stars go from {LEAST} to {MOST}, and these are {request.stars}")
    found = find_chosen(library, request.chosen)
    ids = [photo.id for photo in found]
    with library.catalog.write() as t:
        t.photos.rate(ids, request.stars)
        ratings = {photo.id: photo.facts.rating for photo in t.photos.get(ids)}
    return [RatedPhoto(photo, ratings[photo.id]) for photo in found]
