"""Errors that cost one file: reasons why it cannot become a photo.

DecodeError                 (reason)
├── Unsupported             something else, or a kind of picture that comes later
├── Damaged                 a picture of a known format that cannot be read whole
│   └── Incomplete          a part of the file is missing: it may still be being copied
└── TooLarge                reading it would take too much memory
"""

from __future__ import annotations

from typing import ClassVar

from indexer.errors import IndexerError
from store import Outcome


class DecodeError(IndexerError):
    """A file that cannot be embedded. `reason` ends the sentence "… because it is/has"."""

    outcome: ClassVar[Outcome] = Outcome.FAILED
    reason: str

    def __str__(self) -> str:
        """The reason."""
        return self.reason


class Unsupported(DecodeError):
    """Not a picture, or not of a format that is read."""

    outcome = Outcome.UNSUPPORTED


class Damaged(DecodeError):
    """A picture of a known format that cannot be read whole."""

    outcome = Outcome.DAMAGED


class Incomplete(Damaged):
    """A picture of which a part is missing. What is there decodes, to a picture that is grey or black below."""


class TooLarge(DecodeError):
    """A picture that would take too much memory."""

    outcome = Outcome.TOO_LARGE
