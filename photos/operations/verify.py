"""Compares what is on disk, in the catalog and in the index."""

from __future__ import annotations

from dataclasses import dataclass

from indexer import look
from photos.library import OpenLibrary


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it should be: how many, of what, and what mends it."""

    count: int
    one: str
    many: str
    remedy: str


def differences(app: OpenLibrary) -> list[Difference]:
    """Everything that is not as it should be. Nothing is changed, but that a damaged or wrong index file is removed.

    Raises `EmptyLibrary`. Reads every embedding and every byte of the index; of the pictures, their sizes and times.
    """
    space = app.space
    with app.catalog.read() as t:
        folders = t.folders.all()
        damaged = len(t.embeddings.damaged(space.id))
        lacking = len(t.files.lacking_embedding(space.id))
        # The index is not to be compared with itself.
        count = t.embeddings.uncached.count(space.id)
    index = app.index_of(space)
    before = index.status()
    is_whole = not before.valid or index.verify()
    rows = before.rows if before.valid and not before.newer else count
    if rows != count:
        index.remove()
    new, gone, offline = 0, 0, 0
    for folder in folders:
        changes = look(app.catalog, folder, pair=app.settings.companions, follow=app.settings.follow_links)
        new, gone, offline = (
            new + len(changes.to_read) + len(changes.companions) - changes.again,
            gone + len(changes.gone),
            offline + changes.is_offline,
        )
    repair, disk = "photos verify --repair", "its disk, which is not there"
    found = (
        Difference(damaged, "damaged embedding", "damaged embeddings", repair),
        Difference(lacking, "photo without an embedding", "photos without an embedding", repair),
        Difference(int(not is_whole), "damaged index file", "damaged index files", repair),
        Difference(abs(rows - count), "wrong row in the index", "wrong rows in the index", repair),
        Difference(new, "file that is new or changed", "files that are new or changed", "photos index"),
        Difference(gone, "file that is gone", "files that are gone", "photos index"),
        Difference(offline, "folder that is offline", "folders that are offline", disk),
    )
    return [difference for difference in found if difference.count]
