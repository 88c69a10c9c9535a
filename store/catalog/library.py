"""The settings of the library: checkpoint, space, vocabulary revision, decoders. They are one row."""

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
        """Return the checkpoint's name or folder as the user gave it; None until one was chosen."""
        model = self._connection.execute(select(_library.c.model)).scalar()
        return None if model is None else os.fsdecode(model)

    def set_model(self, reference: str) -> None:
        """Set the checkpoint's name or folder."""
        # A folder's name need not be text.
        self._set(model=os.fsencode(reference))

    def space_id(self) -> int | None:
        """Return the space of the checkpoint; None until it was first opened."""
        return self._connection.execute(select(_library.c.space_id)).scalar()

    def set_space(self, space_id: int | None) -> None:
        """Set the space of the checkpoint."""
        self._set(space_id=space_id)

    def revision_id(self, namespace: str = "") -> int | None:
        """Return the vocabulary revision in force, if any: the main one, or that of *namespace*."""
        if namespace:
            return Namespaces(self._connection).revision_id(namespace)
        return self._connection.execute(select(_library.c.revision_id)).scalar()

    def set_revision(self, revision_id: int, namespace: str = "") -> None:
        """Set the vocabulary revision in force."""
        if namespace:
            Namespaces(self._connection).set(namespace, revision_id=revision_id)
        else:
            self._set(revision_id=revision_id)

    def retag_pending(self, namespace: str = "") -> bool:
        """Return whether a re-tag is pending: tags of photos may still be of an earlier revision."""
        if namespace:
            return Namespaces(self._connection).retag_pending(namespace)
        return bool(self._connection.execute(select(_library.c.retag_pending)).scalar())

    def set_retag_pending(self, pending: bool, namespace: str = "") -> None:
        """Set whether a re-tag is pending."""
        if namespace:
            Namespaces(self._connection).set(namespace, retag_pending=pending)
        else:
            self._set(retag_pending=pending)

    def decoders(self) -> str | None:
        """Return the decoders that the files were read with, as `read_with` set them."""
        return self._connection.execute(select(_library.c.decoders)).scalar()

    def read_with(self, decoders: str) -> None:
        """Set the decoders that files are read with."""
        self._set(decoders=decoders)

    def is_indexing(self) -> bool:
        """Return whether an indexing pass that had files to read has begun and not ended."""
        return bool(self._connection.execute(select(_library.c.indexing)).scalar())

    def set_indexing(self, begun: bool) -> None:
        """Set whether such a pass is under way."""
        self._set(indexing=begun)

    def weights_hash(self, stamp: str) -> str | None:
        """Return the remembered hash of weights with that stamp."""
        return self._connection.execute(select(_weights.c.hash).where(_weights.c.stamp == stamp)).scalar()

    def remember_weights(self, stamp: str, weights_hash: str) -> None:
        """Remember the hash of weights with that stamp."""
        self._connection.execute(replacing(_weights, ["stamp"], ["hash"]), {"stamp": stamp, "hash": weights_hash})

    def _set(self, **values: object) -> None:
        self._connection.execute(upsert(_library).values(id=1, retag_pending=False).on_conflict_do_nothing())
        self._connection.execute(update(_library).values(**values))
