"""Originals: the files of photos, opened as indexing opens them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from photos.library import OpenLibrary
from photos.operations.folders import is_offline
from store import Photo, Transaction
from store.open_file import open_file


@dataclass(frozen=True, slots=True)
class Original:
    """A photo's file, open for reading from its start, and its size in bytes. `path` is absolute."""

    photo: Photo
    path: bytes
    file: BinaryIO
    size: int


def open_original(library: OpenLibrary, photo: int | bytes) -> Original | None:
    """Open the first file of a photo that is as it was indexed; None if there is none now.

    *photo* is its id, or the first eight bytes of its content's SHA-256, or more. Pipes, devices and files that changed
    since they were indexed, also into links to others, are not opened.
    """
    if library.is_new:
        return None
    with library.catalog.read() as t:
        photo_id = t.photos.starting_with(photo) if isinstance(photo, bytes) else photo
        found = [] if photo_id is None else t.photos.get([photo_id])
        known = [(path, _indexed(t, path)) for each in found for path in each.paths]
    for path, indexed in known:
        try:
            file = open_file(path)
        except OSError:
            continue
        status = os.fstat(file.fileno())
        if indexed == (status.st_size, status.st_mtime_ns):
            return Original(found[0], path, file, status.st_size)
        file.close()
    return None


def absent_folders(library: OpenLibrary, photo: int | bytes) -> list[str]:
    """Return the folders with files of a photo that are offline, such as those of a disk that is not connected.

    *photo* is as for `open_original`.
    """
    if library.is_new:
        return []
    with library.catalog.read() as t:
        photo_id = t.photos.starting_with(photo) if isinstance(photo, bytes) else photo
        found = [] if photo_id is None else t.photos.get([photo_id])
        paths = [path for each in found for path in each.paths]
        folders = [each.path for each in t.folders.all()]
    holding = [each for each in folders if any(path.startswith(each.rstrip(b"/") + b"/") for path in paths)]
    return [os.fsdecode(each) for each in holding if is_offline(each, 1)]


def _indexed(t: Transaction, path: bytes) -> tuple[int, int] | None:
    """Return size and time of the file at *path* when it was indexed."""
    for folder in t.folders.all():
        prefix = folder.path.rstrip(b"/") + b"/"
        if path.startswith(prefix) and (file := t.files.at(folder.id, path[len(prefix) :])) is not None:
            return file.stamp.size, file.stamp.mtime_ns
    return None
