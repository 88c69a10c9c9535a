"""Captions of photos, one each, and the vectors of earlier ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from store.sql import schema
from store.sql.dialect import chunks, ids_of, numbers_of, plain_cursor

_photo, _description, _vector = schema.photo, schema.description, schema.caption_vector
#: Photos whose captions are in memory at once.
_PART: Final = 5000
# Built once: making a statement costs more than running it.
_OWN = select(_photo.c.id, _photo.c.caption).where(_photo.c.caption.is_not(None))
_GIVEN = select(_description.c.photo_id, _description.c.caption).where(_description.c.caption.is_not(None))
_VECTORS = select(_vector.c.photo_id, _vector.c.space_id, _vector.c.caption_digest)
_VECTORS = _VECTORS.where(_vector.c.photo_id.in_(numbers_of(bindparam("photos"))))
_DROP = delete(_vector).where(_vector.c.photo_id == bindparam("photo"), _vector.c.space_id == bindparam("space"))


def captions_of(connection: Connection, photo_ids: Sequence[int]) -> dict[int, str]:
    """Return the newest describer's caption of each photo, or else the caption in its files, if there is one."""
    found: dict[int, str] = {}
    for some in chunks(photo_ids, _PART):
        rows = plain_cursor(connection, _OWN.where(_photo.c.id.in_(ids_of(some)))).fetchall()
        found.update((key, caption) for key, caption in rows)
        given = _GIVEN.where(_description.c.photo_id.in_(ids_of(some)))
        oldest = given.order_by(_description.c.made_at, _description.c.origin.desc())
        found.update((key, caption) for key, caption in plain_cursor(connection, oldest).fetchall())
    return found


def caption_digest(caption: str) -> bytes:
    """Return the digest of a caption, 16 bytes, by which its vector is known to be its own."""
    return hashlib.blake2b(caption.encode(errors="surrogatepass"), digest_size=16).digest()


def drop_earlier_vectors(connection: Connection, photo_ids: Collection[int]) -> None:
    """Delete the vectors of captions that these photos no longer have."""
    for some in chunks(sorted(photo_ids), _PART):
        vectors = connection.execute(_VECTORS, {"photos": json.dumps(some)}).all()
        # Most photos have none, and then their captions need not be read.
        captions = captions_of(connection, [row.photo_id for row in vectors])
        digests = {photo_id: caption_digest(caption) for photo_id, caption in captions.items()}
        earlier = [row for row in vectors if row.caption_digest != digests.get(row.photo_id)]
        if earlier:
            connection.execute(_DROP, [{"photo": row.photo_id, "space": row.space_id} for row in earlier])
