"""Pruning: delete the embeddings and tags of photos whose files have been gone for long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from photos.library import OpenLibrary
from photos.thumbnails.upkeep import drop_gone


@dataclass(frozen=True, slots=True)
class PruneRequest:
    """With `dry_run` nothing is deleted. The setting `keep_days` says how long photos must have been gone."""

    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class PruneResult:
    """Photos that were deleted, or would be; those of them with tags or stars by hand; and those gone but kept."""

    deleted: int
    tagged: int
    kept: int
    #: Days for which the deleted photos had been gone at least.
    days: float
    dry_run: bool


def prune(library: OpenLibrary, request: PruneRequest) -> PruneResult:
    """Delete every photo that has had no file for longer than the setting `keep_days`. Raises `EmptyLibrary`.

    Thumbnails and previews go with the last file of a photo.
    """
    if library.is_new:
        raise library.empty_error()
    days = library.settings.keep_days
    try:
        before = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days)
    except OverflowError:
        before = datetime.min  # noqa: DTZ901 - in UTC, without a zone, like all of the catalog
    with library.catalog.read() as t:
        gone = t.photos.gone()
        old = t.photos.gone(before)
        tagged = len(t.tags.by_hand(old) | t.photos.rated(old))
    if not request.dry_run:
        with library.catalog.write() as t:
            # Read again: a file may have come back since.
            old = t.photos.gone(before)
            t.photos.delete(old)
        drop_gone(library)
    return PruneResult(len(old), tagged, len(gone) - len(old), days, request.dry_run)
