"""Texts: those of labels and of searches, each with its vector in a space."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, delete, func, select

from store.sql import schema
from store.sql.dialect import chunks, erase, upsert, utc_now

_text = schema.text_vector


class Texts:
    """Unit vectors of texts, float32, by space. They are stored, so a known text needs no model."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, space_id: int, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the known ones of *texts*, each with its vector (d,)."""
        found: dict[str, NDArray[np.float32]] = {}
        for some in chunks(texts):
            rows = self._connection.execute(
                select(_text.c.text, _text.c.vector).where(_text.c.space_id == space_id, _text.c.text.in_(some))
            )
            found.update({row.text: row.vector for row in rows})
        return found

    def put(self, space_id: int, vectors: Mapping[str, NDArray[np.float32]], *, searches: int | None = None) -> None:
        """Store these vectors: of labels' texts, or of searches, of which the newest *searches* are kept."""
        moment = None if searches is None else utc_now()
        rows = [
            {"space_id": space_id, "text": text, "vector": vector, "searched_at": moment}
            for text, vector in vectors.items()
        ]
        if rows:
            self._connection.execute(upsert(_text).on_conflict_do_nothing(), rows)
        if searches is not None:
            newest = select(_text.c.id).where(_was_searched()).order_by(_text.c.searched_at.desc(), _text.c.id.desc())
            self._connection.execute(delete(_text).where(_text.c.id.in_(newest.offset(searches))))

    def searched(self) -> list[tuple[str, datetime]]:
        """Return the texts of past searches, newest first, each with the time, UTC, when it was stored."""
        rows = select(_text.c.text, func.min(_text.c.searched_at)).where(_was_searched()).group_by(_text.c.text)
        found = [(row[0], row[1]) for row in self._connection.execute(rows)]
        return sorted(found, key=lambda each: each[1], reverse=True)

    def forget_searches(self, of_labels: Collection[str]) -> int:
        """Delete the texts of past searches, and those of unknown use that are not *of_labels*; returns their number.

        Their bytes are erased in the file as soon as the log of changes is.
        """
        unknown = self._connection.execute(select(_text.c.text).where(_text.c.searched_at.is_(None)).distinct())
        others = [text for text in unknown.scalars() if text not in of_labels]
        count = len({*others, *(text for text, _ in self.searched())})
        erase(self._connection)
        self._connection.execute(delete(_text).where(_was_searched()))
        for some in chunks(others):
            self._connection.execute(delete(_text).where(_text.c.text.in_(some)))
        return count


def _was_searched() -> ColumnElement[bool]:
    return _text.c.searched_at.is_not(None)
