"""Texts as they stand in pictures' tags."""

from __future__ import annotations


def text_of(value: object) -> str | None:
    """*value*, text or bytes, on one line and without what cannot be shown; None where nothing is left of it."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    shown = "".join(mark if mark.isprintable() else " " for mark in value.partition("\0")[0])
    return " ".join(shown.split()) or None
