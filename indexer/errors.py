"""What can go wrong between a file and its embedding.

IndexerError
├── ModelError                    (indexer.siglip.errors)
└── DecodeError                   one file; it costs that file alone (indexer.decode.errors)
"""

from __future__ import annotations


class IndexerError(Exception):
    """Anything the indexer refuses or cannot do."""
