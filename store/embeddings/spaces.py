"""Spaces: which vectors may be compared."""

from __future__ import annotations

import os

from sqlalchemy import Connection, Row, insert, select

from store.errors import safe
from store.records import Space, SpaceIdentity
from store.sql import schema

_space = schema.space


class Spaces:
    """The spaces that vectors were ever made in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, identity: SpaceIdentity) -> Space:
        """The space of that weights' hash, preprocessing and precision; made if it is new."""
        same = select(_space).where(
            _space.c.weights_hash == identity.weights_hash,
            _space.c.preprocessing == identity.preprocessing,
            _space.c.precision == identity.precision,
        )
        row = self._connection.execute(same).one_or_none()
        if row is not None:
            return _record(row)
        values = {name: getattr(identity, name) for name in SpaceIdentity.__slots__}
        # It may be a folder, whose name need not be text; and it is for people.
        values["model"] = safe(os.fsencode(identity.model))
        key = self._connection.execute(insert(_space).values(**values)).inserted_primary_key
        assert key is not None
        return Space(int(key[0]), identity)

    def get(self, space_id: int) -> Space:
        """The space with that id, which must exist."""
        return _record(self._connection.execute(select(_space).where(_space.c.id == space_id)).one())

    def all(self) -> list[Space]:
        """Every space, oldest first."""
        return [_record(row) for row in self._connection.execute(select(_space).order_by(_space.c.id))]


def _record(row: Row[tuple[object, ...]]) -> Space:
    return Space(row.id, SpaceIdentity(**{name: getattr(row, name) for name in SpaceIdentity.__slots__}))
