"""Spaces, the unit vectors of photos in them, and the change log of these vectors.

The log has, in order, which embeddings became findable, changed or were lost. The vector index follows it.
"""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    type_coerce,
    update,
)

from store.errors import BadVector, safe
from store.records import Space, SpaceIdentity, Vectors
from store.sql import schema
from store.sql.dialect import (
    chunks,
    is_postgres,
    pack,
    put_rows,
    unused_bytes,
    utc_now,
    vector_pages,
    vector_rows,
    vectors_of,
)

from .cache import START, CachedRows, EmbeddingCache, Position

#: Changes of an embedding in the log: it became findable or changed, or was lost.
PUT = "put"
DELETE = "delete"

_space, _embedding, _text, _file = schema.space, schema.embedding, schema.text_vector, schema.file
_log = schema.embedding_change
#: Tables of vectors, each in a space.
_OF_SPACE = (_embedding, _text, schema.label_vector, schema.caption_vector)
#: Rows that are fetched at once.
_PART = 1024
#: Bytes of an element of a vector.
_BYTES = 2
#: Photos from which the check of a cache pays for itself.
_MANY = 256
#: Queries up to which a server compares them with all rows itself, rather than sends the rows.
_FEW_QUERIES = 8
#: How far a vector's length may be from one: bfloat16 leaves this much of a division.
_LENGTH_TOLERANCE = 1e-2
# Built once: making a statement costs more than running it.
_SPACE = select(_space).where(_space.c.id == bindparam("id"))
_HELD = select(_file.c.photo_id).where(_file.c.photo_id.in_(bindparam("photos", expanding=True))).distinct()
#: With the few spaces named, the index on (space, photo) answers instead of a scan of all embeddings.
_EMBEDDED = select(_embedding.c.space_id, _embedding.c.photo_id).where(
    _embedding.c.space_id.in_(select(schema.space.c.id)),
    _embedding.c.photo_id.in_(bindparam("photos", expanding=True)),
)
_SET_GONE = (
    update(schema.photo)
    .where(schema.photo.c.id.in_(bindparam("photos", expanding=True)))
    .values(gone_at=bindparam("moment"))
)
#: A photo with an embedding in the space.
_LOST = select(_embedding.c.photo_id).where(_embedding.c.space_id == bindparam("space")).limit(1)
_APPEND = insert(_log)
_KEY = ("space_id", "photo_id")
_VALUES = ("vector", "checksum", "pixels")


class Spaces:
    """The spaces that vectors were ever made in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, identity: SpaceIdentity, reference: str | None = None) -> Space:
        """Return the space of that weights' hash, preprocessing and precision; made if it is new.

        *reference* is its checkpoint as the user names it now; None keeps the one before.
        """
        same = select(_space).where(
            _space.c.weights_hash == identity.weights_hash,
            _space.c.preprocessing == identity.preprocessing,
            _space.c.precision == identity.precision,
        )
        row = self._connection.execute(same).one_or_none()
        named = None if reference is None else os.fsencode(reference)
        if row is not None:
            if named is None:
                return _space_of(row)
            self._connection.execute(update(_space).where(_space.c.id == row.id).values(reference=named))
            return replace(_space_of(row), reference=reference)
        values = {name: getattr(identity, name) for name in SpaceIdentity.__slots__}
        # The model may be a folder, whose name need not be text; this copy of it is only shown to people.
        values["model"] = safe(os.fsencode(identity.model))
        values["reference"] = named
        key = self._connection.execute(insert(_space).values(**values)).inserted_primary_key
        assert key is not None
        return Space(int(key[0]), identity, reference)

    def get(self, space_id: int) -> Space:
        """Return the space with that id, which must exist."""
        return _space_of(self._connection.execute(_SPACE, {"id": space_id}).one())

    def all(self) -> list[Space]:
        """Return every space, oldest first."""
        return [_space_of(row) for row in self._connection.execute(select(_space).order_by(_space.c.id))]

    def find(self, space_id: int) -> Space | None:
        """Return the space with that id, if there is one."""
        row = self._connection.execute(_SPACE, {"id": space_id}).one_or_none()
        return None if row is None else _space_of(row)

    def note_encoded(self, space_id: int, pictures: int, seconds: float) -> None:
        """Add to the pictures that were encoded in the space, and to the seconds that this took."""
        more = {"encoded": _space.c.encoded + pictures, "encode_seconds": _space.c.encode_seconds + seconds}
        self._connection.execute(update(_space).where(_space.c.id == space_id).values(more))

    def seconds_a_picture(self, space_id: int) -> float | None:
        """Return the seconds that encoding a picture took on average; None if that was not measured."""
        counts = select(_space.c.encoded, _space.c.encode_seconds).where(_space.c.id == space_id)
        pictures, seconds = self._connection.execute(counts).one()
        return seconds / pictures if pictures else None

    def bytes_a_photo(self, space_id: int) -> int:
        """Return the bytes of a photo's vector and of its scores in all slots, without what the database adds."""
        has_any = self._connection.execute(_LOST, {"space": space_id}).first() is not None
        size = _BYTES * self.get(space_id).identity.dimension if has_any else 0
        scored, scoring = schema.photo_scores.c, schema.scoring.c
        scorings = select(scoring.id).where(scoring.space_id == space_id, scoring.complete)
        for scoring_id in self._connection.execute(scorings).scalars().all():
            length = func.length(scored.label_ids) + func.length(scored.cosines)
            size += (
                self._connection.execute(select(length).where(scored.scoring_id == scoring_id).limit(1)).scalar() or 0
            )
        return int(size)

    def empty(self, space_id: int, most: int) -> bool:
        """Delete at most *most* of the space's rows in each table. Returns whether any was left.

        The change log goes first, and then begins anew with each part: no index that was made before is of it, so that
        embeddings are missed that it still has.
        """
        log, newest = _log.c.space_id == space_id, latest_change(self._connection, space_id).seq
        # Oldest first: an index must not lack one that came between its own end and the end of the log.
        if self._delete_some(_log, log & (_log.c.seq < newest), most, [_log.c.seq]) == most:
            return True
        lost = self._connection.execute(_LOST, {"space": space_id}).scalar()
        scorings = select(schema.scoring.c.id).where(schema.scoring.c.space_id == space_id)
        calibrations = select(schema.calibration.c.id).where(schema.calibration.c.space_id == space_id)
        deleted = [
            self._delete_some(table, mine, most)
            for table, mine in (
                *((each, each.c.space_id == space_id) for each in _OF_SPACE),
                *((each, each.c.scoring_id.in_(scorings)) for each in (schema.photo_scores, schema.least_rank)),
                (schema.label_calibration, schema.label_calibration.c.calibration_id.in_(calibrations)),
            )
        ]
        if lost is not None:
            self._connection.execute(delete(_log).where(log))
            note_dropped(self._connection, space_id, [lost])
        return most in deleted

    def _delete_some(
        self, table: Table, mine: ColumnElement[bool], most: int, order: Sequence[ColumnElement[object]] = ()
    ) -> int:
        """Delete at most *most* rows of *table* that are *mine*, the first by *order*. Returns how many there were."""
        key = list(table.primary_key.columns)
        some = select(*key).where(mine).order_by(*order).limit(most)
        return self._connection.execute(delete(table).where(mine, tuple_(*key).in_(some))).rowcount

    def delete(self, space_id: int) -> None:
        """Delete a space that `empty` has emptied, and that the library neither uses nor tries."""
        for table in (_log, schema.scoring, schema.calibration, schema.tuned_threshold, schema.slot_state):
            self._connection.execute(delete(table).where(table.c.space_id == space_id))
        self._connection.execute(delete(_space).where(_space.c.id == space_id))

    def unused_bytes(self) -> int:
        """Return the bytes of the catalog that hold nothing, and are used before it grows; 0 on PostgreSQL."""
        return unused_bytes(self._connection)


class Embeddings:
    """The vectors of photos. Rows are fp16; a row whose checksum is wrong is never returned.

    Many rows at once are read from *cache*, if there is one, as far as the change log says that they are the catalog's.
    """

    def __init__(self, connection: Connection, cache: EmbeddingCache | None = None) -> None:
        self._connection = connection
        self._cache = cache
        # The rows of spaces never change.
        self._spaces: dict[int, Space] = {}

    @property
    def uncached(self) -> Embeddings:
        """These embeddings without the cache: read from the catalog alone."""
        return Embeddings(self._connection)

    def put(self, space_id: int, photo_id: int, vector: NDArray[np.float32], pixels: bytes | None = None) -> None:
        """Store *vector*, float32 (d,), of length one. Raises `BadVector` for any other.

        *pixels*, 16 bytes, is the digest of the pixels that the image encoder was given.
        """
        self._check(space_id, vector)
        packed = pack(vector, "float16")
        row = (space_id, photo_id, packed, zlib.crc32(packed), pixels)
        put_rows(self._connection, _embedding, _KEY, _VALUES, [row])
        note_put(self._connection, space_id, [photo_id])

    def put_all(self, space_id: int, vectors: Vectors, pixels: Sequence[bytes | None] | None = None) -> None:
        """Store *vectors* of photos, each once, as `put` does, at a fraction of its time for each.

        *pixels* are digests, one for each photo. Raises `BadVector` if any is none of the space; nothing is stored
        then.
        """
        self._check_all(space_id, vectors.matrix)
        photo_ids = vectors.ids.tolist()
        packed = [row.tobytes() for row in vectors.matrix.astype("<f2")]
        digests = [None] * len(photo_ids) if pixels is None else pixels
        rows = [
            (space_id, photo_id, each, zlib.crc32(each), digest)
            for photo_id, each, digest in zip(photo_ids, packed, digests, strict=True)
        ]
        put_rows(self._connection, _embedding, _KEY, _VALUES, rows)
        note_put(self._connection, space_id, photo_ids)

    def of_pixels(self, space_id: int, pixels: bytes) -> NDArray[np.float32] | None:
        """Return the vector, float32 (d,), of any photo with these pixels; None if there is none."""
        rows = self._undamaged(_raw(space_id).where(_embedding.c.pixels == pixels).limit(1))
        return _vectors([0], [rows[0][1]], self._dimension(space_id)).matrix[0] if rows else None

    def pixels(self, space_id: int, photo_id: int) -> bytes | None:
        """Return the digest of the pixels that the photo's embedding was made of, if it is known."""
        kept = select(_embedding.c.pixels).where(_embedding.c.space_id == space_id, _embedding.c.photo_id == photo_id)
        return self._connection.execute(kept).scalar()

    def exists(self, space_id: int, photo_id: int) -> bool:
        """Return whether the photo has an embedding in the space."""
        found = select(_embedding.c.id).where(_embedding.c.space_id == space_id, _embedding.c.photo_id == photo_id)
        return self._connection.execute(found).first() is not None

    def count(self, space_id: int) -> int:
        """Count the photos that have a file and an embedding in the space."""
        if (fresh := self._fresh(space_id)) is not None:
            return len(fresh.photo_ids())
        return self._connection.execute(
            select(func.count()).select_from(_embedding).where(_embedding.c.space_id == space_id, _has_file())
        ).scalar_one()

    def ids(self, space_id: int) -> NDArray[np.int64]:
        """Return the photos that have a file and an embedding in the space, int64 (n,), ascending."""
        if (fresh := self._fresh(space_id)) is not None:
            return fresh.photo_ids()
        query = select(_embedding.c.photo_id).where(_embedding.c.space_id == space_id, _has_file())
        return np.array(list(self._connection.execute(query.order_by(_embedding.c.photo_id)).scalars()), np.int64)

    def get(self, space_id: int, photo_ids: Sequence[int]) -> Vectors:
        """Return the embeddings of these photos, in the order given; absent and damaged ones are left out."""
        if len(photo_ids) >= _MANY and (fresh := self._fresh(space_id)) is not None:
            return self._read_with(fresh, space_id, np.array(photo_ids, np.int64))
        return self._read(space_id, photo_ids)

    def position(self, space_id: int) -> Position:
        """Return the last entry of the change log of the space: where it is the same, so are all embeddings."""
        return latest_change(self._connection, space_id)

    def holds(self, space_id: int, position: Position) -> bool:
        """Return whether *position* is in this catalog's log. If not, it is of another catalog, or of a later state."""
        return log_holds(self._connection, space_id, position)

    def scan(self, space_id: int, rows: int = 4096) -> Iterator[Vectors]:
        """Yield the embeddings of all photos that have a file, by ascending photo, at most *rows* at a time."""
        fresh = self._fresh(space_id)
        if fresh is None:
            yield from self._pages(space_id, rows)
            return
        photo_ids = fresh.photo_ids()
        for start in range(0, len(photo_ids), rows):
            yield self._read_with(fresh, space_id, photo_ids[start : start + rows])

    def stored_ids(self, space_id: int) -> NDArray[np.int64]:
        """Return the photos with an embedding in the space, also those without a file, int64 (n,), ascending."""
        fresh = self._fresh(space_id)
        if fresh is not None and len(fresh.ids) == self._count_with_and_without_file(space_id):
            return fresh.ids
        return self._ids_with_and_without_file(space_id)

    def approximate_cosines(
        self, space_id: int, queries: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Compare all photos, also those without a file, with *queries*, float32 (m, d), to some 1e-5.

        Returns the photos, int64 (n,), ascending, and their cosines, float32 (n, m). Damaged embeddings are left out,
        but not by a server that compares a few queries itself.
        """
        fresh = self._fresh(space_id)
        if fresh is None and is_postgres(self._connection.dialect) and 0 < len(queries) <= _FEW_QUERIES:
            from .server_cosines import cosines_of_all  # noqa: PLC0415 - SQLite does not need it

            return cosines_of_all(self._connection, space_id, queries)
        count = self._count_with_and_without_file(space_id)
        ids = np.empty(0, np.int64) if fresh is None else fresh.ids
        cosines = np.empty((0, len(queries)), np.float32) if fresh is None else fresh.approximate_cosines(queries)
        if len(ids) == count:
            return ids, cosines
        others = fresh.changed if fresh is not None else ids
        if len(ids) + len(others) != count:
            all_ids = self._ids_with_and_without_file(space_id)
            others = all_ids[~np.isin(all_ids, ids)]
        parts = [(ids, cosines)]
        for start in range(0, len(others), _PART):
            vectors = self._read(space_id, others[start : start + _PART].tolist())
            parts.append((vectors.ids, vectors.matrix @ queries.T))
        ids, cosines = np.concatenate([ids for ids, _ in parts]), np.concatenate([each for _, each in parts])
        order = np.argsort(ids)
        return ids[order], cosines[order]

    def sample(self, space_id: int, query: NDArray[np.float32], most: int) -> tuple[int, NDArray[np.float32]]:
        """Return the number of photos with file and embedding, and the cosines of about *most* with *query*, (d,).

        The sample is evenly spaced, in any order. In a large library it is of the cached rows: later changes are few in
        comparison. On a server, the number is nearly right in a large one.
        """
        fresh = self._fresh(space_id)
        if fresh is not None and len(fresh.rows) >= most:
            return len(fresh.ids) + len(fresh.changed), fresh.rows.sample(query, most)
        if is_postgres(self._connection.dialect):
            from .server_cosines import large_sample  # noqa: PLC0415 - as above

            if (sample := large_sample(self._connection, space_id, query, most)) is not None:
                return sample
        ids = self.ids(space_id)
        return len(ids), self.cosines(space_id, query, ids[:: max(1, -(-len(ids) // most))].tolist())

    def cosines(self, space_id: int, query: NDArray[np.float32], photo_ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the cosines of *query*, float32 (d,), with the rows of *photo_ids* that there are, in any order.

        They are right to some 1e-5.
        """
        if is_postgres(self._connection.dialect) and self._fresh(space_id) is None:
            from .server_cosines import cosines_of  # noqa: PLC0415 - as above

            return cosines_of(self._connection, space_id, query, photo_ids)
        return self.get(space_id, photo_ids).matrix @ query

    def damaged(self, space_id: int) -> list[int]:
        """Return the photos whose embeddings have a wrong checksum. Reads every row of the space."""
        return [
            photo_id
            for page in vector_pages(self._connection, _raw(space_id), _embedding.c.photo_id, _PART)
            for photo_id, raw, checksum in page
            if zlib.crc32(raw) != checksum
        ]

    def drop_damaged(self, space_id: int) -> list[int]:
        """Delete the rows whose checksum is wrong. Returns their photos, which must be embedded again."""
        damaged = self.damaged(space_id)
        for some in chunks(damaged):
            self._connection.execute(
                delete(_embedding).where(_embedding.c.space_id == space_id, _embedding.c.photo_id.in_(some))
            )
        note_dropped(self._connection, space_id, damaged)
        return damaged

    def _fresh(self, space_id: int) -> _FreshRows | None:
        """The cached rows that are as the catalog has them in this transaction."""
        rows = None if self._cache is None else self._cache.rows(self._space(space_id))
        if rows is None or not log_holds(self._connection, space_id, rows.end):
            return None
        changes = changes_since(self._connection, space_id, rows.end.seq)
        put = [photo_id for photo_id, op in changes.items() if op == PUT]
        touched = np.fromiter(changes, np.int64, len(changes))
        ids = rows.photo_ids
        return _FreshRows(rows, ids[~np.isin(ids, touched)] if len(touched) else ids, np.array(sorted(put), np.int64))

    def _read_with(self, fresh: _FreshRows, space_id: int, photo_ids: NDArray[np.int64]) -> Vectors:
        """Read *photo_ids* from *fresh* rows, and the others from the catalog."""
        held = fresh.holds(photo_ids)
        if held.all():
            return Vectors(photo_ids, fresh.rows.vectors(photo_ids))
        others = self._read(space_id, photo_ids[~held].tolist())
        matrix = np.empty((len(photo_ids), self._dimension(space_id)), np.float32)
        matrix[held] = fresh.rows.vectors(photo_ids[held])
        there = held | np.isin(photo_ids, others.ids)
        matrix[there & ~held] = others.matrix
        return Vectors(photo_ids[there], matrix[there])

    def _read(self, space_id: int, photo_ids: Sequence[int]) -> Vectors:
        """Read *photo_ids* from the catalog."""
        found: dict[int, bytes] = {}
        for some in chunks(photo_ids):
            rows = vectors_of(self._connection, _raw(space_id), _embedding.c.photo_id, some)
            found.update((photo_id, raw) for photo_id, raw, checksum in rows if zlib.crc32(raw) == checksum)
        there = [photo_id for photo_id in photo_ids if photo_id in found]
        return _vectors(there, [found[photo_id] for photo_id in there], self._dimension(space_id))

    def _pages(self, space_id: int, rows: int) -> Iterator[Vectors]:
        """Read all photos that have a file from the catalog."""
        dimension = self._dimension(space_id)
        query = _raw(space_id).where(_has_file())
        for page in vector_pages(self._connection, query, _embedding.c.photo_id, rows):
            good = [(photo_id, raw) for photo_id, raw, checksum in page if zlib.crc32(raw) == checksum]
            if good:
                yield _vectors([photo_id for photo_id, _ in good], [raw for _, raw in good], dimension)

    def _undamaged(self, query: Select[tuple[int, bytes, int]]) -> list[tuple[int, bytes]]:
        rows = vector_rows(self._connection, query)
        return [(photo_id, raw) for photo_id, raw, checksum in rows if zlib.crc32(raw) == checksum]

    def _count_with_and_without_file(self, space_id: int) -> int:
        held = select(func.count()).select_from(_embedding).where(_embedding.c.space_id == space_id)
        return self._connection.execute(held).scalar_one()

    def _ids_with_and_without_file(self, space_id: int) -> NDArray[np.int64]:
        held = select(_embedding.c.photo_id).where(_embedding.c.space_id == space_id)
        return np.array(self._connection.execute(held.order_by(_embedding.c.photo_id)).scalars().all(), np.int64)

    def _space(self, space_id: int) -> Space:
        if space_id not in self._spaces:
            self._spaces[space_id] = Spaces(self._connection).get(space_id)
        return self._spaces[space_id]

    def _dimension(self, space_id: int) -> int:
        return self._space(space_id).identity.dimension

    def _check(self, space_id: int, vector: NDArray[np.float32]) -> None:
        self._check_all(space_id, vector[np.newaxis])

    def _check_all(self, space_id: int, matrix: NDArray[np.float32]) -> None:
        dimension = self._dimension(space_id)
        if not len(matrix):
            return
        if matrix.ndim != 2 or matrix.shape[1] != dimension:  # noqa: PLR2004 - rows of numbers
            raise BadVector(f"its shape is {matrix.shape[1:]}, not ({dimension},)")
        if not np.isfinite(matrix).all():
            raise BadVector("it holds numbers that are not finite")
        lengths = np.linalg.norm(matrix, axis=1)
        wrong = lengths[np.abs(lengths - 1) > _LENGTH_TOLERANCE]
        if len(wrong):
            raise BadVector(f"its length is {float(wrong[0]):.3f}, not 1")


def note_put(connection: Connection, space_id: int, photo_ids: Sequence[int]) -> None:
    """Note that these photos' embeddings are new or changed. Those without a file are noted when they get one."""
    if is_postgres(connection.dialect):
        from .server_log import note_with_file  # noqa: PLC0415 - SQLite does not need it

        note_with_file(connection, space_id, photo_ids, PUT)
        return
    for some in chunks(photo_ids):
        held = _held(connection, some)
        _note(connection, [(space_id, photo_id) for photo_id in some if photo_id in held], PUT)


def note_photo_back(connection: Connection, photo_id: int) -> None:
    """Note that the photo has just gained its first file."""
    connection.execute(_SET_GONE, {"photos": [photo_id], "moment": None})
    _note(connection, _embedded(connection, [photo_id]), PUT)


def note_files_lost(connection: Connection, photo_ids: Sequence[int]) -> None:
    """Note that files of these photos are gone: photos that have none left can no longer be found."""
    for some in chunks(photo_ids):
        gone = set(some) - _held(connection, some)
        connection.execute(_SET_GONE, {"photos": sorted(gone), "moment": utc_now()})
        _note(connection, _embedded(connection, sorted(gone)), DELETE)


def note_dropped(connection: Connection, space_id: int, photo_ids: Iterable[int]) -> None:
    """Note that these photos' embeddings in the space are deleted."""
    _note(connection, [(space_id, photo_id) for photo_id in photo_ids], DELETE)


def latest_change(connection: Connection, space_id: int) -> Position:
    """Return the last entry of the space; `START` if there is none."""
    newest = select(_log.c.seq, _log.c.token).where(_log.c.space_id == space_id).order_by(_log.c.seq.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return START if row is None else Position(row.seq, row.token)


def log_holds(connection: Connection, space_id: int, position: Position) -> bool:
    """Return whether *position* is in this log. If not, it is of another catalog, or of this one before a restore."""
    if position == START:
        return True
    same = select(_log.c.seq).where(
        _log.c.space_id == space_id, _log.c.seq == position.seq, _log.c.token == position.token
    )
    return connection.execute(same).first() is not None


def changes_since(connection: Connection, space_id: int, seq: int) -> dict[int, str]:
    """Return each photo that changed after entry *seq*, with its newest change (`PUT` or `DELETE`)."""
    rows = connection.execute(
        select(_log.c.photo_id, _log.c.op).where(_log.c.space_id == space_id, _log.c.seq > seq).order_by(_log.c.seq)
    )
    return {row.photo_id: row.op for row in rows}


@dataclass(frozen=True, slots=True)
class _FreshRows:
    """Cached rows, and how they differ from the catalog.

    `ids`, int64 (n,), ascending, are the photos whose rows equal the catalog's; `changed`, int64 (m,), ascending, those
    to be read from the catalog. Together they are all photos that have a file and an embedding.
    """

    rows: CachedRows
    ids: NDArray[np.int64]
    changed: NDArray[np.int64]

    def photo_ids(self) -> NDArray[np.int64]:
        """Return all photos that have a file and an embedding, int64, ascending."""
        return np.union1d(self.ids, self.changed) if len(self.changed) else self.ids

    def holds(self, photo_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of *photo_ids*, (n,), have a row that equals the catalog's, bool (n,)."""
        if not len(self.ids):
            return np.zeros(len(photo_ids), np.bool_)
        places = np.minimum(np.searchsorted(self.ids, photo_ids), len(self.ids) - 1)
        held: NDArray[np.bool_] = self.ids[places] == photo_ids
        return held

    def approximate_cosines(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines of `ids` with *queries*, float32 (m, d): float32 (n, m)."""
        held = slice(None) if len(self.ids) == len(self.rows) else np.isin(self.rows.photo_ids, self.ids)
        cosines = np.empty((len(self.ids), len(queries)), np.float32)
        for at, query in enumerate(queries):
            cosines[:, at] = self.rows.approximate_cosines(query)[held]
        return cosines


def _space_of(row: Row[tuple[object, ...]]) -> Space:
    identity = SpaceIdentity(**{name: getattr(row, name) for name in SpaceIdentity.__slots__})
    return Space(row.id, identity, None if row.reference is None else os.fsdecode(row.reference))


def _raw(space_id: int) -> Select[tuple[int, bytes, int]]:
    # The bytes on disk: checksums are of them, and many rows are decoded at once.
    raw = type_coerce(_embedding.c.vector, LargeBinary).label("raw")
    return select(_embedding.c.photo_id, raw, _embedding.c.checksum).where(_embedding.c.space_id == space_id)


def _has_file() -> ColumnElement[bool]:
    return exists().where(_file.c.photo_id == _embedding.c.photo_id)


def _vectors(photo_ids: Sequence[int], rows: Sequence[bytes], dimension: int) -> Vectors:
    matrix = np.frombuffer(b"".join(rows), "<f2").reshape(len(rows), dimension)
    return Vectors(np.array(photo_ids, np.int64), matrix.astype(np.float32))


def _held(connection: Connection, photo_ids: Sequence[int]) -> set[int]:
    return set(connection.execute(_HELD, {"photos": photo_ids}).scalars())


def _embedded(connection: Connection, photo_ids: Sequence[int]) -> list[tuple[int, int]]:
    return [(row.space_id, row.photo_id) for row in connection.execute(_EMBEDDED, {"photos": photo_ids})]


def _note(connection: Connection, pairs: Iterable[tuple[int, int]], op: str) -> None:
    rows = [
        {"space_id": space_id, "photo_id": photo_id, "op": op, "token": secrets.randbits(63)}
        for space_id, photo_id in pairs
    ]
    if rows:
        connection.execute(_APPEND, rows)
