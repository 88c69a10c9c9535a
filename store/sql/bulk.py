"""Rows in bulk on PostgreSQL, on the connection of the caller's transaction, in the binary formats of its types.

They are written by COPY, and read as arrays.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import ColumnElement, Connection, Dialect, Select, Table, any_, literal
from sqlalchemy.types import NullType

from .postgres import driver_of

#: The format's signature, no flags, and no extension of the header.
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = struct.pack(">h", -1)
_NULL: Final = struct.pack(">i", -1)
#: Bytes of rows that are sent at once.
_PART = 1 << 20
#: The number of columns, and the length and the value of a number of 64 bits.
_ROW, _NUMBER = struct.Struct(">h"), struct.Struct(">iq")
#: The bytes before the first element of an array, and the type of its elements.
_ARRAY: Final = 20
_BIGINT: Final = 20
#: The bytes of a `halfvec` before its elements: their number, and two that are unused.
_HALFVEC: Final = struct.Struct(">Hxx")


class Numbers:
    """An array of bigint, int64 (n,), to be sent in the binary format."""

    def __init__(self, values: NDArray[np.int64]) -> None:
        self._values = values

    @staticmethod
    def known_to(cursor: Cursor[Any]) -> None:
        """Let the statements of *cursor* take arrays."""
        cursor.adapters.register_dumper(Numbers, _NumbersDumper)

    def packed(self) -> bytes:
        """Return the array in the binary format."""
        elements = np.empty(len(self._values), [("length", ">i4"), ("value", ">i8")])
        elements["length"], elements["value"] = 8, self._values
        return struct.pack(">5i", 1, 0, _BIGINT, len(elements), 1) + elements.tobytes()


class _NumbersDumper(Dumper):
    format = Format.BINARY
    #: An array of bigint.
    oid = 1016

    def dump(self, obj: Numbers) -> bytes:
        return obj.packed()


def encoded(rows: Sequence[tuple[object, ...]], halfvecs: set[int]) -> Iterator[bytes]:
    """Yield *rows* in the binary format; values in the places *halfvecs* are vectors as `pack` makes them."""
    data = bytearray(_HEADER)
    for row in rows:
        data += _ROW.pack(len(row))
        for place, value in enumerate(row):
            data += _field(value, is_halfvec=place in halfvecs)
        if len(data) > _PART:
            yield bytes(data)
            data.clear()
    data += _END
    yield bytes(data)


def _field(value: object, *, is_halfvec: bool) -> bytes:
    if value is None:
        return _NULL
    if isinstance(value, int):
        return _NUMBER.pack(8, value)
    assert isinstance(value, bytes)
    if is_halfvec:
        value = to_halfvec(value)
    return struct.pack(">i", len(value)) + value


def to_halfvec(vector: bytes) -> bytes:
    """Return a vector of little-endian floats in the binary format of `halfvec`."""
    return _HALFVEC.pack(len(vector) // 2) + _swapped(vector)


def from_halfvec(sent: bytes) -> bytes:
    """Return the little-endian floats of a `halfvec` in its binary format."""
    return _swapped(sent[_HALFVEC.size :])


def _swapped(elements: bytes) -> bytes:
    halves = array("H", elements)
    halves.byteswap()
    return halves.tobytes()


def replace_rows(
    connection: Connection,
    table: Table,
    key: tuple[str, ...],
    columns: tuple[str, ...],
    rows: Sequence[tuple[object, ...]],
    halfvecs: Collection[str],
) -> None:
    """Put *rows*, values of *key* and *columns*, into *table*, in place of rows with the same keys; see `put_rows`.

    Values of the columns *halfvecs* are little-endian floats for a `halfvec`.
    """
    if not rows:
        return
    names = (*key, *columns)
    places = {place for place, name in enumerate(names) if name in halfvecs}
    same, all_names = (_names(connection.dialect, some) for some in (key, names))
    keys = [Numbers(np.array([row[place] for row in rows], np.int64)) for place in range(len(key))]
    lists = ", ".join("%s" for _ in key)
    name = connection.dialect.identifier_preparer.format_table(table)
    alike = " AND ".join(f"{name}.{each} = kept.{each}" for each in same)
    with driver_of(connection).cursor() as cursor:
        Numbers.known_to(cursor)
        # There is no COPY that replaces rows, and a list of keys is quicker than a table of them.
        cursor.execute(
            f"DELETE FROM {name} USING unnest({lists}) AS kept({', '.join(same)})"  # noqa: S608 - names of our tables
            f" WHERE {alike}",
            keys,
        )
        with cursor.copy(f"COPY {name} ({', '.join(all_names)}) FROM STDIN (FORMAT BINARY)") as copy:
            for part in encoded(rows, places):
                copy.write(part)


def read_vectors(connection: Connection, query: Select[tuple[int, bytes, int]]) -> Iterator[tuple[int, bytes, int]]:
    """Yield the rows of *query*: a photo's id, its vector as little-endian floats, and its checksum."""
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    gathered = "array_agg(id), string_agg(halfvec_send(vector), ''::bytea), array_agg(checksum)"
    whole = f"SELECT {gathered} FROM ({compiled}) AS found (id, vector, checksum)"  # noqa: S608 - our own statement
    ids, vectors, checksums = one_row(connection, whole, compiled.params)
    return _converted(numbers(ids), vectors or b"", numbers(checksums))


def vectors_of(
    connection: Connection, query: Select[tuple[int, bytes, int]], key: ColumnElement[int], ids: Sequence[int]
) -> Iterator[tuple[int, bytes, int]]:
    """Yield the rows of *query*, as `read_vectors` does, whose *key* is one of *ids*."""
    listed = literal(Numbers(np.array(ids, np.int64)), type_=NullType())
    return read_vectors(connection, query.where(key == any_(listed)))


def one_row(
    connection: Connection, query: str, parameters: Mapping[str, object] | Sequence[object] = ()
) -> list[bytes | None]:
    """Return the values of the one row that *query* gives, each in the binary format of its type.

    The server sends a message for each row, and each takes longer to receive than many rows take to read. So many rows
    are asked for as one, of arrays.
    """
    with driver_of(connection).cursor(binary=True) as cursor:
        Numbers.known_to(cursor)
        cursor.execute(query.encode(), parameters, prepare=False)
        result = cursor.pgresult
        assert result is not None
        return [result.get_value(0, column) for column in range(result.nfields)]


def numbers(sent: bytes | None) -> NDArray[np.int64]:
    """Return an array of bigint in the binary format as int64 (n,); the aggregate of no rows is None."""
    return _elements(sent, ">i8").astype(np.int64)


def floats(sent: bytes | None) -> NDArray[np.float64]:
    """Return an array of double precision in the binary format as float64 (n,); the aggregate of no rows is None."""
    return _elements(sent, ">f8").astype(np.float64)


def _elements(sent: bytes | None, kind: str) -> NDArray[Any]:
    # After the number of dimensions, a flag, the type, and a length and a lower bound, each element has its length.
    return np.frombuffer(sent or bytes(_ARRAY), [("length", ">i4"), ("value", kind)], offset=_ARRAY)["value"]


def _converted(
    ids: NDArray[np.int64], vectors: bytes, checksums: NDArray[np.int64]
) -> Iterator[tuple[int, bytes, int]]:
    """Yield rows, of *vectors* one after the other. Those of one space are of one length, and converted at once."""
    if not len(ids):
        return
    (dimension,) = _HALFVEC.unpack_from(vectors)
    size = 2 * dimension
    if len(vectors) != len(ids) * (_HALFVEC.size + size):
        yield from _converted_singly(ids, vectors, checksums)
        return
    layout = [("header", f"V{_HALFVEC.size}"), ("elements", ">f2", (dimension,))]
    whole = np.frombuffer(vectors, layout)["elements"].astype("<f2").tobytes()
    for place, (photo_id, checksum) in enumerate(zip(ids.tolist(), checksums.tolist(), strict=True)):
        yield photo_id, whole[place * size : (place + 1) * size], checksum


def _converted_singly(
    ids: NDArray[np.int64], vectors: bytes, checksums: NDArray[np.int64]
) -> Iterator[tuple[int, bytes, int]]:
    at = 0
    for photo_id, checksum in zip(ids.tolist(), checksums.tolist(), strict=True):
        (dimension,) = _HALFVEC.unpack_from(vectors, at)
        end = at + _HALFVEC.size + 2 * dimension
        yield photo_id, from_halfvec(vectors[at:end]), checksum
        at = end


def _names(dialect: Dialect, names: Sequence[str]) -> list[str]:
    return [dialect.identifier_preparer.quote(name) for name in names]
