"""Dates in EXIF, IPTC and XMP, as cameras and programs spell them.

The forms of the standards are `2019:07:04 12:34:56` (EXIF), `20190704` with `123456+0200` (IPTC) and ISO 8601 (XMP).
Others that occur are read too: other separators, blanks for zeros, no time, no seconds, second 60, AM and PM in several
languages, names of months, and the year at the end where that leaves no doubt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from store import DateSource

_DATE: Final = re.compile(
    r"\s*(?P<year>\d{4})"
    r"(?:\s?[:/.;\\\-年년]\s{0,2}(?P<month>\d{1,2})(?:\s?[:/.;\\\-月월]\s{0,2}(?P<day>\d{1,2}))?"
    r"|(?P<gap>[\s_])(?P<month_of_two>\d\d)(?P=gap)(?P<day_of_two>\d\d)"
    r"|(?P<compact>\d{4}))?(?!\d)"
)
_DIGITS: Final = re.compile(r"\s*(\d{8})\d{6}(?!\d)")
#: A date and a time without anything between.
_JOINED: Final = re.compile(r"\s*\d{4}([:/.\-])\d\d\1\d\d(?=\d\d[:.]\d\d)")
#: `04.07.2019`; and `Thu Jul  4 12:34:56 2019`, `4 July 2019`.
_YEAR_LAST: Final = re.compile(r"\s*(\d{1,2})([./:\-])(\d{1,2})\2(\d{4})(?!\d)")
_NAMED: Final = re.compile(
    r"\s*(?:[A-Za-z]{3,9},?\s{1,3})?"
    r"(?:(?P<month>[A-Za-z]{3,9})\.?\s{1,3}(?P<day>\d{1,2})|(?P<day_first>\d{1,2})\.?[\s\-](?P<month_second>[A-Za-z]{3,9}))"
    r"\.?[\s,\-]{1,3}(?:(?P<time>\d{1,2}:\d\d(?::\d\d)?)\s{1,3}(?:[A-Z]{3,4}\s)?)?(?P<year>\d{4})(?!\d)"
)
_MONTHS: Final = {
    name: at
    for at, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
#: Words for the halves of the day, without dots and blanks, in the languages of cameras and telephones.
_HALVES: Final = {
    **dict.fromkeys(
        ("a", "am", "오전", "上午", "午前", "凌晨", "早上", "πμ", "ص", "sa", "öö", "de", "vorm", "fm"), "a"
    ),
    **dict.fromkeys(
        ("p", "pm", "오후", "下午", "午後", "中午", "晚上", "μμ", "م", "ch", "ös", "du", "nachm", "em"), "p"
    ),
}
_WORD: Final = re.compile(r"\s*([^\W\d_][^\d+:\-\u2212]{0,8})")
_TIME: Final = re.compile(
    r"[T:,_\s日일-]\s*(?P<before>[^\W\d_][^\d:+\-]{0,8})?"
    r"(?:(?P<hour>\d{1,2})\s?[:.h時时点點시]\s{0,2}(?P<minute>\d{1,2})"
    r"(?:\s?[:.m分분]\s{0,2}(?P<second>\d{1,2})(?:[.,:]\d+)?)?"
    r"|(?P<compact>\d{4}(?:\d\d)?|\d\d(?P<gap>[\s_\-])\d\d(?P=gap)\d\d)(?:[.,]\d+)?"
    r"|(?P<alone>\d\d)(?=[\s:]*(?:$|[Zz+\-])))(?!\d)"
)
_OFFSET: Final = re.compile(
    r"\s*(?:(?:UTC|GMT)?\s?(?P<sign>[+\-\u2212])\s?(?P<hours>\d{1,2})(?:[:.]?(?P<minutes>\d\d))?|(?P<zero>[Zz]|UTC|GMT))\b"
)
#: The zone of a date without a time (XML Schema).
_ZONE: Final = re.compile(r"\s*(?:[+\-]\d\d:\d\d|[Zz])\s*")
_FARTHEST_OFFSET: Final = 14 * 60
#: The year of the oldest surviving photograph.
_FIRST_YEAR: Final = 1826
_NOON: Final = 12
_MONTHS_OF_A_YEAR: Final = 12


class Moment(NamedTuple):
    """A time by a local clock, and the minutes that the clock is east of UTC, if they are known."""

    at: datetime
    offset: int | None = None


def read_date(text: str) -> Moment | None:
    """The date in *text*; None if there is none. Of a missing part, or one that is 0, the first one is taken."""
    text = _year_first(text)
    found = _DATE.match(text)
    if found is None:
        return None
    year, month, day = int(found["year"]), found["month"] or 0, found["day"] or 0
    if found["gap"]:
        month, day = found["month_of_two"], found["day_of_two"]
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


def _year_first(text: str) -> str:
    """*text* with the parts of its date in the usual order and apart; as it is where they are, or are unknown."""
    if (whole := _DIGITS.match(text)) is not None:
        return f"{whole[1]} {text[whole.end() - 6 :]}"
    if (joined := _JOINED.match(text)) is not None:
        return f"{joined[0]} {text[joined.end() :]}"
    if (numbers := _YEAR_LAST.match(text)) is not None:
        day, separator, month, year = numbers.groups()
        if int(month) > _MONTHS_OF_A_YEAR:
            day, month = month, day
        elif int(day) <= _MONTHS_OF_A_YEAR and separator != "." and int(day) != int(month):
            # The day and the month cannot be told apart.
            return ""
        return f"{year}-{month}-{day}{text[numbers.end() :]}"
    if (named := _NAMED.match(text)) is not None:
        month = _MONTHS.get((named["month"] or named["month_second"])[:3].lower())
        day, time = named["day"] or named["day_first"], f" {named['time']}" if named["time"] else ""
        return f"{named['year']}-{month}-{day}{time}{text[named.end() :]}" if month else ""
    return text


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
    found = None if _ZONE.fullmatch(text) else _TIME.match(text)
    if found is None:
        return timedelta(0), None
    if found["compact"]:
        digits = re.sub(r"\D", "", found["compact"]).ljust(6, "0")
        hour, minute, second = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    else:
        hour, minute, second = (
            int(found["hour"] or found["alone"]),
            int(found["minute"] or 0),
            int(found["second"] or 0),
        )
    before, end = found["before"] or "", found.end()
    # Before a time, `Sa` is a day of the week.
    half = "" if before.isascii() and "m" not in before.lower() else _half(before)
    if not half and (word := _WORD.match(text, end)) is not None and (half := _half(word[1])):
        end = word.end()
    if half and 1 <= hour <= _NOON:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    if hour == 24 and (minute or second):  # noqa: PLR2004 - of clocks
        # Telephones that count the hours from 1.
        hour = 0
    # A clock may show 24:00:00, and second 60. Impossible seconds do not spoil the minute.
    if hour > 24 or minute > 59:  # noqa: PLR2004 - of clocks
        return timedelta(0), None
    second = second if second <= 60 else 0  # noqa: PLR2004 - as above
    offset = _OFFSET.match(text, end)
    return timedelta(hours=hour, minutes=minute, seconds=second), None if offset is None else _minutes(offset)


def _half(word: str) -> str:
    """The letter a or p for a *word* that names the half of the day before or after noon; empty for others."""
    return _HALVES.get("".join(mark for mark in word.lower() if mark.isalpha()), "")


def _minutes(found: re.Match[str]) -> int | None:
    if found["zero"]:
        return 0
    hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
    offset = hours * 60 + minutes
    if minutes > 59 or offset > _FARTHEST_OFFSET:  # noqa: PLR2004 - of clocks
        return None
    return offset if found["sign"] == "+" else -offset
