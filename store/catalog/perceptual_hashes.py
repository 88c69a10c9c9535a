"""What photos look like, kept so that no picture need be decoded twice for it.

A photo is its content, so a look never goes stale; but the method that made it may be replaced by another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from store.sql import schema
from store.sql.chunks import among, chunks
from store.sql.dialect import execute_plainly, replacing

_look = schema.perceptual_hash
_PUT = replacing(_look, ["photo_id"], ["method", "bits", "colours"])


@dataclass(frozen=True, slots=True, eq=False)
class PerceptualHash:
    """`photo_ids` int64 (n,), ascending; `bits` uint8 (n, 8), eight in each; `colours` uint8 (n, 8, 8, 3), RGB."""

    photo_ids: NDArray[np.int64]
    bits: NDArray[np.uint8]
    colours: NDArray[np.uint8]

    def __len__(self) -> int:
        """How many photos."""
        return len(self.photo_ids)


class PerceptualHashes:
    """The looks of photos, each as one method made it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, method: int, photo_ids: Sequence[int]) -> PerceptualHash:
        """Those of *photo_ids* of which *method* has made a look."""
        ids: list[int] = []
        bits, colours = bytearray(), bytearray()
        for some in chunks(sorted(photo_ids)):
            asked = set(some)
            kept = select(_look.c.photo_id, _look.c.bits, _look.c.colours)
            kept = kept.where(among(_look.c.photo_id, some), _look.c.method == method)
            for row in self._connection.execute(kept.order_by(_look.c.photo_id)):
                if row.photo_id in asked:
                    ids.append(row.photo_id)
                    bits += row.bits
                    colours += row.colours
        return PerceptualHash(
            np.array(ids, np.int64),
            np.frombuffer(bytes(bits), np.uint8).reshape(-1, 8),
            np.frombuffer(bytes(colours), np.uint8).reshape(-1, 8, 8, 3),
        )

    def put(self, method: int, looks: PerceptualHash) -> None:
        """Keep what *method* made, in place of what was kept of these photos. Photos that are no more are left out."""
        there = set(self._there(looks.photo_ids.tolist()))
        rows = [
            (photo_id, method, bits.tobytes(), colours.tobytes())
            for photo_id, bits, colours in zip(looks.photo_ids.tolist(), looks.bits, looks.colours, strict=True)
            if photo_id in there
        ]
        if rows:
            execute_plainly(self._connection, _PUT, rows)

    def _there(self, photo_ids: Sequence[int]) -> list[int]:
        photo = schema.photo.c.id
        found: list[int] = []
        for some in chunks(photo_ids):
            found += self._connection.execute(select(photo).where(among(photo, some))).scalars()
        return found
