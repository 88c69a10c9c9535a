"""Entries of the change log in bulk on PostgreSQL: one statement for any number of photos."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from store.sql.bulk import Numbers
from store.sql.postgres import driver_of
from store.sql.products import HAS_FILE

_NOTE = (
    "INSERT INTO embedding_change (space_id, photo_id, op, token) SELECT %s, put.photo_id, %s, token"  # noqa: S608 - names alone
    " FROM unnest(%s, %s) WITH ORDINALITY AS put (photo_id, token, place)"
    f" WHERE {HAS_FILE.format('put')} ORDER BY place"
)


def note_with_file(connection: Connection, space_id: int, photo_ids: Sequence[int], op: str) -> None:
    """Note the change *op* of those of *photo_ids* that have a file, in their order."""
    tokens = np.frombuffer(secrets.token_bytes(8 * len(photo_ids)), np.int64) & np.iinfo(np.int64).max
    with driver_of(connection).cursor() as cursor:
        Numbers.known_to(cursor)
        cursor.execute(_NOTE, [space_id, op, Numbers(np.array(photo_ids, np.int64)), Numbers(tokens)], prepare=False)
