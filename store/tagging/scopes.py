"""Scopes: the photos that have a file below certain folders."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, and_, select

from store.paths import is_inside
from store.sql import schema
from store.sql.dialect import among, chunks, lies_below, plain_cursor

_file, _folder = schema.file, schema.folder


class Scopes:
    """Photos by where their files lie now. Folders are absolute paths, in the system's bytes, registered or not."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def photos(self, folders: Sequence[bytes]) -> NDArray[np.int64]:
        """The photos with a file below one of the *folders*, int64 (n,), ascending."""
        wheres = self._below(folders)
        if not wheres:
            return np.empty(0, np.int64)
        found = select(_file.c.photo_id).where(_file.c.photo_id.is_not(None))
        return np.unique(np.concatenate([self._ids(found.where(where)) for where in wheres]))

    def among(self, folders: Sequence[bytes], photo_ids: Sequence[int]) -> set[int]:
        """The subset of *photo_ids* with a file below one of the *folders*."""
        registered = {row.id: row.path for row in self._connection.execute(select(_folder.c.id, _folder.c.path))}
        asked, found = set(photo_ids), set()
        for some in chunks(photo_ids):
            # By photo, and compared here: asked for both, SQLite may read whole folders.
            rows = select(_file.c.photo_id, _file.c.folder_id, _file.c.path).where(among(_file.c.photo_id, some))
            for photo_id, folder_id, path in self._connection.execute(rows):
                if photo_id in asked and photo_id not in found:
                    whole = os.path.join(registered[folder_id], path)
                    if any(is_inside(whole, folder) for folder in folders):
                        found.add(photo_id)
        return found

    def holds(self, folder: bytes) -> bool:
        """Return whether any file is known below *folder*."""
        found = (select(_file.c.id).where(where).limit(1) for where in self._below([folder]))
        return any(self._connection.execute(query).first() is not None for query in found)

    def _ids(self, query: Select[tuple[int]]) -> NDArray[np.int64]:
        return np.array([row[0] for row in plain_cursor(self._connection, query).fetchall()], np.int64)

    def _below(self, folders: Sequence[bytes]) -> list[ColumnElement[bool]]:
        """Conditions for the rows below each of the *folders*, one for each registered folder that overlaps it."""
        registered = self._connection.execute(select(_folder.c.id, _folder.c.path)).all()
        wheres = []
        for wanted in folders:
            for folder in registered:
                below = _relative(wanted, folder.path)
                if below is None:
                    continue
                of_folder = _file.c.folder_id == folder.id
                wheres.append(and_(of_folder, lies_below(_file.c.path, below)) if below else of_folder)
        return wheres


def _relative(wanted: bytes, folder: bytes) -> bytes | None:
    """The part of *folder* that lies below *wanted*, relative to it: empty for all of it, None for nothing."""
    if _is_in(folder, wanted):
        return b""
    return os.path.relpath(wanted, folder) if _is_in(wanted, folder) else None


def _is_in(path: bytes, folder: bytes) -> bool:
    return path == folder or is_inside(path, folder)
