"""What can go wrong between a file and its embedding.

IndexerError
├── ModelError                    (indexer.models.errors)
├── NoReaders                     no process to read files in
└── DecodeError                   one file; it costs that file alone (indexer.decode.errors)
"""

from __future__ import annotations


class IndexerError(Exception):
    """Anything the indexer refuses or cannot do."""


class NoReaders(IndexerError):
    """The system starts no process to read files in."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        """One sentence."""
        return f"No process to read pictures in could be started ({self.reason})."
