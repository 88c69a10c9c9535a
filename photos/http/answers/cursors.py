"""Cursors of pages as clients have them: short texts that mean nothing to them."""

from __future__ import annotations

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from photos.operations.searching.pages import Cursor
from query.search import Place

from .problems import Problem

#: The kind of place, the bits of its cosine or of its value with captions, or its microseconds since 1970, the photo's
#: id, and the moment's two numbers.
_FORMAT = struct.Struct("<B8sQQQ")
#: Numbers that the database does not have.
_TOO_LARGE = 1 << 63
_SCORED, _DATED, _UNDATED, _FUSED = 0, 1, 2, 3
_EPOCH = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)


def encode_cursor(cursor: Cursor) -> str:
    """Return *cursor* as a text."""
    place = cursor.place
    if place.fused is not None:
        kind, value = _FUSED, struct.pack("<d", place.fused)
    elif place.cosine is not None:
        kind, value = _SCORED, struct.pack("<d", place.cosine)
    elif place.taken_at is not None:
        kind, value = _DATED, struct.pack("<q", (place.taken_at - _EPOCH) // _MICROSECOND)
    else:
        kind, value = _UNDATED, bytes(8)
    packed = _FORMAT.pack(kind, value, place.photo_id, cursor.seq, cursor.token)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def decode_cursor(text: str) -> Cursor:
    """Read a cursor. Raises `Problem` for anything else."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        kind, value, photo_id, seq, token = _FORMAT.unpack(packed)
        if photo_id == 0 or max(photo_id, seq, token) >= _TOO_LARGE:
            raise ValueError(photo_id)  # noqa: TRY301 - as for any other text
        place = _place(kind, value, photo_id)
    except (ValueError, struct.error, binascii.Error, OverflowError):
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", "This is no cursor.", {"field": "after"}) from None
    return Cursor(place, seq, token)


def _place(kind: int, value: bytes, photo_id: int) -> Place:
    if kind == _SCORED:
        return Place(photo_id, cosine=struct.unpack("<d", value)[0])
    if kind == _FUSED:
        return Place(photo_id, fused=struct.unpack("<d", value)[0])
    if kind == _DATED:
        return Place(photo_id, taken_at=_EPOCH + struct.unpack("<q", value)[0] * _MICROSECOND)
    if kind == _UNDATED:
        return Place(photo_id)
    raise ValueError(kind)
