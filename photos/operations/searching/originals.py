"""Originals: the files of photos, opened as indexing opens them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from indexer.files.companions import is_note
from photos.library import OpenLibrary
from photos.operations.folders import is_offline
from store import File, Photo, Transaction
from store.open_file import open_file


@dataclass(frozen=True, slots=True)
class Original:
    """A photo's file, open for reading from its start, and its size in bytes. `path` is absolute."""

    photo: Photo
    path: bytes
    file: BinaryIO
    size: int


@dataclass(frozen=True, slots=True)
class OpenSidecar:
    """A sidecar of a photo's file, open for reading from its start, and its size in bytes."""

    name: bytes
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
        if indexed is not None and (opened := _as_indexed(path, indexed)) is not None:
            return Original(found[0], path, opened, indexed.stamp.size)
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


class Sidecars:
    """Sidecars of photos' files: the XMP, AAE and JSON files beside them that belong to them, as they were indexed.

    What the catalog knows of a directory is read once for files of it that are asked about one after the other.
    """

    def __init__(self, library: OpenLibrary) -> None:
        self._library = library
        self._directory: bytes | None = None
        self._known: dict[bytes, list[File]] = {}

    def open(self, path: bytes) -> Iterator[OpenSidecar]:
        """Open the sidecars of the file at the absolute *path*, one after the other, by name. Close each."""
        directory, picture = os.path.split(path)
        if directory != self._directory:
            self._directory, self._known = directory, self._read(path)
        for each in self._known.get(picture, ()):
            name = os.path.basename(each.path)
            if (opened := _as_indexed(os.path.join(directory, name), each)) is not None:
                yield OpenSidecar(name, opened, each.stamp.size)

    def _read(self, path: bytes) -> dict[bytes, list[File]]:
        """Read the sidecars in the directory of *path*, by the names of their pictures."""
        found: defaultdict[bytes, list[File]] = defaultdict(list)
        with self._library.catalog.read() as t:
            own = _indexed(t, path)
            beside = () if own is None else t.files.known(own.folder_id, os.path.dirname(own.path), is_deep=False)
            for each in beside:
                if each.companion_of is not None and is_note(each.path):
                    found[each.companion_of].append(each)
        return {name: sorted(files, key=lambda each: each.path) for name, files in found.items()}


def _as_indexed(path: bytes, indexed: File) -> BinaryIO | None:
    """Open a file, if it has the size and the time that it had when it was indexed."""
    try:
        opened = open_file(path)
    except OSError:
        return None
    status = os.fstat(opened.fileno())
    if (indexed.stamp.size, indexed.stamp.mtime_ns) == (status.st_size, status.st_mtime_ns):
        return opened
    opened.close()
    return None


def _indexed(t: Transaction, path: bytes) -> File | None:
    """Return the file at *path* as it was indexed."""
    for folder in t.folders.all():
        prefix = folder.path.rstrip(b"/") + b"/"
        if path.startswith(prefix) and (found := t.files.at(folder.id, path[len(prefix) :])) is not None:
            return found
    return None
