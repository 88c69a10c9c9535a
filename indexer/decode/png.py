"""PNG files of which only what is not the picture is broken.

Format: PNG (Third Edition), W3C, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: The picture itself, and what the camera said of it. The rest is texts, profiles, and further frames.
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf"})
_END = b"\0\0\0\0IEND\xaeB`\x82"


def without_extras(data: bytes) -> bytes:
    """The PNG file *data* with nothing but its picture, and ended properly.

    Nothing is mended: if the picture itself is broken or cut off, it is so in what is returned.
    """
    return b"".join((_SIGNATURE, *_kept_chunks(data), _END))


def _kept_chunks(data: bytes) -> Iterator[bytes]:
    at = len(_SIGNATURE)
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return
        if data[at + 4 : at + 8] in _KEPT:
            yield data[at:end]
        at = end
