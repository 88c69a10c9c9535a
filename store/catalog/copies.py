"""Copies: photos with several files, and photos with equal pixels."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from store.records import IndexedFile, Stamp
from store.sql import schema
from store.sql.dialect import chunks, lies_below

_embedding, _file, _folder, _photo = schema.embedding, schema.file, schema.folder, schema.photo


class Copies:
    """Finds files with the same content, and photos that show the same picture."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def in_several_files(self) -> list[int]:
        """Return the photos that have more than one file, by ascending id."""
        held = select(_file.c.photo_id).where(_file.c.photo_id.is_not(None)).group_by(_file.c.photo_id)
        return list(self._connection.execute(held.having(func.count() > 1).order_by(_file.c.photo_id)).scalars())

    def of_same_pixels(self, space_id: int) -> list[list[int]]:
        """Return groups of photos that have a file and gave the space's image encoder the same pixels, to the bit."""
        mine = (_embedding.c.space_id == space_id, _embedding.c.pixels.is_not(None), _photo.c.gone_at.is_(None))
        held = select(_embedding.c.pixels, _embedding.c.photo_id).join(_photo).where(*mine)
        shared = select(_embedding.c.pixels).join(_photo).where(*mine)
        shared = shared.group_by(_embedding.c.pixels).having(func.count() > 1)
        together: defaultdict[bytes, list[int]] = defaultdict(list)
        for row in self._connection.execute(
            held.where(_embedding.c.pixels.in_(shared)).order_by(_embedding.c.photo_id)
        ):
            together[row.pixels].append(row.photo_id)
        return list(together.values())

    def files(self, photo_ids: Sequence[int]) -> dict[int, list[IndexedFile]]:
        """Return every file of each photo, by path."""
        files: defaultdict[int, list[IndexedFile]] = defaultdict(list)
        for some in chunks(photo_ids):
            rows = self._connection.execute(
                select(_file, _folder.c.path.label("folder")).join(_folder).where(_file.c.photo_id.in_(some))
            )
            for row in rows:
                stamp = Stamp(row.size, row.mtime_ns, row.ctime_ns, row.inode)
                files[row.photo_id].append(IndexedFile(row.photo_id, os.path.join(row.folder, row.path), stamp))
        return {photo_id: sorted(of_one, key=lambda file: file.path) for photo_id, of_one in files.items()}

    def taken(self, photo_ids: Sequence[int]) -> dict[int, tuple[datetime, str]]:
        """Return time, by the camera's clock, and camera of photos; those that lack either are left out."""
        mine = (_photo.c.taken_at.is_not(None), _photo.c.camera.is_not(None))
        found: dict[int, tuple[datetime, str]] = {}
        for some in chunks(photo_ids):
            rows = select(_photo.c.id, _photo.c.taken_at, _photo.c.camera).where(_photo.c.id.in_(some), *mine)
            found.update((row.id, (row.taken_at, row.camera)) for row in self._connection.execute(rows))
        return found

    def below(self, paths: Sequence[bytes]) -> list[int]:
        """Return the photos that have a file in or below one of the directories *paths*, absolute; by ascending id."""
        found: set[int] = set()
        for folder in self._connection.execute(select(_folder)):
            root = folder.path.rstrip(b"/") + b"/"
            for path in paths:
                asked = path.rstrip(b"/") + b"/"
                rows = select(_file.c.photo_id).where(_file.c.folder_id == folder.id, _file.c.photo_id.is_not(None))
                if asked.startswith(root):
                    inner = asked[len(root) :]
                    if inner:
                        rows = rows.where(lies_below(_file.c.path, inner[:-1]))
                elif not root.startswith(asked):
                    continue
                found.update(self._connection.execute(rows).scalars())
        return sorted(found)
