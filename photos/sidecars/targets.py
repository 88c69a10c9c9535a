"""Targets: the pictures that sidecars are written for, and the sidecar that belongs to each."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from indexer.files.companions import companions, is_sidecar
from indexer.files.letter_case import folded
from query.errors import NotInLibrary
from store import Catalog, Folder, Transaction

_ENDING = b".xmp"
#: Returns whether a folder with so many known files is offline.
IsOffline = Callable[[bytes, int], bool]
#: Returns what a sidecar says about its picture; see `Directory`.
ExtensionOf = Callable[[bytes], bytes | None]


class PictureFile(NamedTuple):
    """A file that holds a photo. `path` is absolute."""

    path: bytes
    photo_id: int


def pictures(
    catalog: Catalog, within: Sequence[bytes], is_offline: IsOffline
) -> tuple[list[PictureFile], list[Folder]]:
    """Pictures at or below the absolute paths *within*, or all, by directory; and the folders that are offline.

    Raises `NotInLibrary` for a path without any.
    """
    found: set[PictureFile] = set()
    offline: dict[int, Folder] = {}
    with catalog.read() as t:
        for asked in within or [b""]:
            of_folders = {folder: _pictures_of(t, folder, asked) for folder in t.folders.all()}
            if within and not any(of_folders.values()):
                raise NotInLibrary(asked)
            for folder, of_folder in of_folders.items():
                if is_offline(folder.path, len(of_folder)) and of_folder:
                    offline[folder.id] = folder
                else:
                    found.update(of_folder)
    return sorted(found, key=lambda picture: os.path.split(picture.path)), list(offline.values())


def _pictures_of(t: Transaction, folder: Folder, asked: bytes) -> list[PictureFile]:
    """Pictures of the folder at or below the absolute path *asked*."""
    below = _below(folder.path, asked)
    if below is None:
        return []
    alone = t.files.at(folder.id, below) if below else None
    if alone is not None and alone.companion_of is not None:
        alone = t.files.at(folder.id, os.path.join(os.path.dirname(below), alone.companion_of))
    files = t.files.known(folder.id, below) if alone is None else [alone]
    return [
        PictureFile(os.path.join(folder.path, file.path), file.photo_id) for file in files if file.photo_id is not None
    ]


def _below(folder: bytes, asked: bytes) -> bytes | None:
    """Path of *asked* relative to *folder*; empty if *asked* is or contains it, None if it is elsewhere."""
    start = folder.rstrip(b"/") + b"/"
    if asked == folder or start.startswith(asked.rstrip(b"/") + b"/") or not asked:
        return b""
    return asked[len(start) :] if asked.startswith(start) else None


class Directory:
    """Names in a directory, and the sidecars that belong to its pictures.

    *extension_of* returns the ending of the picture that a sidecar says it belongs to, in lower case; None if it says
    none. Only sidecars that could belong to several pictures are asked.
    """

    def __init__(self, names: Sequence[bytes], extension_of: ExtensionOf = lambda _: None) -> None:
        self.names = frozenset(names)
        self._extension_of = extension_of
        sidecars = sorted(name for name in names if is_sidecar(name))
        self._picture_by_sidecar = companions(names) if sidecars else {}
        self._sidecars: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for name in sidecars:
            self._sidecars[folded(name)].append(name)
        self._same_stem: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for name in names if sidecars else ():
            if name not in self._picture_by_sidecar:
                self._same_stem[folded(os.path.splitext(name)[0])].append(name)

    def sidecar_of(self, picture: bytes) -> bytes:
        """Name of the picture's sidecar, existing or not.

        `IMG.JPG.xmp` can belong to that picture only, so it wins over `IMG.xmp`, which may belong to another one.
        """
        own = picture + _ENDING
        if own in self.names:
            return own
        stem = os.path.splitext(picture)[0]
        for base in (picture, stem):
            for name in self._sidecars.get(folded(base + _ENDING), ()):
                if self._picture_of(name) == picture:
                    return name
        return own

    def _picture_of(self, sidecar: bytes) -> bytes | None:
        pictures = self._same_stem.get(folded(os.path.splitext(sidecar)[0]), [])
        if len(pictures) > 1 and (extension := self._extension_of(sidecar)) is not None:
            for picture in pictures:
                if os.path.splitext(picture)[1].lower() == b"." + extension:
                    return picture
        return self._picture_by_sidecar.get(sidecar)
