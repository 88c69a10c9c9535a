"""Perceptual hashes of photos, kept so that no picture is decoded twice for them.

A photo is its content, so its hash never goes stale; but another method may replace the one that made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from store.sql import schema
from store.sql.dialect import among, chunks, put_rows

_hash = schema.perceptual_hash


@dataclass(frozen=True, slots=True, eq=False)
class StoredHashes:
    """Hashes of photos, one a row.

    `photo_ids` int64 (n,), ascending; `bits` uint8 (n, 8), eight in each; `colours` uint8 (n, 8, 8, 3), RGB.
    """

    photo_ids: NDArray[np.int64]
    bits: NDArray[np.uint8]
    colours: NDArray[np.uint8]

    def __len__(self) -> int:
        """The number of photos."""
        return len(self.photo_ids)


class PerceptualHashes:
    """The perceptual hashes of photos, each by one method."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, method: int, photo_ids: Sequence[int]) -> StoredHashes:
        """Return the hashes by *method* of those of *photo_ids* that have one."""
        ids: list[int] = []
        bits, colours = bytearray(), bytearray()
        for some in chunks(sorted(photo_ids)):
            asked = set(some)
            kept = select(_hash.c.photo_id, _hash.c.bits, _hash.c.colours)
            kept = kept.where(among(_hash.c.photo_id, some), _hash.c.method == method)
            for row in self._connection.execute(kept.order_by(_hash.c.photo_id)):
                if row.photo_id in asked:
                    ids.append(row.photo_id)
                    bits += row.bits
                    colours += row.colours
        return StoredHashes(
            np.array(ids, np.int64),
            np.frombuffer(bytes(bits), np.uint8).reshape(-1, 8),
            np.frombuffer(bytes(colours), np.uint8).reshape(-1, 8, 8, 3),
        )

    def put(self, method: int, hashes: StoredHashes) -> None:
        """Store hashes by *method*, in place of earlier ones of these photos. Deleted photos are left out."""
        there = set(self._existing(hashes.photo_ids.tolist()))
        rows = [
            (photo_id, method, bits.tobytes(), colours.tobytes())
            for photo_id, bits, colours in zip(hashes.photo_ids.tolist(), hashes.bits, hashes.colours, strict=True)
            if photo_id in there
        ]
        put_rows(self._connection, _hash, ("photo_id",), ("method", "bits", "colours"), rows)

    def _existing(self, photo_ids: Sequence[int]) -> list[int]:
        photo = schema.photo.c.id
        found: list[int] = []
        for some in chunks(photo_ids):
            found += self._connection.execute(select(photo).where(among(photo, some))).scalars()
        return found
