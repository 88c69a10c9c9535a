"""Characters that may be shown and kept in words."""

from __future__ import annotations

from typing import Final

#: Letters of words in Persian and Hindi, and the joints of emoji. Python counts them as unprintable.
JOINERS: Final = frozenset("\u200c\u200d")
#: They spell out the flags of England, Scotland and Wales.
_TAG_LETTERS: Final = range(0xE0020, 0xE0080)


def is_printable(text: str) -> bool:
    """Return whether *text* has nothing in it that a terminal could take as a command, or that nobody sees.

    Unlike in `str.isprintable`, the joiners between letters and between emoji belong to their words.
    """
    if text.isprintable():
        return True
    return all(mark.isprintable() or mark in JOINERS or ord(mark) in _TAG_LETTERS for mark in text)
