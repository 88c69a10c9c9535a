"""Labels' cached vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, select

from . import schema
from .chunks import among, chunks
from .dialect import upsert
from .records import Vectors

_vector = schema.label_vector


class Labels:
    """One unit vector for a label in a space. A label's id stands for its texts, so these never go stale."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def vectors(self, space_id: int, label_ids: Sequence[int]) -> Vectors:
        """The vectors that are cached, in the order asked; the others are left out."""
        found = {}
        for some in chunks(label_ids):
            rows = self._connection.execute(
                select(_vector.c.label_id, _vector.c.vector).where(
                    _vector.c.space_id == space_id, among(_vector.c.label_id, some)
                )
            )
            asked = set(some)
            found.update({label_id: vector for label_id, vector in rows if label_id in asked})
        ids = [label_id for label_id in label_ids if label_id in found]
        matrix = np.stack([found[label_id] for label_id in ids]) if ids else np.empty((0, 0), np.float32)
        return Vectors(np.array(ids, np.int64), matrix)

    def put_vectors(self, space_id: int, vectors: Vectors) -> None:
        """Cache these."""
        rows = [
            {"space_id": space_id, "label_id": int(label_id), "vector": vector}
            for label_id, vector in zip(vectors.ids, vectors.matrix, strict=True)
        ]
        if rows:
            self._connection.execute(upsert(_vector).on_conflict_do_nothing(), rows)
