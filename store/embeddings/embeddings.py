"""Embeddings: one unit vector for a photo in a space, with a checksum of its own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    bindparam,
    delete,
    exists,
    func,
    select,
    type_coerce,
)

from store.errors import BadVector
from store.records import Vectors
from store.sql import schema
from store.sql.chunks import among, chunks
from store.sql.columns import pack
from store.sql.dialect import replacing
from store.vectors.faiss.mapped_rows import FreshRows, MappedRows

from .change_log import note_dropped, note_put

_embedding, _file = schema.embedding, schema.file
#: Rows that are fetched at once.
_PART = 1024
#: Rows from which it is worth the look whether they are mapped.
_MANY = 256
#: How far a vector's length may be from one: what bfloat16 leaves of a division.
_LENGTH_TOLERANCE = 1e-2
# Built once: making a statement costs more than running it.
_DIMENSION = select(schema.space.c.dimension).where(schema.space.c.id == bindparam("space"))
_PUT = replacing(_embedding, ["space_id", "photo_id"], ["vector", "checksum", "pixels"])


class Embeddings:
    """The vectors of photos. Rows are fp16; a row whose checksum is wrong is never given out.

    Many at once are read from *mapped* rows, if they are given, as far as these are the same.
    """

    def __init__(self, connection: Connection, mapped: MappedRows | None = None) -> None:
        self._connection = connection
        self._mapped = mapped

    def put(self, space_id: int, photo_id: int, vector: NDArray[np.float32], pixels: bytes | None = None) -> None:
        """Keep *vector*, float32 (d,), of length one. Raises `BadVector` for any other.

        *pixels*, 16 bytes, is the digest of what the image tower saw.
        """
        self._check(space_id, vector)
        checksum = zlib.crc32(pack(vector, "float16"))
        row = {"space_id": space_id, "photo_id": photo_id, "vector": vector, "checksum": checksum, "pixels": pixels}
        self._connection.execute(_PUT, row)
        note_put(self._connection, space_id, photo_id)

    def of_pixels(self, space_id: int, pixels: bytes) -> NDArray[np.float32] | None:
        """The vector, float32 (d,), that the space has for these pixels, if any photo has shown them."""
        rows = self._rows(_raw(space_id).where(_embedding.c.pixels == pixels).limit(1))
        return _vectors([0], [rows[0][1]], self._dimension(space_id)).matrix[0] if rows else None

    def pixels(self, space_id: int, photo_id: int) -> bytes | None:
        """The digest of the pixels that the photo's embedding was made of, where it is known."""
        kept = select(_embedding.c.pixels).where(_embedding.c.space_id == space_id, _embedding.c.photo_id == photo_id)
        return self._connection.execute(kept).scalar()

    def exists(self, space_id: int, photo_id: int) -> bool:
        """Whether the photo has an embedding in the space."""
        found = select(_embedding.c.id).where(_embedding.c.space_id == space_id, _embedding.c.photo_id == photo_id)
        return self._connection.execute(found).first() is not None

    def count(self, space_id: int) -> int:
        """How many photos that have a file have an embedding in the space."""
        if (fresh := self._fresh(space_id)) is not None:
            return len(fresh.photo_ids())
        return self.count_stored(space_id)

    def count_stored(self, space_id: int) -> int:
        """As `count`, from the catalog alone, whatever is mapped."""
        return self._connection.execute(
            select(func.count()).select_from(_embedding).where(_embedding.c.space_id == space_id, _has_file())
        ).scalar_one()

    def get(self, space_id: int, photo_ids: Sequence[int]) -> Vectors:
        """The embeddings of these photos, in the order asked; those that are absent or damaged are left out."""
        if len(photo_ids) >= _MANY and (fresh := self._fresh(space_id)) is not None:
            return self._from_both(space_id, np.array(photo_ids, np.int64), fresh)
        return self.get_stored(space_id, photo_ids)

    def get_stored(self, space_id: int, photo_ids: Sequence[int]) -> Vectors:
        """As `get`, from the catalog alone, whatever is mapped."""
        found: dict[int, bytes] = {}
        for some in chunks(photo_ids):
            rows = self._rows(_raw(space_id).where(among(_embedding.c.photo_id, some)))
            found.update(rows)
        wanted = [photo_id for photo_id in photo_ids if photo_id in found]
        return _vectors(wanted, [found[photo_id] for photo_id in wanted], self._dimension(space_id))

    def scan(self, space_id: int, rows: int = 4096) -> Iterator[Vectors]:
        """The embeddings of all photos that have a file, by ascending photo, at most *rows* at a time."""
        fresh = self._fresh(space_id)
        if fresh is None:
            yield from self.scan_stored(space_id, rows)
            return
        photo_ids = fresh.photo_ids()
        for start in range(0, len(photo_ids), rows):
            yield self._from_both(space_id, photo_ids[start : start + rows], fresh)

    def ids(self, space_id: int) -> NDArray[np.int64]:
        """The photos that have a file and an embedding in the space, int64 (n,), ascending."""
        fresh = self._fresh(space_id)
        if fresh is not None:
            return fresh.photo_ids()
        query = select(_embedding.c.photo_id).where(_embedding.c.space_id == space_id, _has_file())
        return np.array(list(self._connection.execute(query.order_by(_embedding.c.photo_id)).scalars()), np.int64)

    def stored_ids(self, space_id: int) -> NDArray[np.int64]:
        """The photos that have an embedding in the space, also those without a file, int64 (n,), ascending."""
        fresh = self._fresh(space_id)
        if fresh is not None and len(fresh.ids) == self._count(space_id):
            return fresh.ids
        return self._all_ids(space_id)

    def roughly(self, space_id: int, queries: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The cosines of all photos, also of those without a file, with *queries*, float32 (m, d), to some 1e-5.

        The photos, int64 (n,), ascending, and float32 (n, m). Damaged embeddings are left out.
        """
        fresh, count = self._fresh(space_id), self._count(space_id)
        ids = np.empty(0, np.int64) if fresh is None else fresh.ids
        found = np.empty((0, len(queries)), np.float32) if fresh is None else fresh.roughly(queries)
        if len(ids) == count:
            return ids, found
        others = fresh.put if fresh is not None else ids
        if len(ids) + len(others) != count:
            all_ids = self._all_ids(space_id)
            others = all_ids[~np.isin(all_ids, ids)]
        parts = [(ids, found)]
        for start in range(0, len(others), _PART):
            vectors = self.get_stored(space_id, others[start : start + _PART].tolist())
            parts.append((vectors.ids, vectors.matrix @ queries.T))
        ids, found = np.concatenate([ids for ids, _ in parts]), np.concatenate([each for _, each in parts])
        order = np.argsort(ids)
        return ids[order], found[order]

    def sample(self, space_id: int, query: NDArray[np.float32], most: int) -> tuple[int, NDArray[np.float32]]:
        """How many photos have a file and an embedding, and the cosines of about *most* with *query*, float32 (d,).

        They are at even distances, and come in any order. Of a large library they are those that the index was made
        with: what changed since is little beside them.
        """
        fresh = self._fresh(space_id)
        if fresh is not None and len(fresh.rows) >= most:
            return len(fresh.ids) + len(fresh.put), fresh.rows.sample(query, most)
        there = self.ids(space_id)
        return len(there), self.get(space_id, there[:: max(1, -(-len(there) // most))].tolist()).matrix @ query

    def scan_stored(self, space_id: int, rows: int = 4096) -> Iterator[Vectors]:
        """As `scan`, from the catalog alone, whatever is mapped."""
        dimension = self._dimension(space_id)
        last = 0
        while True:
            page = _raw(space_id).where(_embedding.c.photo_id > last, _has_file())
            read = list(self._connection.execute(page.order_by(_embedding.c.photo_id).limit(rows)))
            if not read:
                return
            last = read[-1].photo_id
            good = [row for row in read if zlib.crc32(row.raw) == row.checksum]
            if good:
                yield _vectors([row.photo_id for row in good], [row.raw for row in good], dimension)

    def damaged(self, space_id: int) -> list[int]:
        """The photos whose embeddings have a wrong checksum. Reads every row of the space."""
        return [
            row.photo_id
            for part in self._connection.execute(_raw(space_id)).partitions(_PART)
            for row in part
            if zlib.crc32(row.raw) != row.checksum
        ]

    def drop_damaged(self, space_id: int) -> list[int]:
        """Delete the rows whose checksum is wrong, and say whose they were: those photos must be embedded again."""
        damaged = self.damaged(space_id)
        for some in chunks(damaged):
            self._connection.execute(
                delete(_embedding).where(_embedding.c.space_id == space_id, _embedding.c.photo_id.in_(some))
            )
        note_dropped(self._connection, space_id, damaged)
        return damaged

    def _count(self, space_id: int) -> int:
        held = select(func.count()).select_from(_embedding).where(_embedding.c.space_id == space_id)
        return self._connection.execute(held).scalar_one()

    def _all_ids(self, space_id: int) -> NDArray[np.int64]:
        held = select(_embedding.c.photo_id).where(_embedding.c.space_id == space_id)
        return np.array(self._connection.execute(held.order_by(_embedding.c.photo_id)).scalars().all(), np.int64)

    def _fresh(self, space_id: int) -> FreshRows | None:
        return None if self._mapped is None else self._mapped.of(self._connection, space_id)

    def _from_both(self, space_id: int, photo_ids: NDArray[np.int64], fresh: FreshRows) -> Vectors:
        held = fresh.held(photo_ids)
        if held.all():
            return fresh.vectors(photo_ids)
        others = self.get_stored(space_id, photo_ids[~held].tolist())
        matrix = np.empty((len(photo_ids), self._dimension(space_id)), np.float32)
        matrix[held] = fresh.vectors(photo_ids[held]).matrix
        there = held | np.isin(photo_ids, others.ids)
        matrix[there & ~held] = others.matrix
        return Vectors(photo_ids[there], matrix[there])

    def _rows(self, query: Select[tuple[int, bytes, int]]) -> list[tuple[int, bytes]]:
        return [
            (row.photo_id, row.raw) for row in self._connection.execute(query) if zlib.crc32(row.raw) == row.checksum
        ]

    def _dimension(self, space_id: int) -> int:
        return int(self._connection.execute(_DIMENSION, {"space": space_id}).scalar_one())

    def _check(self, space_id: int, vector: NDArray[np.float32]) -> None:
        dimension = self._dimension(space_id)
        if vector.shape != (dimension,):
            raise BadVector(f"its shape is {vector.shape}, not ({dimension},)")
        if not np.isfinite(vector).all():
            raise BadVector("it holds numbers that are not finite")
        length = float(np.linalg.norm(vector))
        if abs(length - 1) > _LENGTH_TOLERANCE:
            raise BadVector(f"its length is {length:.3f}, not 1")


def _raw(space_id: int) -> Select[tuple[int, bytes, int]]:
    # The bytes themselves: a checksum is of what lies on disk, and many rows are decoded at once.
    raw = type_coerce(_embedding.c.vector, LargeBinary).label("raw")
    return select(_embedding.c.photo_id, raw, _embedding.c.checksum).where(_embedding.c.space_id == space_id)


def _has_file() -> ColumnElement[bool]:
    return exists().where(_file.c.photo_id == _embedding.c.photo_id)


def _vectors(photo_ids: Sequence[int], rows: Sequence[bytes], dimension: int) -> Vectors:
    matrix = np.frombuffer(b"".join(rows), "<f2").reshape(len(rows), dimension)
    return Vectors(np.array(photo_ids, np.int64), matrix.astype(np.float32))
