"""Dates, months, days of the week and times of day in filters. All are local time, as cameras write it."""

from __future__ import annotations

import calendar
import re

from .errors import Wrong, nearest
from .numbers import bounds, meant
from .query import Dates, Day, Turn

_DAY = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?", re.ASCII)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_NAMES = tuple(name.lower() for name in calendar.month_name[1:])
_WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOUR = 60
_LAST_MINUTE = 24 * _HOUR - 1
#: Minutes from midnight on, the last included.
TIMES_OF_DAY = {
    "morning": Turn(5 * _HOUR, 12 * _HOUR - 1),
    "afternoon": Turn(12 * _HOUR, 17 * _HOUR - 1),
    "evening": Turn(17 * _HOUR, 21 * _HOUR - 1),
    "night": Turn(21 * _HOUR, 5 * _HOUR - 1),
}


def day(text: str) -> Day:
    """A year, a month or a day: 2019, 2019-07, 2019-07-13."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        raise Wrong(f"needs a date such as 2019, 2019-07 or 2019-07-13, not {text.strip()!r}")
    year, month, of_month = (int(part) if part else None for part in found.groups())
    if not year:
        raise Wrong("is in the year 0, which there was not")
    if month is not None and not 1 <= month <= len(MONTHS):
        raise Wrong(f"has a month {month}", f"did you mean {year:04}-{min(max(month, 1), 12):02}?")
    if month is not None and of_month is not None:
        last = calendar.monthrange(year, month)[1]
        if not 1 <= of_month <= last:
            hint = f"did you mean {year:04}-{month:02}-{min(max(of_month, 1), last):02}?"
            raise Wrong(f"has a day {of_month}, which that month has not", hint)
    return Day(year, month, of_month)


def dates(text: str) -> Dates:
    """A date or a range of them, whose ends belong to it."""
    ends = bounds(text)
    if ends is None:
        try:
            only = day(text)
        except Wrong as wrong:
            raise Wrong(wrong.problem, wrong.hint or meant(text)) from None
        return Dates(only, only)
    low, high = (day(end) if end else None for end in ends[:2])
    if low is not None and high is not None and low.begins() >= high.ends():
        raise Wrong("has a range that runs backwards", f"write {ends[1]}..{ends[0]}")
    return Dates(low, high, *ends[2:])


def months(text: str) -> Turn:
    """A month or months in a row, by name or number: dec, 12, nov..feb."""
    return _turn(text, "a month", MONTHS, (MONTHS, _MONTH_NAMES))


def weekdays(text: str) -> Turn:
    """A day of the week or days in a row: sat, sat..sun."""
    return _turn(text, "a day of the week", WEEKDAYS, (WEEKDAYS, _WEEKDAY_NAMES))


def times(text: str) -> Turn:
    """A time of day by name, an hour, a minute, or a range of hours and minutes: evening, 18, 17:30..19:00."""
    ends = bounds(text)
    if ends is None:
        only = _moment(text)
        return only if only.first != only.last or ":" in text else Turn(only.first, only.first + _HOUR - 1)
    low, high, takes_low, takes_high = ends
    first, last = 0, _LAST_MINUTE
    if low:
        first = _moment(low).first if takes_low else _moment(low).last + 1
    if high:
        last = _moment(high).last if takes_high else _moment(high).first - 1
    if not 0 <= first <= _LAST_MINUTE or not 0 <= last <= _LAST_MINUTE:
        raise Wrong("leaves no time of the day")
    return Turn(first, last)


def _moment(text: str) -> Turn:
    """A time of day by name, or a minute; an hour is its first one."""
    named = TIMES_OF_DAY.get(text.strip().lower())
    if named is not None:
        return named
    minute = _minute(text)
    return Turn(minute, minute)


def _minute(text: str) -> int:
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        near = nearest(text.strip().lower(), TIMES_OF_DAY)
        known = meant(text) or (f"did you mean {near}?" if near else f"there are {', '.join(TIMES_OF_DAY)}")
        raise Wrong(f"needs a time such as evening, 18 or 17:30..19:00, not {text.strip()!r}", known)
    hour, minute = int(found[1]), int(found[2] or 0)
    if hour * _HOUR + minute > _LAST_MINUTE or minute >= _HOUR:
        raise Wrong(f"has a time {text.strip()}, which no day has")
    return hour * _HOUR + minute


def _turn(text: str, what: str, names: tuple[str, ...], spellings: tuple[tuple[str, ...], ...]) -> Turn:
    ends = bounds(text)
    if ends is None:
        only = _place(text, what, names, spellings)
        return Turn(only, only)
    low, high, takes_low, takes_high = ends
    if not low or not high or not (takes_low and takes_high):
        raise Wrong("needs both ends of its range", f"as in {names[-2]}..{names[1]}")
    return Turn(_place(low, what, names, spellings), _place(high, what, names, spellings))


def _place(text: str, what: str, names: tuple[str, ...], spellings: tuple[tuple[str, ...], ...]) -> int:
    bare = text.strip().lower()
    if re.fullmatch(r"\d{1,2}", bare, re.ASCII) and 1 <= int(bare) <= len(names):
        return int(bare)
    for spelling in spellings:
        if bare in spelling:
            return spelling.index(bare) + 1
    near = nearest(bare, [name for spelling in spellings for name in spelling])
    known = f"did you mean {near}?" if near else f"there are {', '.join(names)}"
    raise Wrong(f"needs {what}, not {text.strip()!r}", meant(text) or known)
