"""The folders that the user asked to have indexed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from store.embeddings.embeddings import note_files_lost
from store.errors import FolderCovered
from store.paths import is_inside
from store.records import Folder
from store.sql import schema
from store.sql.dialect import upsert

from .photo_facts import drop_sidecars

_NOTE_WITHIN = upsert(schema.folder_within).on_conflict_do_nothing()


class Folders:
    """The registered folders. None lies inside another."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Folder]:
        """Return every folder, by path."""
        rows = self._connection.execute(select(schema.folder).order_by(schema.folder.c.path))
        return [_record(row) for row in rows]

    def find(self, path: bytes) -> Folder | None:
        """Return the folder at exactly *path*."""
        row = self._connection.execute(select(schema.folder).where(schema.folder.c.path == path)).one_or_none()
        return None if row is None else _record(row)

    def add(self, path: bytes) -> Folder:
        """Register *path*, absolute, and return the folder; if it is registered already, that one.

        Registered folders inside it become part of it, with their files.
        Raises `FolderCovered` if it lies inside a registered folder.
        """
        registered = self.all()
        for folder in registered:
            if folder.path == path:
                return folder
            if is_inside(path, folder.path):
                raise FolderCovered(path, folder.path)
        added = self._connection.execute(insert(schema.folder).values(path=path)).inserted_primary_key
        assert added is not None
        new = Folder(added[0], path)
        for folder in registered:
            if is_inside(folder.path, path):
                self._absorb(folder, new)
        return new

    def exclude(self, folder_id: int, patterns: Sequence[str]) -> None:
        """Set the *patterns* of what is left out of the folder."""
        self._set(folder_id, excludes=list(patterns))

    def seen_on(self, folder_id: int, device: int) -> None:
        """Note the device that the folder lies on."""
        self._set(folder_id, device=device)

    def move(self, folder_id: int, path: bytes) -> None:
        """Set the folder's path to *path*, absolute; its files go with it.

        Raises `FolderCovered` if that is another registered folder, or lies in or around one.
        """
        for folder in self.all():
            if folder.id != folder_id and (
                folder.path == path or is_inside(path, folder.path) or is_inside(folder.path, path)
            ):
                raise FolderCovered(path, folder.path)
        self._set(folder_id, path=path, device=None)

    def remove(self, folder_id: int) -> None:
        """Delete a folder and its files. Photos and embeddings stay, and are found again if the files come back."""
        held = select(schema.file.c.photo_id).where(
            schema.file.c.folder_id == folder_id, schema.file.c.photo_id.is_not(None)
        )
        photos = list(self._connection.execute(held.distinct()).scalars())
        files = select(schema.file.c.id).where(schema.file.c.folder_id == folder_id)
        drop_sidecars(self._connection, list(self._connection.execute(files).scalars()))
        self._connection.execute(delete(schema.file).where(schema.file.c.folder_id == folder_id))
        self._connection.execute(delete(schema.former_photo).where(schema.former_photo.c.folder_id == folder_id))
        note_files_lost(self._connection, photos)
        self._connection.execute(delete(schema.folder_within).where(schema.folder_within.c.folder_id == folder_id))
        self._connection.execute(delete(schema.folder).where(schema.folder.c.id == folder_id))

    def photos_only_in(self, folder_id: int) -> int:
        """Count the photos all of whose files are in the folder: those that go with it."""
        file = schema.file.c
        elsewhere = select(file.photo_id).where(file.folder_id != folder_id, file.photo_id.is_not(None))
        here = select(func.count(func.distinct(file.photo_id))).where(
            file.folder_id == folder_id, file.photo_id.is_not(None), file.photo_id.not_in(elsewhere)
        )
        return self._connection.execute(here).scalar_one()

    def note_within(self, folder: Folder, path: bytes) -> None:
        """Note that *path*, absolute and inside *folder*, was added by itself."""
        self._connection.execute(_NOTE_WITHIN, {"folder_id": folder.id, "path": _relative(path, folder.path)})

    def within(self, folder: Folder) -> tuple[bytes, ...]:
        """Return the folders inside *folder* that were added by themselves, absolute, by path."""
        rows = select(schema.folder_within.c.path).where(schema.folder_within.c.folder_id == folder.id)
        below = self._connection.execute(rows.order_by(schema.folder_within.c.path)).scalars()
        return tuple(os.path.join(folder.path, path) for path in below)

    def _set(self, folder_id: int, **values: object) -> None:
        self._connection.execute(update(schema.folder).where(schema.folder.c.id == folder_id).values(**values))

    def _absorb(self, child: Folder, parent: Folder) -> None:
        prefix = _relative(child.path, parent.path).rstrip(b"/") + b"/"
        for table in (schema.file, schema.former_photo):
            mine = table.c.folder_id == child.id
            paths = self._connection.execute(select(table.c.path).where(mine)).scalars()
            moved = [{"before": path, "now": prefix + path} for path in paths]
            if moved:
                each = update(table).where(mine, table.c.path == bindparam("before"))
                self._connection.execute(each.values(folder_id=parent.id, path=bindparam("now")), moved)
        for path in (child.path, *self.within(child)):
            self.note_within(parent, path)
        self._connection.execute(delete(schema.folder_within).where(schema.folder_within.c.folder_id == child.id))
        self._connection.execute(delete(schema.folder).where(schema.folder.c.id == child.id))


def _record(row: Row[tuple[object, ...]]) -> Folder:
    return Folder(row.id, row.path, tuple(row.excludes), row.device)


def _relative(path: bytes, folder: bytes) -> bytes:
    """Return *path*, which is inside *folder*, relative to it; both absolute."""
    return path[len(folder.rstrip(b"/")) + 1 :]
