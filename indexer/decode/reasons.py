"""Reasons for which a picture cannot be decoded, in words for people. Decoders speak of themselves."""

from __future__ import annotations

import re
from typing import Final

from .errors import Damaged, DecodeError, Incomplete, Unsupported

_UNDESCRIBED: Final = "it begins as {named} picture, but its description is broken"
#: Messages of decoders, with the errors and reasons that they stand for; the first that fits is taken.
_MESSAGES: Final[tuple[tuple[str, type[DecodeError], str], ...]] = (
    (r"bmp (pixel depth|header type|palette size|compression)", Damaged, _UNDESCRIBED),
    (
        r"truncated|not enough|end of (file|data|stream)|premature|unexpected eof",
        Incomplete,
        "it is incomplete: it ends before its picture does",
    ),
    (
        r"extend outside|invalid (dimensions|size|width|height)|image size",
        Damaged,
        "it states a size that its picture does not have",
    ),
    (r"palette", Damaged, "its palette of colours is broken"),
    (
        r"not implemented|unsupported|not supported|cannot handle|unknown compression",
        Unsupported,
        "it is {named} picture of a kind that is not read",
    ),
    (
        r"grid|item|property|tone mapped",
        Damaged,
        "it is {named} picture whose parts do not fit together",
    ),
    (
        r"ihdr|header|cannot identify|signature|bmff|could not create",
        Damaged,
        _UNDESCRIBED,
    ),
)
#: Formats whose every kind is read: what is unknown in such a file is broken.
_COMPLETE: Final = frozenset({"BMP", "GIF", "PNG"})
_PATTERNS: Final = tuple((re.compile(words, re.IGNORECASE), kind, reason) for words, kind, reason in _MESSAGES)


def error_of(error: Exception, picture_format: str) -> DecodeError:
    """The error with the reason for *error*, which a decoder of *picture_format* raised."""
    message = " ".join(str(error).split())
    named = f"{'an' if picture_format == 'AVIF' else 'a'} {picture_format}"
    for pattern, kind, reason in _PATTERNS:
        if pattern.search(message) and not (kind is Unsupported and picture_format in _COMPLETE):
            return kind(reason.format(named=named))
    return Damaged(f"it is {named} picture whose compressed data are broken")
