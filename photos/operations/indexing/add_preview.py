"""Preview of adding folders: the files that would be read. Nothing is registered, and no library is made."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.files.picture_names import is_picture_name
from indexer.files.scan import WHOLE, FoundFile, LeftOut, Subtree, scan
from photos.library import OpenLibrary
from photos.operations.folders import check_patterns, checked, plan_folder
from store import Folder
from store.paths import is_inside


@dataclass(frozen=True, slots=True)
class AddPreview:
    """A folder that would be added, and its files.

    `files` are all that are not left out by rules, `pictures` those of them with the name of a picture, `size` is that
    of the pictures in bytes, `companions` those that belong to a picture, and `left_out` the paths that rules leave
    out. `around` is the registered folder that the new one lies in or is, and `within` those that would become part of
    it.
    """

    path: bytes
    files: int
    pictures: int
    size: int
    companions: int
    left_out: int
    around: bytes | None = None
    within: tuple[bytes, ...] = ()


def preview_add(library: OpenLibrary, folders: Sequence[str], excludes: Sequence[str] = ()) -> tuple[AddPreview, ...]:
    """Walk the *folders* as adding them would. Raises `BadPattern` or `MissingFolder`."""
    check_patterns(excludes)
    paths = [checked(folder) for folder in folders]
    registered: list[Folder] = []
    if not library.is_new:
        with library.catalog.read() as t:
            registered = t.folders.all()
    return tuple(_preview(library, path, excludes, registered) for path in paths)


def _preview(library: OpenLibrary, path: bytes, excludes: Sequence[str], registered: Sequence[Folder]) -> AddPreview:
    settings = library.settings
    place, patterns = plan_folder(registered, path, excludes)
    part = WHOLE if place == path else Subtree(os.path.relpath(path, place), is_deep=True)
    files = pictures = size = companions = left_out = 0
    for item in scan(place, patterns, part, pair=settings.companions, follow=settings.follow_links):
        match item:
            case FoundFile(found, stamp, companion_of):
                files += 1
                companions += companion_of is not None
                if companion_of is None and is_picture_name(found):
                    pictures += 1
                    size += stamp.size
            case LeftOut():
                left_out += 1
    around = place if any(each.path == place for each in registered) else None
    within = tuple(each.path for each in registered if is_inside(each.path, path))
    return AddPreview(path, files, pictures, size, companions, left_out, around, within)
