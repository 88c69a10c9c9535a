"""Rows in bulk on PostgreSQL: by COPY in its binary format, on the connection of the caller's transaction."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Dialect, Select, Table

from .postgres import driver_of

#: The format's signature, no flags, and no extension of the header.
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = struct.pack(">h", -1)
_NULL: Final = struct.pack(">i", -1)
#: Bytes of rows that are sent at once.
_PART = 1 << 20
#: The number of columns, and the length and the value of a number of 64 bits.
_ROW, _NUMBER = struct.Struct(">h"), struct.Struct(">iq")
#: The bytes of a `halfvec` before its elements: their number, and two that are unused.
_HALFVEC: Final = struct.Struct(">Hxx")


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
    keys = [[row[place] for row in rows] for place in range(len(key))]
    lists = ", ".join("%s::bigint[]" for _ in key)
    name = connection.dialect.identifier_preparer.format_table(table)
    alike = " AND ".join(f"{name}.{each} = kept.{each}" for each in same)
    with driver_of(connection).cursor() as cursor:
        # There is no COPY that replaces rows, and a list of keys is quicker than a table of them.
        cursor.execute(
            f"DELETE FROM {name} USING unnest({lists}) AS kept({', '.join(same)})"  # noqa: S608 - names of our tables
            f" WHERE {alike}",
            keys,
        )
        with cursor.copy(f"COPY {name} ({', '.join(all_names)}) FROM STDIN (FORMAT BINARY)") as copy:
            for part in _encoded(rows, places):
                copy.write(part)


def read_vectors(connection: Connection, query: Select[tuple[int, bytes, int]]) -> Iterator[tuple[int, bytes, int]]:
    """Yield the rows of *query*: a photo's id, its vector as little-endian floats, and its checksum."""
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    yield from _decoded(copied(connection, str(compiled), compiled.params))


def copied(connection: Connection, query: str, parameters: Mapping[str, object] | None = None) -> memoryview:
    """Run *query*, and return its rows in the binary format: without the header before them, and the end after."""
    data = bytearray()
    with (
        driver_of(connection).cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", parameters) as copy,
    ):
        for part in copy:
            data += part
    return memoryview(data)[len(_HEADER) : len(data) - len(_END)]


def _encoded(rows: Sequence[tuple[object, ...]], halfvecs: set[int]) -> Iterator[bytes]:
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
        value = _HALFVEC.pack(len(value) // 2) + np.frombuffer(value, "<f2").byteswap().tobytes()
    return struct.pack(">i", len(value)) + value


def _decoded(data: memoryview) -> Iterator[tuple[int, bytes, int]]:
    """Yield the rows in *data*: vectors of one space are of one length, so that all are converted at once."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at + 14 : at + 18], "big")
        layout = _layout(length // 2 - 2)
        rows = np.frombuffer(data, layout, (len(data) - at) // layout.itemsize, at)
        alike = int(np.argmin(rows["length"] == length)) if (rows["length"] != length).any() else len(rows)
        yield from _converted(rows[:alike])
        at += alike * layout.itemsize


def _converted(rows: NDArray[Any]) -> Iterator[tuple[int, bytes, int]]:
    size = rows["vector"].shape[1] * 2
    whole = rows["vector"].astype("<f2").tobytes()
    ids, checksums = rows["id"].tolist(), rows["checksum"].tolist()
    for place, (photo_id, checksum) in enumerate(zip(ids, checksums, strict=True)):
        yield photo_id, whole[place * size : (place + 1) * size], checksum


@lru_cache(maxsize=16)
def _layout(dimension: int) -> np.dtype[Any]:
    """The layout of a row: a number, a vector of that dimension, and a number, each after its length."""
    return np.dtype(
        [
            ("columns", ">i2"),
            ("id_length", ">i4"),
            ("id", ">i8"),
            ("length", ">i4"),
            ("header", ">i4"),
            ("vector", ">f2", (dimension,)),
            ("checksum_length", ">i4"),
            ("checksum", ">i8"),
        ]
    )


def _names(dialect: Dialect, names: Sequence[str]) -> list[str]:
    return [dialect.identifier_preparer.quote(name) for name in names]
