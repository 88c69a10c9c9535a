"""Strips: whole results of searches as columns of bytes, one value for each photo, in the result's order.

A strip is one line of JSON and then bytes. The line is UTF-8 and padded with blanks to a multiple of 8 bytes, line feed
included. It says of each column its `name`, its `encoding`, and its `offset` and `length` in bytes, from the end of the
line. Every column begins at a multiple of 8. `docs/http.md` describes the columns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

MEDIA_TYPE: Final = "application/vnd.photos.strip"
#: The day of photos without a date: the one before 0001-01-01, which no date can be.
NO_DAY: Final = -719_163
#: Steps for a doubling of width by height, and the byte of a square.
_STEPS, _SQUARE = 32, 128
_ALIGNED = 8
#: Bits in a byte of a varint, and bytes that 64 bits take.
_BITS, _MOST = 7, 10


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its bytes and their encoding, and further fields of its entry in the first line."""

    name: str
    encoding: str
    content: bytes
    about: Mapping[str, object] = field(default_factory=dict)


def strip(count: int, columns: Sequence[Column], about: Mapping[str, object]) -> bytes:
    """Return a strip of *count* photos. *about* are further fields of its first line."""
    entries: list[dict[str, object]] = []
    parts: list[bytes] = []
    offset = 0
    for column in columns:
        place = {"name": column.name, "encoding": column.encoding, "offset": offset, "length": len(column.content)}
        entries.append({**place, **column.about})
        parts += [column.content, b"\0" * (-len(column.content) % _ALIGNED)]
        offset += len(column.content) + -len(column.content) % _ALIGNED
    head = json.dumps({"count": count, **about, "columns": entries}, ensure_ascii=False, allow_nan=False).encode()
    return b"".join([head, b" " * (-(len(head) + 1) % _ALIGNED), b"\n", *parts])


def order_of(ids: NDArray[np.int64]) -> str:
    """Return a string that identifies an order of photos, int64 (n,): strips with the same one fit together."""
    return hashlib.blake2b(np.ascontiguousarray(ids, "<i8").tobytes(), digest_size=8).hexdigest()


def id_column(ids: NDArray[np.int64]) -> Column:
    """Return the column of the photos' ids, int64 (n,)."""
    return Column("id", "delta-varint", delta_varints(ids))


def aspect_column(widths: NDArray[np.int64], heights: NDArray[np.int64]) -> Column:
    """Return the column of the pictures' shapes, from their widths and heights in pixels, int64 (n,)."""
    ratio = np.maximum(widths, 1) / np.maximum(heights, 1)
    steps = np.round(_STEPS * np.log2(ratio)) + _SQUARE
    return Column("aspect", "u8", np.clip(steps, 0, 255).astype(np.uint8).tobytes())


def day_column(days: NDArray[np.int64]) -> Column:
    """Return the column of the days, since 1970-01-01, int64 (n,); `NO_DAY` for photos without a date."""
    return Column("day", "delta-varint", delta_varints(days))


def float_column(name: str, values: NDArray[np.float64], about: Mapping[str, object] | None = None) -> Column:
    """Return a column of cosines, (n,), as little-endian float16; NaN for photos that have none."""
    return Column(name, "float16", values.astype("<f2").tobytes(), about or {})


def delta_varints(values: NDArray[np.int64]) -> bytes:
    """Return the differences of *values*, int64 (n,), each from the one before, as varints. The first is from 0.

    A difference d becomes 2d, or -2d - 1 if it is negative (zigzag); its bytes have seven bits each, the lowest first,
    and the highest bit set in all but the last (LEB128).
    """
    deltas = values.astype(np.int64)
    deltas[1:] -= values[:-1]
    left = ((deltas << 1) ^ (deltas >> 63)).view(np.uint64)
    lengths = np.ones(len(left), np.int64)
    for more in range(1, _MOST):
        lengths += left >= np.uint64(1 << (_BITS * more))
    out = np.zeros(int(lengths.sum()), np.uint8)
    starts = np.cumsum(lengths) - lengths
    for at in range(int(lengths.max(initial=0))):
        some = lengths > at
        part = (left[some] & np.uint64(127)).astype(np.uint8)
        out[starts[some] + at] = part | np.where(lengths[some] > at + 1, 128, 0).astype(np.uint8)
        left = left >> np.uint64(_BITS)
    return out.tobytes()
