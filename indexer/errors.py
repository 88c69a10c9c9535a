"""Errors between a file and its embedding.

IndexerError
├── ModelError                    (indexer.models.errors)
├── DescriberError                (indexer.describers.errors)
├── NoReaders                     no process to read files in
└── DecodeError                   one file; it costs that file alone (indexer.decode.errors)
"""

from __future__ import annotations

from store.errors import PhotosError


class IndexerError(PhotosError):
    """Base of the indexer's errors."""


class NoReaders(IndexerError):
    """The system starts no process to read files in."""

    sentence = "No process to read pictures in could be started ({reason})."
    reason: str
