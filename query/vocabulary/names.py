"""When two names are the same label's."""

from __future__ import annotations

import unicodedata

#: Endings of English plurals, longest first, and what stands in their place.
_PLURALS = (
    ("sses", "ss"),
    ("shes", "sh"),
    ("ches", "ch"),
    ("xes", "x"),
    ("ies", "y"),
    ("ss", "ss"),
    ("us", "us"),
    ("s", ""),
)
#: Shorter words that end in s are seldom plurals.
_SHORTEST = 4


def normalised(name: str, *, folded: bool = False) -> str:
    """What makes two labels the same: letters whatever their case or composition, single spaces.

    If *folded*, regular English plurals are as their singulars.
    """
    composed = name if name.isascii() else unicodedata.normalize("NFKC", name)
    words = composed.casefold().split()
    return " ".join(map(_singular, words) if folded else words)


def _singular(word: str) -> str:
    if len(word) < _SHORTEST or word[-1] != "s":
        return word
    ending, instead = next(((end, new) for end, new in _PLURALS if word.endswith(end)), ("", ""))
    return word[: len(word) - len(ending)] + instead
