"""The index of a space, chosen by where its catalog is."""

from __future__ import annotations

from pathlib import Path

from store.catalog.catalog import Catalog
from store.records import Space

from .base import VectorIndex


def vector_index(catalog: Catalog, folder: Path, space: Space) -> VectorIndex:
    """Return the index of *space*: the server's own of a catalog on one, files in *folder* of a catalog in a file."""
    if catalog.is_on_server:
        from .pgvector.index import PgvectorIndex  # noqa: PLC0415 - its packages are an extra

        return PgvectorIndex(catalog, space)
    from .faiss.index import FaissIndex  # noqa: PLC0415 - a catalog on a server does without FAISS

    return FaissIndex(folder, catalog, space)
