"""Dates in EXIF, IPTC and XMP, as cameras and programs spell them.

The forms of the standards are `2019:07:04 12:34:56` (EXIF), `20190704` with `123456+0200` (IPTC) and ISO 8601 (XMP).
Others that occur are read too: other separators, blanks for zeros, no time, no seconds, second 60, AM and PM.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from store import DateSource

_DATE: Final = re.compile(
    r"\s*(?P<year>\d{4})"
    r"(?:[:/.\-]\s{0,2}(?P<month>\d{1,2})(?:[:/.\-]\s{0,2}(?P<day>\d{1,2}))?|(?P<compact>\d{4}))?(?!\d)"
)
_DIGITS: Final = re.compile(r"\s*(\d{8})\d{6}(?!\d)")
_HALF: Final = r"(?P<{}>[AaPp])\.?[Mm]\b\.?"
_TIME: Final = re.compile(
    r"[T:,_\s-]\s*"
    rf"(?:{_HALF.format('before')}\s*)?"
    r"(?:(?P<hour>\d{1,2})[:.h]\s{0,2}(?P<minute>\d{1,2})(?:[:.]\s{0,2}(?P<second>\d{1,2})(?:[.,:]\d+)?)?"
    r"|(?P<compact>\d{4}(?:\d\d)?)(?:[.,]\d+)?)(?!\d)"
    rf"(?:\s*{_HALF.format('after')})?"
)
_OFFSET: Final = re.compile(
    r"\s*(?:(?P<zero>[Zz]|UTC|GMT)|(?P<sign>[+\-\u2212])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?)\b"
)
_FARTHEST_OFFSET: Final = 14 * 60
#: The year of the oldest surviving photograph.
_FIRST_YEAR: Final = 1826
_NOON: Final = 12


class Moment(NamedTuple):
    """A time by a local clock, and the minutes that the clock is east of UTC, if they are known."""

    at: datetime
    offset: int | None = None


def read_date(text: str) -> Moment | None:
    """The date in *text*; None if there is none. Of a missing part, or one that is 0, the first one is taken."""
    if (whole := _DIGITS.match(text)) is not None:
        text = f"{whole[1]} {text[whole.end() - 6 :]}"
    found = _DATE.match(text)
    if found is None:
        return None
    year, month, day = int(found["year"]), found["month"] or 0, found["day"] or 0
    if found["compact"]:
        month, day = found["compact"][:2], found["compact"][2:]
    rest = text[found.end() :]
    if not int(month) and rest.strip(" :/.-T0\0"):
        # A number of four digits before other words is no date.
        return None
    try:
        midnight = datetime(year, int(month) or 1, int(day) or 1)  # noqa: DTZ001 - the camera's wall clock has no zone
        time, offset = _read_time(rest)
        at = midnight + time
    except (ValueError, OverflowError):
        return None
    return Moment(at, offset) if year >= _FIRST_YEAR else None


def read_offset(text: str) -> int | None:
    """Minutes east of UTC in *text*, such as `+02:00` or `Z`; None if it is no offset."""
    found = _OFFSET.match(text)
    if found is None or text[found.end() :].strip():
        return None
    return _minutes(found)


def first_date(found: Mapping[DateSource, Moment]) -> tuple[DateSource, Moment] | None:
    """The date that counts, of all that a file states. If it lacks an offset, an equal date may know it."""
    source = next((each for each in DateSource if each in found), None)
    if source is None:
        return None
    moment = found[source]
    if moment.offset is None:
        offsets = (each.offset for each in found.values() if each.at == moment.at and each.offset is not None)
        moment = moment._replace(offset=next(offsets, None))
    return source, moment


def _read_time(text: str) -> tuple[timedelta, int | None]:
    """Time of day, and offset; midnight if there is no time, or none that is possible."""
    found = _TIME.match(text)
    if found is None:
        return timedelta(0), None
    if found["compact"]:
        digits = found["compact"].ljust(6, "0")
        hour, minute, second = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    else:
        hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    half = (found["before"] or found["after"] or "").lower()
    if half and 1 <= hour <= _NOON:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    # A clock may show 24:00:00, and second 60. Impossible seconds do not spoil the minute.
    if hour > 24 or minute > 59 or (hour == 24 and (minute or second)):  # noqa: PLR2004 - of clocks
        return timedelta(0), None
    second = second if second <= 60 else 0  # noqa: PLR2004 - as above
    offset = _OFFSET.match(text, found.end())
    return timedelta(hours=hour, minutes=minute, seconds=second), None if offset is None else _minutes(offset)


def _minutes(found: re.Match[str]) -> int | None:
    if found["zero"]:
        return 0
    hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
    offset = hours * 60 + minutes
    if minutes > 59 or offset > _FARTHEST_OFFSET:  # noqa: PLR2004 - of clocks
        return None
    return offset if found["sign"] == "+" else -offset
