"""Facts of photos: those that a content states, and over them those in the sidecars of all its files.

The order of sidecars: of several pictures, those of the one with the newest sidecar come first, and of one picture
those of the highest rank. JSON files of takeouts come after all others. A gap is filled from the next,
and at last from the content.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from store.facts import DateSource, Facts, Metadata, SidecarRank
from store.sql import schema
from store.sql.dialect import chunks, replacing

from .photo_texts import follow_texts

_photo, _file, _stated, _sidecar = schema.photo, schema.file, schema.stated_facts, schema.sidecar_facts
_NAMES = tuple(each.name for each in fields(Facts))
# Built once: making a statement costs more than running it.
_PUT = replacing(_sidecar, ["file_id"], ["picture_id", "rank", "facts", "reader"])
_SIDECAR_AT = select(_sidecar.c.picture_id).where(_sidecar.c.file_id == bindparam("sidecar"))
_A_SIDECAR_OF = (
    select(_sidecar.c.file_id)
    .join(_file, _file.c.id == _sidecar.c.picture_id)
    .where(_file.c.photo_id == bindparam("photo"))
    .limit(1)
)
_own = _file.alias("own")
_SIDECARS = (
    select(
        _file.c.photo_id, _sidecar.c.picture_id, _sidecar.c.file_id, _sidecar.c.rank, _sidecar.c.facts, _own.c.mtime_ns
    )
    .join(_file, _file.c.id == _sidecar.c.picture_id)
    .join(_own, _own.c.id == _sidecar.c.file_id)
)


class PhotoFacts:
    """The facts of photos by their sources. The columns of a photo always hold what these give together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_sidecar(self, file_id: int, picture_id: int, rank: SidecarRank, found: Metadata, reader: int) -> None:
        """Keep the facts in a sidecar, as a *reader* of that version found them.

        *file_id* and *picture_id* are the rows of the sidecar and of its picture.
        """
        before = self._connection.execute(_SIDECAR_AT, {"sidecar": file_id}).scalar()
        row = {"file_id": file_id, "picture_id": picture_id, "rank": int(rank), "reader": reader}
        self._connection.execute(_PUT, {**row, "facts": metadata_json(found)})
        pictures = {picture_id} if before is None else {picture_id, before}
        merge_facts(self._connection, _photos_in(self._connection, sorted(pictures)))

    def stated(self, photo_ids: Sequence[int]) -> dict[int, Facts]:
        """Return what the contents of these photos state themselves, without their sidecars."""
        found: dict[int, Facts] = {}
        for some in chunks(photo_ids):
            for columns in self._connection.execute(select(_photo).where(_photo.c.id.in_(some))).mappings():
                found[columns["id"]] = facts_of(columns)
            for photo_id, facts in self._connection.execute(
                select(_stated.c.photo_id, _stated.c.facts).where(_stated.c.photo_id.in_(some))
            ):
                found[photo_id] = Facts(**unpacked(facts))
        return found

    def wrong(self) -> list[int]:
        """Return the photos whose facts are not those of their sources, by ascending id."""
        with_sidecars = select(_file.c.photo_id).join(_sidecar, _sidecar.c.picture_id == _file.c.id)
        some = select(_stated.c.photo_id).union(with_sidecars.where(_file.c.photo_id.is_not(None)))
        photo_ids = sorted(self._connection.execute(some).scalars())
        return sorted(each.photo_id for each in _sources(self._connection, photo_ids) if each.merged != each.kept)

    def mend(self, photo_ids: Collection[int]) -> None:
        """Make the facts of these photos those of their sources."""
        merge_facts(self._connection, photo_ids)


def has_sidecars(connection: Connection, photo_id: int) -> bool:
    """Return whether any file of the photo has a sidecar with facts."""
    return connection.execute(_A_SIDECAR_OF, {"photo": photo_id}).first() is not None


def state_facts(connection: Connection, photo_id: int) -> None:
    """Note that the photo's columns were set to what its content states. The facts of its sidecars go over them."""
    connection.execute(delete(_stated).where(_stated.c.photo_id == photo_id))
    merge_facts(connection, [photo_id])


def drop_sidecars(connection: Connection, file_ids: Sequence[int]) -> None:
    """Delete the facts in those of the files *file_ids* that are sidecars, or whose pictures are among these."""
    pictures: set[int] = set()
    for some in chunks(file_ids):
        for key in (_sidecar.c.file_id, _sidecar.c.picture_id):
            pictures.update(connection.execute(select(_sidecar.c.picture_id).where(key.in_(some))).scalars())
    photos = _photos_in(connection, sorted(pictures))
    for some in chunks(file_ids):
        connection.execute(delete(_sidecar).where(_sidecar.c.file_id.in_(some)))
        connection.execute(delete(_sidecar).where(_sidecar.c.picture_id.in_(some)))
    merge_facts(connection, photos)


def mark_unread(connection: Connection, file_id: int) -> None:
    """Note that the sidecar has changed. Its former facts count until it is read."""
    connection.execute(update(_sidecar).where(_sidecar.c.file_id == file_id).values(reader=0))


def merge_facts(connection: Connection, photo_ids: Collection[int]) -> None:
    """Make the facts of these photos those of their sources."""
    for source in _sources(connection, sorted(photo_ids)):
        if source.has_sidecars and not source.is_stated:
            connection.execute(insert(_stated).values(photo_id=source.photo_id, facts=metadata_json(source.stated)))
        elif source.is_stated and not source.has_sidecars:
            connection.execute(delete(_stated).where(_stated.c.photo_id == source.photo_id))
        if source.merged != source.kept:
            values = facts_values(source.merged)
            connection.execute(update(_photo).where(_photo.c.id == source.photo_id).values(**values))
            if source.merged.caption != source.kept.caption:
                follow_texts(connection, [source.photo_id])


class _Sources(NamedTuple):
    """The sources of a photo's facts: its content's, those that are kept, and those that all sources give together."""

    photo_id: int
    stated: Facts
    kept: Facts
    merged: Facts
    is_stated: bool
    has_sidecars: bool


def _sources(connection: Connection, photo_ids: Sequence[int]) -> Iterator[_Sources]:
    """Yield the sources of those photos that have sidecars, or had them."""
    for some in chunks(photo_ids):
        sidecars: defaultdict[int, list[_Sidecar]] = defaultdict(list)
        for photo_id, *row in connection.execute(_SIDECARS.where(_file.c.photo_id.in_(some))):
            sidecars[photo_id].append(_Sidecar(*row))
        stated = dict(
            connection.execute(select(_stated.c.photo_id, _stated.c.facts).where(_stated.c.photo_id.in_(some))).all()
        )
        concerned = sorted(sidecars.keys() | stated.keys())
        if not concerned:
            continue
        for columns in connection.execute(select(_photo).where(_photo.c.id.in_(concerned))).mappings().all():
            photo_id, kept = columns["id"], facts_of(columns)
            own = Facts(**unpacked(stated[photo_id])) if photo_id in stated else kept
            merged = own
            for sidecar in reversed(_in_order(sidecars[photo_id])):
                merged = merged.under(Metadata(**unpacked(sidecar.facts)))
            yield _Sources(photo_id, own, kept, merged, photo_id in stated, bool(sidecars[photo_id]))


class _Sidecar(NamedTuple):
    picture_id: int
    file_id: int
    rank: int
    facts: Mapping[str, Any]
    mtime_ns: int


def _in_order(sidecars: Iterable[_Sidecar]) -> list[_Sidecar]:
    """Sort sidecars by their precedence."""
    newest: dict[tuple[bool, int], int] = {}
    for each in sidecars:
        newest[_group(each)] = max(newest.get(_group(each), each.mtime_ns), each.mtime_ns)
    return sorted(
        sidecars,
        key=lambda each: (_group(each)[0], -newest[_group(each)], each.picture_id, each.rank, each.file_id),
    )


def _group(sidecar: _Sidecar) -> tuple[bool, int]:
    return sidecar.rank == SidecarRank.TAKEOUT, sidecar.picture_id


def _photos_in(connection: Connection, file_ids: Sequence[int]) -> set[int]:
    """Return the photos that these files hold."""
    return {
        photo_id
        for some in chunks(file_ids)
        for photo_id in connection.execute(
            select(_file.c.photo_id).where(_file.c.id.in_(some), _file.c.photo_id.is_not(None))
        ).scalars()
    }


def facts_values(facts: Facts) -> dict[str, object]:
    """Return *facts* as values of the columns of a photo."""
    return {**{name: getattr(facts, name) for name in _NAMES}, "keywords": list(facts.keywords)}


def facts_of(values: Mapping[Any, Any]) -> Facts:
    """Return the facts in the columns of a photo."""
    source = values["date_source"]
    return Facts(
        **{
            **{name: values[name] for name in _NAMES},
            "keywords": tuple(values["keywords"]),
            "date_source": None if source is None else DateSource(source),
        }
    )


def metadata_json(found: Metadata) -> dict[str, object]:
    """Return *found* as JSON, without gaps."""
    values = {each.name: getattr(found, each.name) for each in fields(found)}
    if found.taken_at is not None:
        values["taken_at"] = found.taken_at.isoformat()
    return {name: value for name, value in values.items() if value not in (None, ())}


def unpacked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `metadata_json` made as the arguments of its record."""
    found = {name: value for name, value in values.items() if name in _NAMES}
    if "taken_at" in found:
        found["taken_at"] = datetime.fromisoformat(found["taken_at"])
    if "date_source" in found:
        found["date_source"] = DateSource(found["date_source"])
    return {**found, "keywords": tuple(found.get("keywords", ()))}
