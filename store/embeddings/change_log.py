"""The change log: which embeddings became findable, changed or were lost, in order. The vector index follows it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from store.sql import schema
from store.sql.dialect import chunks

PUT = "put"
DELETE = "delete"

_log, _file, _embedding = schema.embedding_change, schema.file, schema.embedding

# Built once: making a statement costs more than running it.
_HELD = select(_file.c.photo_id).where(_file.c.photo_id.in_(bindparam("photos", expanding=True))).distinct()
#: With the few spaces named, the index on (space, photo) answers instead of a scan of all embeddings.
_EMBEDDED = select(_embedding.c.space_id, _embedding.c.photo_id).where(
    _embedding.c.space_id.in_(select(schema.space.c.id)),
    _embedding.c.photo_id.in_(bindparam("photos", expanding=True)),
)
_SET_GONE = (
    update(schema.photo)
    .where(schema.photo.c.id.in_(bindparam("photos", expanding=True)))
    .values(gone_at=bindparam("moment"))
)
_APPEND = insert(_log)


@dataclass(frozen=True, slots=True)
class Position:
    """An entry of the log: its number, and a random token that no other log has at that number."""

    seq: int
    token: int


#: Before the first entry.
START = Position(0, 0)


def note_put(connection: Connection, space_id: int, photo_id: int) -> None:
    """Note that the photo's embedding is new or changed. Without a file it is noted when the photo gets one."""
    if _held(connection, [photo_id]):
        _note(connection, [(space_id, photo_id)], PUT)


def note_photo_back(connection: Connection, photo_id: int) -> None:
    """Note that the photo has just gained its first file."""
    connection.execute(_SET_GONE, {"photos": [photo_id], "moment": None})
    _note(connection, _embedded(connection, [photo_id]), PUT)


def note_files_lost(connection: Connection, photo_ids: Sequence[int]) -> None:
    """Note that files of these photos are gone: photos that have none left can no longer be found."""
    for some in chunks(photo_ids):
        gone = set(some) - _held(connection, some)
        connection.execute(_SET_GONE, {"photos": sorted(gone), "moment": datetime.now(UTC).replace(tzinfo=None)})
        _note(connection, _embedded(connection, sorted(gone)), DELETE)


def note_dropped(connection: Connection, space_id: int, photo_ids: Iterable[int]) -> None:
    """Note that these photos' embeddings in the space are deleted."""
    _note(connection, [(space_id, photo_id) for photo_id in photo_ids], DELETE)


def latest(connection: Connection, space_id: int) -> Position:
    """Return the last entry of the space; `START` if there is none."""
    newest = select(_log.c.seq, _log.c.token).where(_log.c.space_id == space_id).order_by(_log.c.seq.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return START if row is None else Position(row.seq, row.token)


def holds(connection: Connection, space_id: int, position: Position) -> bool:
    """Return whether *position* is in this log. If not, it is of another catalog, or of this one before a restore."""
    if position == START:
        return True
    same = select(_log.c.seq).where(
        _log.c.space_id == space_id, _log.c.seq == position.seq, _log.c.token == position.token
    )
    return connection.execute(same).first() is not None


def since(connection: Connection, space_id: int, seq: int) -> dict[int, str]:
    """Return each photo that changed after entry *seq*, with its newest change (`PUT` or `DELETE`)."""
    rows = connection.execute(
        select(_log.c.photo_id, _log.c.op).where(_log.c.space_id == space_id, _log.c.seq > seq).order_by(_log.c.seq)
    )
    return {row.photo_id: row.op for row in rows}


def _held(connection: Connection, photo_ids: Sequence[int]) -> set[int]:
    return set(connection.execute(_HELD, {"photos": photo_ids}).scalars())


def _embedded(connection: Connection, photo_ids: Sequence[int]) -> list[tuple[int, int]]:
    return [(row.space_id, row.photo_id) for row in connection.execute(_EMBEDDED, {"photos": photo_ids})]


def _note(connection: Connection, pairs: Iterable[tuple[int, int]], op: str) -> None:
    rows = [
        {"space_id": space_id, "photo_id": photo_id, "op": op, "token": secrets.randbits(63)}
        for space_id, photo_id in pairs
    ]
    if rows:
        connection.execute(_APPEND, rows)
