"""Settings of the library itself: one row."""

from __future__ import annotations

import os

from sqlalchemy import Connection, select, update

from store.sql import schema
from store.sql.dialect import replacing, upsert

_library, _weights = schema.library, schema.weights


class Library:
    """The checkpoint and the space that this library uses, and how its files were read last."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def model(self) -> str | None:
        """Return the checkpoint's name or folder as the user gave it; None until one was chosen."""
        model = self._connection.execute(select(_library.c.model)).scalar()
        return None if model is None else os.fsdecode(model)

    def set_model(self, reference: str) -> None:
        """Use that checkpoint from now on."""
        # It may be a folder, whose name need not be text.
        self._set(model=os.fsencode(reference))

    def space_id(self) -> int | None:
        """The space that searches use; None until the checkpoint was first opened."""
        return self._connection.execute(select(_library.c.space_id)).scalar()

    def set_space(self, space_id: int | None) -> None:
        """Let searches use that space."""
        self._set(space_id=space_id)

    def decoders(self) -> str | None:
        """The decoders that files were last read with; None before the first."""
        return self._connection.execute(select(_library.c.decoders)).scalar()

    def read_with(self, decoders: str) -> None:
        """Note that files are read with these decoders from now on."""
        self._set(decoders=decoders)

    def is_indexing(self) -> bool:
        """Return whether an indexing pass that had files to read has begun and not ended."""
        return bool(self._connection.execute(select(_library.c.indexing)).scalar())

    def set_indexing(self, begun: bool) -> None:
        """Note that such a pass begins, or has ended."""
        self._set(indexing=begun)

    def weights_hash(self, stamp: str) -> str | None:
        """The hash that was kept for weights of that stamp, if any."""
        return self._connection.execute(select(_weights.c.hash).where(_weights.c.stamp == stamp)).scalar()

    def remember_weights(self, stamp: str, weights_hash: str) -> None:
        """Keep the hash of weights of that stamp."""
        self._connection.execute(replacing(_weights, ["stamp"], ["hash"]), {"stamp": stamp, "hash": weights_hash})

    def _set(self, **values: object) -> None:
        self._connection.execute(upsert(_library).values(id=1).on_conflict_do_nothing())
        self._connection.execute(update(_library).values(**values))
