"""A photo's scores as a row of the catalog: its labels as int32, and their cosines as float32, little-endian."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, false, func, or_

from store.records import PhotoScores
from store.sql import schema

_scores = schema.photo_scores.c
#: The columns that `kept_of` reads and `rows_of` writes.
COLUMNS = (_scores.photo_id, _scores.label_ids, _scores.cosines)
_BYTES = 4


def rows_of(kept: PhotoScores) -> Iterator[tuple[int, bytes, bytes]]:
    """A row for each photo."""
    label_ids, cosines = kept.label_ids.astype("<i4").tobytes(), kept.cosines.astype("<f4").tobytes()
    photo_ids, width = kept.photo_ids.tolist(), _BYTES * kept.label_ids.shape[1]
    starts = range(0, len(photo_ids) * width, width) if width else [0] * len(photo_ids)
    for photo_id, start in zip(photo_ids, starts, strict=True):
        yield photo_id, label_ids[start : start + width], cosines[start : start + width]


def kept_of(rows: Sequence[Any]) -> PhotoScores:
    """The scores in these rows, by photo."""
    photo_ids = np.array([row[0] for row in rows], np.int64)
    width = len(rows[0][2]) // _BYTES if rows else 0
    label_ids = np.frombuffer(b"".join([row[1] for row in rows]), "<i4").reshape(len(rows), width)
    cosines = np.frombuffer(b"".join([row[2] for row in rows]), "<f4").reshape(len(rows), width)
    order = np.argsort(photo_ids)
    return PhotoScores(photo_ids[order], label_ids.astype(np.int64)[order], cosines.astype(np.float32)[order])


def holds_any(label_ids: Collection[int]) -> ColumnElement[bool]:
    """True if one of *label_ids* is among a photo's, or its bytes happen to span two of them."""
    return or_(false(), *(func.instr(_scores.label_ids, struct.pack("<i", each)) > 0 for each in label_ids))
