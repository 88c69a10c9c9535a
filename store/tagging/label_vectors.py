"""Labels' cached vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, select

from store.records import LabelFit, Vectors
from store.sql import schema
from store.sql.dialect import among, chunks, upsert

_vector = schema.label_vector


class Labels:
    """One unit vector for each label and space. A label's id stands for its texts and examples, so none goes stale."""

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

    def made(self, space_id: int, label_ids: Sequence[int]) -> dict[int, LabelFit]:
        """The making of the cached vectors of these labels, by label."""
        found: dict[int, LabelFit] = {}
        for some in chunks(label_ids):
            rows = self._connection.execute(
                select(_vector.c.label_id, _vector.c.examples, _vector.c.minimum, _vector.c.text_share).where(
                    _vector.c.space_id == space_id, _vector.c.label_id.in_(some)
                )
            )
            found.update({row.label_id: LabelFit(row.examples, row.minimum, row.text_share) for row in rows})
        return found

    def put_vectors(self, space_id: int, vectors: Vectors, made: Mapping[int, LabelFit] | None = None) -> None:
        """Cache these. *made* holds the making of those of labels with examples."""
        known, of_texts = made or {}, LabelFit(0, None, 1.0)
        rows = [
            {
                "space_id": space_id,
                "label_id": label_id,
                "vector": vector,
                **known.get(label_id, of_texts)._asdict(),
            }
            for label_id, vector in zip(vectors.ids.tolist(), vectors.matrix, strict=True)
        ]
        if rows:
            self._connection.execute(upsert(_vector).on_conflict_do_nothing(), rows)
