"""Deletes what is kept of photos that are long gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from photos.library import OpenLibrary


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many photos were deleted, how many of them a person had tagged, and how many are gone but kept."""

    photos: int
    tagged: int
    kept: int


def prune(app: OpenLibrary, *, is_trial: bool = False) -> Pruned:
    """Delete every photo that has had no file for longer than the settings say; none at all if *is_trial*."""
    try:
        before = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=app.settings.keep_days)
    except OverflowError:
        before = datetime.min  # noqa: DTZ901 - in UTC, without a zone, like all of the catalog
    with app.catalog.read() as t:
        gone = t.photos.gone()
        old = t.photos.gone(before)
        tagged = len(t.tags.by_hand(old))
    if not is_trial:
        with app.catalog.write() as t:
            # Asked again: a file may have come back since.
            old = t.photos.gone(before)
            t.photos.delete(old)
    return Pruned(len(old), tagged, len(gone) - len(old))
