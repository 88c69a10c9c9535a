"""Whether an ISO media file (HEIC, AVIF) is whole.

Decoders fill what is missing of a half-copied file with grey and say nothing, so its boxes are counted first.
Format: ISO/IEC 14496-12, section 4.2.
"""

from __future__ import annotations

from .errors import Damaged


def check_whole(data: bytes) -> None:
    """Raise `Damaged` unless the top-level boxes of *data* end exactly where it does."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        header = 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size == 0:
            return
        if size < header:
            raise Damaged("its structure is broken")
        at += size
    if at > len(data):
        raise Damaged(f"it is incomplete: {at - len(data)} of {at} bytes are missing")
