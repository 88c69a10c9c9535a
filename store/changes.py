"""The log that the index follows: which embeddings can be found, in the order in which that changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, insert, select

from . import schema
from .chunks import chunks

PUT = "put"
DELETE = "delete"


def note_put(connection: Connection, space_id: int, photo_id: int) -> None:
    """The photo's embedding is new or changed; if it has no file, it will be noted when it gets one."""
    if _held(connection, [photo_id]):
        _note(connection, [(space_id, photo_id)], PUT)


def note_photo_back(connection: Connection, photo_id: int) -> None:
    """The photo has just gained its first file."""
    _note(connection, _embedded(connection, [photo_id]), PUT)


def note_photos_that_lose_their_files(connection: Connection, photo_ids: Sequence[int]) -> None:
    """Files of these photos are gone; those that have none left can no longer be found."""
    for some in chunks(photo_ids):
        gone = set(some) - _held(connection, some)
        _note(connection, _embedded(connection, sorted(gone)), DELETE)


def note_dropped(connection: Connection, space_id: int, photo_ids: Iterable[int]) -> None:
    """These photos' embeddings in the space are gone."""
    _note(connection, [(space_id, photo_id) for photo_id in photo_ids], DELETE)


def latest(connection: Connection, space_id: int) -> int:
    """The number of the newest change in the space; 0 when there is none."""
    newest = select(func.max(schema.embedding_change.c.seq)).where(schema.embedding_change.c.space_id == space_id)
    return connection.execute(newest).scalar() or 0


def since(connection: Connection, space_id: int, seq: int) -> dict[int, str]:
    """Photo to its newest change (`put` or `delete`) after *seq*."""
    log = schema.embedding_change
    rows = connection.execute(
        select(log.c.photo_id, log.c.op).where(log.c.space_id == space_id, log.c.seq > seq).order_by(log.c.seq)
    )
    return {row.photo_id: row.op for row in rows}


def _held(connection: Connection, photo_ids: Sequence[int]) -> set[int]:
    held = select(schema.file.c.photo_id).where(schema.file.c.photo_id.in_(photo_ids)).distinct()
    return set(connection.execute(held).scalars())


def _embedded(connection: Connection, photo_ids: Sequence[int]) -> list[tuple[int, int]]:
    table = schema.embedding
    rows = connection.execute(select(table.c.space_id, table.c.photo_id).where(table.c.photo_id.in_(photo_ids)))
    return [(row.space_id, row.photo_id) for row in rows]


def _note(connection: Connection, pairs: Iterable[tuple[int, int]], op: str) -> None:
    rows = [{"space_id": space_id, "photo_id": photo_id, "op": op} for space_id, photo_id in pairs]
    if rows:
        connection.execute(insert(schema.embedding_change), rows)
