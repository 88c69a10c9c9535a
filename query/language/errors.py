"""What is wrong with a part of a query, before it is known which word that part is of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Wrong(Exception):
    """`problem` completes "TOKEN …"; `hint` says what would be right."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of *known* that is spelt most like *word*, if any is near."""
    found = difflib.get_close_matches(word, list(known), 1)
    return found[0] if found else None
