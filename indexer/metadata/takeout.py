"""The JSON files beside the pictures of a Google Takeout: date, place and caption as Google Photos had them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from store import DateSource, Metadata

from .texts import one_line

#: Bytes. Files of pictures with many comments have some thousands.
_MOST: Final = 1 << 20
_LONGEST_CAPTION: Final = 5000


def read_takeout(content: bytes) -> Metadata:
    """The facts in *content*; empty if it is no such file. Times are in UTC, since it tells no zone."""
    if len(content) > _MOST:
        return Metadata()
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return Metadata()
    if not isinstance(found, dict):
        return Metadata()
    taken = _time(found.get("photoTakenTime"))
    place = _place(found.get("geoData")) or _place(found.get("geoDataExif")) or (None, None)
    description = found.get("description")
    return Metadata(
        taken_at=taken,
        taken_offset=None if taken is None else 0,
        date_source=None if taken is None else DateSource.TAKEOUT,
        latitude=place[0],
        longitude=place[1],
        caption=one_line(description[:_LONGEST_CAPTION]) if isinstance(description, str) else None,
    )


def _time(value: object) -> datetime | None:
    """The time in seconds since 1970, which may be before that."""
    seconds = value.get("timestamp") if isinstance(value, dict) else None
    try:
        found = datetime.fromtimestamp(int(seconds), UTC)  # type: ignore[arg-type]  # any value is tried
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    # 0 stands for an unknown time.
    return None if found.timestamp() == 0 else found.replace(tzinfo=None)


def _place(value: object) -> tuple[float, float] | None:
    if not isinstance(value, dict):
        return None
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or latitude == longitude == 0:  # noqa: PLR2004 - of a globe
        return None
    return float(latitude), float(longitude)
