"""Many photos at once, for tests of large libraries: one by one, each takes a millisecond."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import select

from store import Facts, Outcome, Stamp, Vectors
from store.catalog.photo_facts import facts_values
from store.sql import schema as tables
from store.sql.dialect import utc_now

_FACTS = Facts(4, 3, "JPEG")
_STAMP = Stamp(100, 1_000, 2_000, 3)


def add_photos(t, space_id: int, folder_id: int, hashes: Sequence[bytes], paths: Sequence[bytes], matrix):
    """Add photos of these contents, each new, with a file and an embedding, and return their ids, ascending."""
    if not hashes:
        return []
    before = t.connection.execute(select(tables.photo.c.id)).scalars().all()
    photo = {"size": _STAMP.size, "added_at": utc_now(), "reader": 0, **facts_values(_FACTS)}
    t.connection.execute(tables.photo.insert(), [{**photo, "content_hash": each} for each in hashes])
    added = select(tables.photo.c.id).where(tables.photo.c.id > max(before, default=0)).order_by(tables.photo.c.id)
    ids = t.connection.execute(added).scalars().all()
    file = {"folder_id": folder_id, "outcome": Outcome.INDEXED.value, **_STAMP._asdict()}
    t.connection.execute(
        tables.file.insert(),
        [{**file, "path": path, "photo_id": photo_id} for path, photo_id in zip(paths, ids, strict=True)],
    )
    # After the files: an index is not told of photos without one.
    t.embeddings.put_all(space_id, Vectors(np.array(ids, np.int64), np.asarray(matrix, np.float32)))
    return ids
