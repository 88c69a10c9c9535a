"""Photos of the library, by id or by a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from photos.library import OpenLibrary
from photos.operations.folders import absolute
from query.errors import NotInLibrary
from store import Photo, Transaction

from .pictures import known_photo

#: A photo's id, or the path of a file that is the photo by its path or its content, or a companion of it.
PhotoReference = int | str


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A photo's id, and the path that it was named by: absolute, or the first of its own if it was named by id.

    Of one that was named by a companion, it is the path of the picture that has the companion.
    """

    id: int
    path: bytes


def photos_by_id(library: OpenLibrary, photo_ids: Sequence[int]) -> list[Photo]:
    """Return photos with their paths, facts and content hashes. Unknown ids are left out."""
    with library.catalog.read() as t:
        return t.photos.get(photo_ids)


def find_photo(library: OpenLibrary, path: str) -> Photo:
    """Return the photo of the file at *path*, by its path, as a companion, or by its content. Raises `NotInLibrary`."""
    with library.catalog.read() as t:
        return known_photo(t, path)


def named_photos(t: Transaction, references: Sequence[PhotoReference]) -> list[NamedPhoto]:
    """Return the photos named by *references*, in that order. Raises `NotInLibrary`."""
    return [_by_id(t, each) if isinstance(each, int) else _by_path(t, each) for each in references]


def _by_path(t: Transaction, path: str) -> NamedPhoto:
    photo, named = known_photo(t, path), absolute(path)
    if named in photo.companions:
        # The picture that it accompanies is in its folder.
        place = os.path.dirname(named)
        named = next(each for each in photo.paths if os.path.dirname(each) == place)
    return NamedPhoto(photo.id, named)


def _by_id(t: Transaction, photo_id: int) -> NamedPhoto:
    found = t.photos.get([photo_id])
    if not found:
        raise NotInLibrary(os.fsencode(f"photo {photo_id}"))
    return NamedPhoto(photo_id, found[0].paths[0] if found[0].paths else b"")
