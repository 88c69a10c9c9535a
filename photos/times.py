"""Times of the catalog as local times. The catalog keeps UTC without a zone."""

from __future__ import annotations

from datetime import UTC, datetime


def local_time(moment: datetime) -> datetime:
    """Return *moment*, UTC without a zone, as local time with the offset that held here then."""
    return moment.replace(tzinfo=UTC).astimezone()
