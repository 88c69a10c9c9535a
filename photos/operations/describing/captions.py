"""The captions of photos: the file's own, and the descriptions by describers."""

from __future__ import annotations

from dataclasses import dataclass

from photos.library import OpenLibrary
from photos.operations.searching.chosen_photos import ChosenPhotos, find_chosen
from photos.operations.searching.photos import NamedPhoto
from store import StoredDescription


@dataclass(frozen=True, slots=True)
class PhotoCaptions:
    """A photo, the caption that its files state, and its descriptions, newest first."""

    photo: NamedPhoto
    own: str | None
    descriptions: tuple[StoredDescription, ...]


def photo_captions(library: OpenLibrary, chosen: ChosenPhotos) -> list[PhotoCaptions]:
    """Return the captions of photos, in the order of `find_chosen`, whose errors this raises."""
    found = find_chosen(library, chosen)
    ids = [photo.id for photo in found]
    with library.catalog.read() as t:
        own = {photo.id: photo.facts.caption for photo in t.photos.get(ids)}
        descriptions = t.descriptions.of(ids)
    return [PhotoCaptions(photo, own.get(photo.id), tuple(descriptions.get(photo.id, ()))) for photo in found]
