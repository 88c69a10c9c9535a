"""Errors in a part of a query, before the word is known that contains the part."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InvalidPart(Exception):
    """`problem` completes "TOKEN …"; `hint` suggests a correction."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint


def closest_match(word: str, known: Iterable[str]) -> str | None:
    """Return the word of *known* spelt most like *word*, or None if none is close."""
    found = difflib.get_close_matches(word, list(known), 1)
    return found[0] if found else None
