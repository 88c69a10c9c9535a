"""Edits of pictures in place: photos that took a path over from another one, whose annotations are carried over.

Annotations are the tags, stars and examples that people and other programs gave a photo, with their history.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, insert, literal, or_, select, true, update

from store.records import Replacement
from store.sql import schema
from store.sql.dialect import upsert, utc_now
from store.tagging.manual_tags import Tags

from .photos import Photos

_before, _file, _photo, _edit = schema.former_photo, schema.file, schema.photo, schema.photo_edit
_former = schema.former_content


def note_former_photos(connection: Connection, of_files: ColumnElement[bool], new_id: int | None = None) -> None:
    """Note that the files of that condition are about to lose their photos, if these are annotated.

    *new_id* is the photo that takes the place, if it was added for it.
    """
    held = select(_file.c.folder_id, _file.c.path, _file.c.photo_id, _newest(new_id))
    _note(connection, held.where(of_files, _file.c.photo_id.is_not(None), is_annotated(_file.c.photo_id)))


def note_photo_beside(connection: Connection, folder_id: int, path: bytes, main: bytes, new_id: int | None) -> None:
    """Note that the file at *path* becomes a photo of its own, in place of the photo of the *main* file beside it.

    The main file still holds that photo, or did until it was deleted. *new_id* is the photo at *path*, if it was added
    for that.
    """
    for table in (_file, _before):
        held = select(literal(folder_id), literal(path), table.c.photo_id, _newest(new_id))
        at_main = (table.c.folder_id == folder_id, table.c.path == main, table.c.photo_id.is_not(None))
        _note(connection, held.where(*at_main, is_annotated(table.c.photo_id)))


def _newest(new_id: int | None) -> ColumnElement[int | None]:
    """The newest photo, or the one before the photo *new_id*."""
    return select(func.max(_photo.c.id)).scalar_subquery() if new_id is None else literal(new_id - 1)


def _note(connection: Connection, held: Select[Any]) -> None:
    """Note the photos of the query *held*, which has the columns folder, path, photo and newest photo."""
    row = upsert(_before).from_select(["folder_id", "path", "photo_id", "newest_id"], held)
    now = {"photo_id": row.excluded.photo_id, "newest_id": row.excluded.newest_id, "compared_id": None}
    connection.execute(row.on_conflict_do_update(index_elements=["folder_id", "path"], set_=now))


def is_annotated(photo_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that the photo has a history of tags or stars by hand, or was ever an example of a label."""
    is_tagged = exists().where(schema.tag_event.c.photo_id == photo_id)
    has_stars = or_(_photo.c.own_rating.is_not(None), _photo.c.rated_at.is_not(None))
    is_rated = exists().where(_photo.c.id == photo_id, has_stars)
    own, former = (
        exists().where(key == photo_id, schema.example_content.c.content_hash == content)
        for key, content in (
            (_photo.c.id, _photo.c.content_hash),
            (_former.c.photo_id, _former.c.content_hash),
        )
    )
    return or_(is_tagged, is_rated, own, former)


class Edits:
    """Photos that took a path over from another one, and its annotations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def replacements(self, photo_ids: Sequence[int] | None = None) -> list[Replacement]:
        """Return the paths where another photo follows an annotated one, if they were not compared yet.

        With *photo_ids*, a few, only paths where one of these was before.
        """
        among = true() if photo_ids is None else _before.c.photo_id.in_(photo_ids)
        rows = self._connection.execute(
            select(_before, _file.c.photo_id.label("now"), _file.c.companion_of)
            .join(_file, (_file.c.folder_id == _before.c.folder_id) & (_file.c.path == _before.c.path))
            .where(among, is_annotated(_before.c.photo_id))
            .where(or_(_file.c.photo_id.is_not(None), _file.c.companion_of.is_not(None)))
            .order_by(_before.c.folder_id, _before.c.path)
        ).all()
        found: list[Replacement] = []
        for row in rows:
            now, is_companion = row.now, row.companion_of is not None
            if is_companion:
                now = self._photo_at(row.folder_id, os.path.join(os.path.dirname(row.path), row.companion_of))
            if now is not None and now not in {row.photo_id, row.compared_id}:
                is_new = now > row.newest_id
                found.append(Replacement(row.folder_id, row.path, row.photo_id, now, is_new, is_companion))
        return found

    def earlier(self, photo_id: int) -> list[int]:
        """Return the photos whose contents this one had before its edits, as far as they are still known."""
        hashes = select(_former.c.content_hash).where(_former.c.photo_id == photo_id)
        return list(self._connection.execute(select(_photo.c.id).where(_photo.c.content_hash.in_(hashes))).scalars())

    def returned(self) -> list[tuple[int, int]]:
        """Return the photos that have a file again and are redirected to another photo, each with that one."""
        back = select(_photo.c.id, _former.c.photo_id).join(_former, _former.c.content_hash == _photo.c.content_hash)
        held = exists().where(_file.c.photo_id == _photo.c.id)
        rows = back.where(_photo.c.gone_at.is_(None), _photo.c.id != _former.c.photo_id, held).order_by(_photo.c.id)
        return [(row[0], row[1]) for row in self._connection.execute(rows)]

    def carry_over(self, before: int, now: int, *, keep: bool) -> None:
        """Give the photo *now* all annotations of *before*; *keep* them there, too.

        Otherwise references by content, such as labels' examples, find *now* from now on.
        """
        Tags(self._connection).hand_over(before, now, keep=keep)
        self._pass_on_edits(before, now, keep=keep)
        photos = Photos(self._connection)
        photos.pass_on_rating(before, now, keep=keep)
        if keep:
            photos.separate_content(now)
        else:
            photos.redirect_content(before, now)

    def close(self, replacement: Replacement, *, is_edit: bool) -> None:
        """Note that the replacement was decided upon: another photo at the path may still be an edit of the first."""
        here = (_before.c.folder_id == replacement.folder_id, _before.c.path == replacement.path)
        if is_edit:
            self._connection.execute(_before.delete().where(*here))
        else:
            self._connection.execute(update(_before).where(*here).values(compared_id=replacement.now))

    def _pass_on_edits(self, before: int, now: int, *, keep: bool) -> None:
        held = self._connection.execute(select(_edit.c.content_hash, _edit.c.at).where(_edit.c.photo_id == now)).all()
        known = {tuple(row) for row in held}
        given = self._connection.execute(
            select(_edit.c.content_hash, _edit.c.at).where(_edit.c.photo_id == before).order_by(_edit.c.id)
        ).all()
        own = self._connection.execute(select(_photo.c.content_hash).where(_photo.c.id == before)).scalar_one()
        steps = [tuple(row) for row in given if tuple(row) not in known]
        steps.append((own, utc_now()))
        self._connection.execute(
            insert(_edit), [{"photo_id": now, "content_hash": content, "at": at} for content, at in steps]
        )
        if not keep:
            self._connection.execute(_edit.delete().where(_edit.c.photo_id == before))

    def _photo_at(self, folder_id: int, path: bytes) -> int | None:
        at = select(_file.c.photo_id).where(_file.c.folder_id == folder_id, _file.c.path == path)
        return self._connection.execute(at).scalar()
