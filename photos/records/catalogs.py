"""Catalogs that are copied."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, TypedDict

if TYPE_CHECKING:
    from photos.operations.catalog_copy import CopyResult


class CatalogCopyRecord(TypedDict):
    """A library that was copied to another database, or would be."""

    source: Annotated[str, "Folder of the library, or the address of its database without a password."]
    target: Annotated[str, "Folder or address of the copy, likewise."]
    photos: Annotated[int, "Photos in the copy, or with --dry-run in the source."]
    rows: Annotated[int, "Rows of all tables, likewise."]
    rows_before: Annotated[int, "Rows among them that an earlier, interrupted run had copied."]
    damaged: Annotated[
        list[str | None],
        "Files of photos whose embeddings were damaged and left out; null for a photo without a file.",
    ]
    dry_run: Annotated[bool, "Whether nothing was copied."]


def catalog_copy_record(result: CopyResult) -> CatalogCopyRecord:
    """Return the record of a copy."""
    return {
        "source": result.source,
        "target": result.target,
        "photos": result.photos,
        "rows": result.rows,
        "rows_before": result.rows_before,
        "damaged": [None if path is None else os.fsdecode(path) for path in result.damaged],
        "dry_run": result.dry_run,
    }
