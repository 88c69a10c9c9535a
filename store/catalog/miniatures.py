"""Miniatures of photos: their pixels, kept small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, exists, func, select

from store.sql import schema
from store.sql.dialect import chunks, replacing

from .edits import is_annotated

_miniature, _photo, _file = schema.miniature, schema.photo, schema.file
_PUT = replacing(_miniature, ["photo_id"], ["pixels"])


class StoredMiniature(NamedTuple):
    """A photo's miniature as it is stored, and its upright width and height in pixels."""

    miniature: bytes
    width: int
    height: int


class Miniatures:
    """One miniature for each photo that was read since there are any."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, photo_id: int, miniature: bytes) -> None:
        """Store the photo's miniature in place of an earlier one."""
        self._connection.execute(_PUT, {"photo_id": photo_id, "pixels": miniature})

    def of(self, photo_ids: Sequence[int]) -> dict[int, StoredMiniature]:
        """Return the miniatures of these photos; those without a miniature are left out."""
        found: dict[int, StoredMiniature] = {}
        for some in chunks(photo_ids):
            rows = (
                select(_miniature, _photo.c.width, _photo.c.height).join(_photo).where(_miniature.c.photo_id.in_(some))
            )
            for row in self._connection.execute(rows):
                found[row.photo_id] = StoredMiniature(row.pixels, row.width, row.height)
        return found

    def lacking(self) -> list[int]:
        """Return one file of each photo that is annotated, has a file, and no miniature; see `is_annotated`."""
        annotated = is_annotated(_file.c.photo_id)
        has_one = exists().where(_miniature.c.photo_id == _file.c.photo_id)
        first = select(func.min(_file.c.id)).where(_file.c.photo_id.is_not(None), annotated, ~has_one)
        return list(self._connection.execute(first.group_by(_file.c.photo_id)).scalars())
