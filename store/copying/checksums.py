"""Checksums of the rows of a table, whatever their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from marshal import dumps
from typing import Final

from store.sql.plain_values import Row

_BYTES: Final = 16
_MODULUS: Final = 1 << (8 * _BYTES)
#: A version of `marshal` that writes equal rows as equal bytes. Later ones write references to objects.
_VERSION: Final = 2


@dataclass(slots=True)
class RowSum:
    """The number of rows, and the sum of their digests. The order is no part of it: a text may change in a copy."""

    rows: int = 0
    digests: int = 0

    def following(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield *rows*, and add each."""
        for row in rows:
            self.add(row)
            yield row

    def add(self, row: Row) -> None:
        """Add a row."""
        digest = blake2b(dumps(row, _VERSION), digest_size=_BYTES).digest()
        self.digests = (self.digests + int.from_bytes(digest, "big")) % _MODULUS
        self.rows += 1
