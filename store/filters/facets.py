"""Facets: the values that a fact has in a library, each with the number of its photos."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, extract, select

from store.sql import schema
from store.sql.dialect import each_of, is_filled, plain_cursor, whole_number

from .conditions import IS_THERE

_photo, _file, _folder = schema.photo.c, schema.file.c, schema.folder.c
#: Rows that are fetched at once.
_PART = 5000


class Facet(StrEnum):
    """A fact whose values can be counted."""

    CAMERA = "camera"
    LENS = "lens"
    YEAR = "year"
    #: Directories by absolute path, with the photos in them and below them.
    FOLDER = "folder"
    KEYWORD = "keyword"


class Facets:
    """Values of facts and their photos. Photos without a file, or without the fact, are left out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, facet: Facet, among: NDArray[np.int64] | None = None) -> list[tuple[str | int | bytes, int]]:
        """Return the values with their numbers of photos, most first; only of the photos *among*, if given.

        Cameras, lenses and keywords are texts, years numbers, and folders absolute paths as bytes.
        """
        wanted = None if among is None else frozenset(among.tolist())
        rows = self._folders() if facet is Facet.FOLDER else self._rows(_query(facet))
        pairs = (pair for pair in rows if wanted is None or pair[0] in wanted)
        # A photo counts once for a value, however many of its files have it.
        counts = Counter(value for _, value in (set(pairs) if facet is Facet.FOLDER else pairs))
        return sorted(counts.items(), key=lambda pair: (-pair[1], _order(pair[0])))

    def file_names(self, most: int) -> list[str]:
        """Return names of files with photos, without their folders, each once; *most* at most."""
        names: dict[str, None] = {}
        for (path,) in self._rows(select(_file.path).where(_file.photo_id.is_not(None))):
            names[os.fsdecode(path.rpartition(b"/")[2])] = None
            if len(names) == most:
                break
        return list(names)

    def _rows(self, query: Select[Any]) -> Iterator[Any]:
        cursor = plain_cursor(self._connection, query)
        while part := cursor.fetchmany(_PART):
            yield from part

    def _folders(self) -> Iterator[tuple[int, bytes]]:
        folders = self._connection.execute(select(_folder.id, _folder.path))
        roots: dict[int, bytes] = {row.id: row.path.rstrip(b"/") for row in folders}
        rows = select(_file.photo_id, _file.folder_id, _file.path).where(_file.photo_id.is_not(None))
        known: dict[tuple[int, bytes], tuple[bytes, ...]] = {}
        for photo_id, folder_id, path in self._rows(rows):
            place = (folder_id, path.rpartition(b"/")[0])
            if place not in known:
                known[place] = tuple(_upward(roots[folder_id], place[1]))
            yield from ((photo_id, directory) for directory in known[place])


def _query(facet: Facet) -> Select[Any]:
    match facet:
        case Facet.CAMERA:
            return select(_photo.id, _photo.camera).where(IS_THERE, _photo.camera.is_not(None))
        case Facet.LENS:
            return select(_photo.id, _photo.lens).where(IS_THERE, _photo.lens.is_not(None))
        case Facet.YEAR:
            year = whole_number(extract("year", _photo.taken_at))
            return select(_photo.id, year).where(IS_THERE, _photo.taken_at.is_not(None))
        case Facet.KEYWORD:
            keyword = each_of(_photo.keywords)
            photos = schema.photo.join(keyword, keyword.c.value.is_not(None))
            return select(_photo.id, keyword.c.value).select_from(photos).where(IS_THERE, is_filled(_photo.keywords))
        case Facet.FOLDER:
            raise AssertionError(facet)


def _upward(root: bytes, directory: bytes) -> Iterable[bytes]:
    """Yield the absolute path of *directory*, which is relative to *root*, and of all around it up to *root*."""
    yield root or b"/"
    parts = directory.split(b"/") if directory else []
    for number in range(1, len(parts) + 1):
        yield root + b"/" + b"/".join(parts[:number])


def _order(value: str | int | bytes) -> tuple[str, float]:
    # Years count from the newest.
    return ("", -value) if isinstance(value, int) else (str(value), 0.0)
