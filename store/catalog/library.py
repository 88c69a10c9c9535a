"""What is in force in this library: one row."""

from __future__ import annotations

import os

from sqlalchemy import Connection, select, update

from store.sql import schema
from store.sql.dialect import replacing, upsert
from store.tagging.namespaces import Namespaces

_library, _weights = schema.library, schema.weights


class Library:
    """The checkpoint, the space and the vocabulary revision that this library uses."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def model(self) -> str | None:
        """The checkpoint's name or folder as the user gave it; None until one was chosen."""
        model = self._connection.execute(select(_library.c.model)).scalar()
        return None if model is None else os.fsdecode(model)

    def set_model(self, reference: str) -> None:
        """Use that checkpoint."""
        # It may be a folder, whose name need not be text.
        self._set(model=os.fsencode(reference))

    def space_id(self) -> int | None:
        """The space that answers; None until the checkpoint was first opened."""
        return self._connection.execute(select(_library.c.space_id)).scalar()

    def set_space(self, space_id: int | None) -> None:
        """Let that space answer."""
        self._set(space_id=space_id)

    def revision_id(self, namespace: str = "") -> int | None:
        """The vocabulary revision in force, if any: the main one, or that of *namespace*."""
        if namespace:
            return Namespaces(self._connection).revision_id(namespace)
        return self._connection.execute(select(_library.c.revision_id)).scalar()

    def set_revision(self, revision_id: int, namespace: str = "") -> None:
        """Put that revision in force."""
        if namespace:
            Namespaces(self._connection).set(namespace, revision_id=revision_id)
        else:
            self._set(revision_id=revision_id)

    def retag_pending(self, namespace: str = "") -> bool:
        """Whether tags of photos may still be those of an earlier revision."""
        if namespace:
            return Namespaces(self._connection).retag_pending(namespace)
        return bool(self._connection.execute(select(_library.c.retag_pending)).scalar())

    def set_retag_pending(self, pending: bool, namespace: str = "") -> None:
        """Say whether a re-tag is owed."""
        if namespace:
            Namespaces(self._connection).set(namespace, retag_pending=pending)
        else:
            self._set(retag_pending=pending)

    def decoders(self) -> str | None:
        """With what the files were read, as `read_with` was told."""
        return self._connection.execute(select(_library.c.decoders)).scalar()

    def read_with(self, decoders: str) -> None:
        """From now on files are read with these decoders."""
        self._set(decoders=decoders)

    def is_indexing(self) -> bool:
        """Whether a pass that had files to read has begun and not ended."""
        return bool(self._connection.execute(select(_library.c.indexing)).scalar())

    def set_indexing(self, begun: bool) -> None:
        """Say that such a pass begins, or has ended."""
        self._set(indexing=begun)

    def weights_hash(self, stamp: str) -> str | None:
        """The hash that was remembered for weights of that stamp."""
        return self._connection.execute(select(_weights.c.hash).where(_weights.c.stamp == stamp)).scalar()

    def remember_weights(self, stamp: str, weights_hash: str) -> None:
        """Remember the hash of weights of that stamp."""
        self._connection.execute(replacing(_weights, ["stamp"], ["hash"]), {"stamp": stamp, "hash": weights_hash})

    def _set(self, **values: object) -> None:
        self._connection.execute(upsert(_library).values(id=1, retag_pending=False).on_conflict_do_nothing())
        self._connection.execute(update(_library).values(**values))
