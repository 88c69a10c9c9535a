"""Folders of the library as this machine has them, for workers: another one may see others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from photos.errors import safe
from photos.library import OpenLibrary
from photos.operations.folders import is_offline
from photos.path_map import PathMap
from store import Folder
from store.paths import is_inside
from store.queue.base import HandedBack

#: Seconds after which a unit is tried again whose folder is not on this machine.
ELSEWHERE: Final = 10.0


def folders_here(library: OpenLibrary, ids: Collection[int]) -> dict[int, Folder]:
    """Return the registered folders among *ids*, at their paths on this machine.

    Raises `HandedBack` if one is not here, which is told.
    """
    paths = PathMap(library.settings.map)
    with library.catalog.read() as t:
        registered = [folder for folder in t.folders.all() if folder.id in ids]
    folders = {folder.id: replace(folder, path=paths.local(folder.path)) for folder in registered}
    for folder in registered:
        here = folders[folder.id]
        if not is_here(here):
            library.on_notice(_not_here(folder.path, here.path))
            raise HandedBack(ELSEWHERE)
    return folders


def check_folders_of(library: OpenLibrary, files: Collection[bytes]) -> None:
    """Raise `HandedBack` if a registered folder of *files*, absolute paths in the catalog, is not on this machine."""
    with library.catalog.read() as t:
        registered = t.folders.all()
    folders_here(library, [each.id for each in registered if any(is_inside(path, each.path) for path in files)])


def is_here(folder: Folder) -> bool:
    """Return whether the folder, at its path on this machine, is there and not empty."""
    return not is_offline(folder.path, 1)


def _not_here(named: bytes, here: bytes) -> str:
    if named == here:
        return (
            f"{safe(named)} is not on this machine, or empty: its files are left to other workers. If it has another "
            "path here, give that with --map."
        )
    return f"{safe(here)}, where {safe(named)} should be, is not there, or empty: its files are left to other workers."
