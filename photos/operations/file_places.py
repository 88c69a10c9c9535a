"""Tags that depend on where files lie: those out of descriptions, by vocabularies that are limited to folders."""

from __future__ import annotations

from photos.library import OpenLibrary
from query.tagging import follow_descriptions, outdated_photos


def follow_files(library: OpenLibrary) -> int:
    """Bring tags out of descriptions up to date after files came, moved or left. Returns how many changed.

    Where no vocabulary in force is limited to folders, or nothing is described, it reads next to nothing.
    """
    with library.catalog.read() as t:
        if not (t.descriptions.any() and any(slot.folders for slot in t.slots.in_force())):
            return 0
        photo_ids = outdated_photos(t)
    if not photo_ids:
        return 0
    with library.catalog.write() as t:
        return follow_descriptions(t, photo_ids)
