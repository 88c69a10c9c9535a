"""Photos: contents, and the facts that their files state."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Column, Connection, RowMapping, bindparam, delete, func, insert, select, update

from store.facts import Facts
from store.records import Photo
from store.sql import schema
from store.sql.database import DanglingRow
from store.sql.dialect import among, chunks, is_filled, replacing, utc_now

from .photo_facts import facts_of, facts_values, state_facts
from .photo_texts import add_caption, follow_texts

_photo, _file, _folder = schema.photo, schema.file, schema.folder
# Built once: making a statement costs more than running it.
_WITH_HASH = select(_photo.c.id).where(_photo.c.content_hash == bindparam("hash"))
_ADD = insert(_photo)
_former = schema.former_content
#: Tables whose rows are deleted with their photos.
_ABOUT = (
    schema.tag,
    schema.tag_event,
    schema.embedding,
    schema.perceptual_hash,
    schema.stated_facts,
    schema.miniature,
    schema.former_photo,
    schema.photo_edit,
    schema.description,
    schema.photo_text,
    schema.caption_vector,
)
#: Bytes of a SHA-256.
_HASH = 32
_FORMERLY = replacing(_former, ["content_hash"], ["photo_id"])

_Value = TypeVar("_Value")


class Photos:
    """The photos, by their contents. A photo outlives its files until it is deleted, and is found again with them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, content_hash: bytes) -> int | None:
        """Return the id of the photo whose content has that SHA-256, if it was ever seen."""
        return self._connection.execute(_WITH_HASH, {"hash": content_hash}).scalar()

    def starting_with(self, start: bytes) -> int | None:
        """Return the id of the photo whose content's SHA-256 begins with *start*, eight bytes or more."""
        last = start.ljust(_HASH, b"\xff")
        found = select(_photo.c.id).where(_photo.c.content_hash.between(start, last)).order_by(_photo.c.id).limit(1)
        return self._connection.execute(found).scalar()

    def contents(self) -> list[bytes]:
        """Return the content hashes of the photos that have a file, the newest photos first."""
        newest = (_photo.c.taken_at.desc().nulls_last(), _photo.c.id.desc())
        held = select(_photo.c.content_hash).where(_photo.c.gone_at.is_(None)).order_by(*newest)
        return list(self._connection.execute(held).scalars())

    def add(self, content_hash: bytes, size: int, facts: Facts, reader: int = 0) -> int:
        """Add a photo, and return its id. *size* is its file's, in bytes; *reader* is the version that read *facts*."""
        values = {"content_hash": content_hash, "size": size, "added_at": utc_now()}
        key = self._connection.execute(_ADD, {**values, **facts_values(facts), "reader": reader}).inserted_primary_key
        assert key is not None
        photo_id = int(key[0])
        add_caption(self._connection, photo_id, facts.caption)
        return photo_id

    def replace_content(self, photo_id: int, content_hash: bytes, size: int, facts: Facts, reader: int = 0) -> None:
        """Replace the photo's content by one that shows the same picture: another hash, other facts, the same photo.

        *reader* is the version that read *facts*.
        """
        before = self._connection.execute(select(_photo.c.content_hash).where(_photo.c.id == photo_id)).scalar_one()
        self._connection.execute(_FORMERLY, {"content_hash": before, "photo_id": photo_id})
        # The image encoder saw the same pixels, but a perceptual hash is of the full picture.
        self._connection.execute(delete(schema.perceptual_hash).where(schema.perceptual_hash.c.photo_id == photo_id))
        values = {"content_hash": content_hash, "size": size}
        self._connection.execute(update(_photo).where(_photo.c.id == photo_id).values(**values))
        self.refresh(photo_id, facts, reader)

    def redirect_content(self, before: int, photo_id: int) -> None:
        """Note that references by the contents of the photo *before* now find another photo."""
        own, other = (
            self._connection.execute(select(_photo.c.content_hash).where(_photo.c.id == key)).scalar_one()
            for key in (photo_id, before)
        )
        self._connection.execute(update(_former).where(_former.c.photo_id == before).values(photo_id=photo_id))
        self._connection.execute(_FORMERLY, {"content_hash": other, "photo_id": photo_id})
        self._connection.execute(delete(_former).where(_former.c.content_hash == own))

    def separate_content(self, photo_id: int) -> None:
        """Note that the photo's content stands for this photo again, and not for the one that it was redirected to."""
        own = select(_photo.c.content_hash).where(_photo.c.id == photo_id).scalar_subquery()
        self._connection.execute(delete(_former).where(_former.c.content_hash == own))

    def refresh(self, photo_id: int, facts: Facts, reader: int = 0) -> None:
        """Replace the facts of the same content, which a *reader* of that version read."""
        values = {**facts_values(facts), "reader": reader}
        self._connection.execute(update(_photo).where(_photo.c.id == photo_id).values(**values))
        state_facts(self._connection, photo_id)
        follow_texts(self._connection, [photo_id])

    def mark_facts_read(self, photo_id: int, reader: int) -> None:
        """Note that a *reader* of that version can read no facts of the photo, which keeps those that are known."""
        self._connection.execute(update(_photo).where(_photo.c.id == photo_id).values(reader=reader))

    def rate(self, photo_ids: Sequence[int], stars: int | None) -> None:
        """Record the *stars* that a person gives photos; None leaves their rating to their files again."""
        values = {"own_rating": stars, "rated_at": utc_now()}
        for some in chunks(photo_ids):
            self._connection.execute(update(_photo).where(_photo.c.id.in_(some)).values(**values))

    def rated(self, photo_ids: Sequence[int]) -> set[int]:
        """Return those of the photos that have stars by a person."""
        return {
            photo_id
            for some in chunks(photo_ids)
            for photo_id in self._connection.execute(
                select(_photo.c.id).where(_photo.c.id.in_(some), _photo.c.own_rating.is_not(None))
            ).scalars()
        }

    def pass_on_rating(self, before: int, now: int, *, keep: bool) -> None:
        """Give the photo *now* the stars by a person of *before*; *keep* them there, too.

        If a person rated both photos, or took stars back from one, the later rating stays.
        """
        ratings = select(_photo.c.id, _photo.c.own_rating, _photo.c.rated_at).where(_photo.c.id.in_([before, now]))
        of = {row.id: row for row in self._connection.execute(ratings)}
        given, held = ((row.rated_at or datetime.min, row.own_rating) for row in (of[before], of[now]))  # noqa: DTZ901 - stars of revision 0020 have no time
        if given[0] > held[0] or (given[0] == held[0] and held[1] is None):
            values = {"own_rating": of[before].own_rating, "rated_at": of[before].rated_at}
            self._connection.execute(update(_photo).where(_photo.c.id == now).values(**values))
        if not keep:
            values = {"own_rating": None, "rated_at": None}
            self._connection.execute(update(_photo).where(_photo.c.id == before).values(**values))

    def of_contents(self, hashes: Sequence[bytes]) -> dict[bytes, int]:
        """Return the photos of contents with these SHA-256s, also of former contents.

        A content that has a file is its own photo. One without is the photo that it was replaced by or redirected to.
        """
        found: dict[bytes, int] = {}
        for some in chunks(hashes):
            own = select(_photo.c.content_hash, _photo.c.id).where(_photo.c.content_hash.in_(some))
            became = select(_former.c.content_hash, _former.c.photo_id).where(_former.c.content_hash.in_(some))
            for query in (own, became, own.where(_photo.c.gone_at.is_(None))):
                found.update((row[0], row[1]) for row in self._connection.execute(query))
        return found

    def get(self, photo_ids: Sequence[int]) -> list[Photo]:
        """Return these photos, in the order given; unknown ids are left out."""
        found: dict[int, Photo] = {}
        for some in chunks(photo_ids):
            paths = self._paths(some)
            beside = self._companions([path for of_one in paths.values() for path in of_one])
            for row in self._connection.execute(select(_photo).where(_photo.c.id.in_(some))).mappings():
                own = tuple(sorted(paths.get(row["id"], [])))
                companions = tuple(each for path in own for each in beside.get(path, []))
                found[row["id"]] = Photo(row["id"], row["content_hash"], _shown_facts(row), own, companions)
        return [found[photo_id] for photo_id in photo_ids if photo_id in found]

    def companions_of(self, paths: Sequence[bytes]) -> dict[bytes, list[bytes]]:
        """Return the companions of the files at *paths*, all absolute, by path; files without any are left out."""
        asked = set(paths)
        return {path: beside for path, beside in self._companions(paths).items() if path in asked}

    def at(self, path: bytes) -> Photo | None:
        """Return the photo that the file at the absolute *path* holds, if that file is indexed."""
        photo_id = self._value_at(path, _file.c.photo_id)
        return self.get([photo_id])[0] if photo_id is not None else None

    def of_companion(self, path: bytes) -> Photo | None:
        """Return the photo of the file whose companion is at the absolute *path*; None if that is no companion."""
        main = self._value_at(path, _file.c.companion_of)
        return None if main is None else self.at(os.path.join(os.path.dirname(path), main))

    def gone(self, before: datetime | None = None) -> list[int]:
        """Return photos without a file, ascending; only those without one since *before* (UTC, no zone), if given."""
        query = select(_photo.c.id).where(_photo.c.gone_at.is_not(None))
        if before is not None:
            query = query.where(_photo.c.gone_at < before)
        return list(self._connection.execute(query.order_by(_photo.c.id)).scalars())

    def delete(self, photo_ids: Sequence[int]) -> None:
        """Delete photos that have no file, and everything about them. Their ids are never used again."""
        for some in chunks(photo_ids):
            scored = schema.photo_scores.c
            # With the few scorings named, the primary key finds the photos.
            in_any = scored.scoring_id.in_(select(schema.scoring.c.id))
            self._connection.execute(delete(schema.photo_scores).where(in_any, scored.photo_id.in_(some)))
            for table in (*_ABOUT, _former):
                self._connection.execute(delete(table).where(table.c.photo_id.in_(some)))
            self._connection.execute(delete(_photo).where(_photo.c.id.in_(some)))

    def known(self, photo_ids: Sequence[int]) -> set[int]:
        """Return those of *photo_ids* that still exist."""
        return {
            key
            for some in chunks(photo_ids)
            for key in self._connection.execute(select(_photo.c.id).where(among(_photo.c.id, some))).scalars()
        }.intersection(photo_ids)

    def keywords(self) -> list[tuple[int, tuple[str, ...]]]:
        """Return the photos that have a file and keywords, its own or a sidecar's, with these."""
        rows = self._connection.execute(
            select(_photo.c.id, _photo.c.keywords).where(is_filled(_photo.c.keywords), _photo.c.gone_at.is_(None))
        )
        return [(row.id, tuple(row.keywords)) for row in rows]

    def count(self) -> int:
        """Count the photos that have a file."""
        held = select(func.count(func.distinct(_file.c.photo_id)))
        return self._connection.execute(held).scalar_one()

    def any(self) -> bool:
        """Return whether any photo has a file."""
        return (
            self._connection.execute(select(_file.c.photo_id).where(_file.c.photo_id.is_not(None)).limit(1)).first()
            is not None
        )

    def _value_at(self, path: bytes, column: Column[_Value]) -> _Value | None:
        """The *column* of the file at the absolute *path*; None if there is no such file."""
        for folder in self._connection.execute(select(_folder)):
            prefix = folder.path.rstrip(b"/") + b"/"
            if path.startswith(prefix):
                row = select(column).where(_file.c.folder_id == folder.id, _file.c.path == path[len(prefix) :])
                return self._connection.execute(row).scalar()
        return None

    def _paths(self, photo_ids: Sequence[int]) -> dict[int, list[bytes]]:
        rows = self._connection.execute(
            select(_file.c.photo_id, _folder.c.path.label("folder"), _file.c.path)
            .outerjoin(_folder)
            .where(_file.c.photo_id.in_(photo_ids))
        )
        paths: defaultdict[int, list[bytes]] = defaultdict(list)
        for row in rows:
            if row.folder is None:
                raise DanglingRow("file")
            paths[row.photo_id].append(os.path.join(row.folder, row.path))
        return paths

    def _companions(self, paths: Sequence[bytes]) -> dict[bytes, list[bytes]]:
        """Return the companions of the files at absolute *paths*, by path."""
        found: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for some in chunks(sorted({os.path.basename(path) for path in paths})):
            rows = self._connection.execute(
                select(_folder.c.path.label("folder"), _file.c.path, _file.c.companion_of)
                .join(_folder)
                .where(_file.c.companion_of.in_(some))
            )
            for row in rows:
                path = os.path.join(row.folder, row.path)
                found[os.path.join(os.path.dirname(path), row.companion_of)].append(path)
        return {path: sorted(of_one) for path, of_one in found.items()}


def _shown_facts(row: RowMapping) -> Facts:
    """The facts in the row of a photo, with the stars that a person gave in place of its files'."""
    facts = facts_of(row)
    return facts if row["own_rating"] is None else replace(facts, rating=row["own_rating"])
