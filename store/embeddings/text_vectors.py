"""Texts whose vectors are remembered, so that a known text needs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from store.sql import schema
from store.sql.chunks import chunks
from store.sql.dialect import upsert

_text = schema.text_vector


class Texts:
    """Unit vectors of texts, float32, by space."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, space_id: int, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Those of *texts* that are known, each with its vector (d,)."""
        found: dict[str, NDArray[np.float32]] = {}
        for some in chunks(texts):
            rows = self._connection.execute(
                select(_text.c.text, _text.c.vector).where(_text.c.space_id == space_id, _text.c.text.in_(some))
            )
            found.update({row.text: row.vector for row in rows})
        return found

    def put(self, space_id: int, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Remember these for ever."""
        rows = [{"space_id": space_id, "text": text, "vector": vector} for text, vector in vectors.items()]
        if rows:
            self._connection.execute(upsert(_text).on_conflict_do_nothing(), rows)
