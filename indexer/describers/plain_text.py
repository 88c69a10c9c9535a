"""Plain text out of a model's words: no control characters, single spaces, bounded lengths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from store.errors import is_shown

from .protocols import Description

#: Most characters of a caption, of a label, and of a read text; and most labels.
CAPTION_LENGTH: Final = 2_000
LABEL_LENGTH: Final = 100
TEXT_LENGTH: Final = 10_000
LABELS: Final = 64


def plain(text: str, length: int) -> str:
    """*text* without control characters, with single spaces, cut to *length* characters. HTML stays as it is."""
    # A control character may stand between words, so each becomes a space first; half a surrogate pair is one, too.
    shown = "".join(mark if is_shown(mark) else " " for mark in text[: 4 * length])
    return " ".join(shown.split())[:length].rstrip()


def plain_description(caption: str | None = None, labels: Iterable[str] = (), text: str | None = None) -> Description:
    """A description of those words as plain text. Labels that differ in letter case alone are one."""
    kept: dict[str, str] = {}
    for each in labels:
        label = plain(each, LABEL_LENGTH)
        if label and len(kept) < LABELS:
            kept.setdefault(label.casefold(), label)
    return Description(
        caption=plain(caption or "", CAPTION_LENGTH) or None,
        labels=tuple(kept.values()),
        text=plain(text or "", TEXT_LENGTH) or None,
    )
