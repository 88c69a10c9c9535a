"""Parsers of dates, months, days of the week and times of day in filters. All are local time, as cameras write it."""

from __future__ import annotations

import calendar
import re

from .errors import InvalidPart, closest_match
from .numbers import notation_hint, range_ends
from .query import CyclicRange, DateRange, PartialDate

_DAY = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?", re.ASCII)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_NAMES = tuple(name.lower() for name in calendar.month_name[1:])
_WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOUR = 60
_LAST_MINUTE = 24 * _HOUR - 1
#: Minutes since midnight, the last included.
TIMES_OF_DAY = {
    "morning": CyclicRange(5 * _HOUR, 12 * _HOUR - 1),
    "afternoon": CyclicRange(12 * _HOUR, 17 * _HOUR - 1),
    "evening": CyclicRange(17 * _HOUR, 21 * _HOUR - 1),
    "night": CyclicRange(21 * _HOUR, 5 * _HOUR - 1),
}


def partial_date(text: str) -> PartialDate:
    """Parse a year, a month or a day: 2019, 2019-07, 2019-07-13."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        raise InvalidPart(f"needs a date such as 2019, 2019-07 or 2019-07-13, not {text.strip()!r}")
    year, month, of_month = (int(part) if part else None for part in found.groups())
    if not year:
        raise InvalidPart("is in the year 0, which does not exist")
    if month is not None and not 1 <= month <= len(MONTHS):
        raise InvalidPart(f"has a month {month}", f"did you mean {year:04}-{min(max(month, 1), 12):02}?")
    if month is not None and of_month is not None:
        last = calendar.monthrange(year, month)[1]
        if not 1 <= of_month <= last:
            hint = f"did you mean {year:04}-{month:02}-{min(max(of_month, 1), last):02}?"
            raise InvalidPart(f"has a day {of_month}, which that month does not have", hint)
    return PartialDate(year, month, of_month)


def date_range(text: str) -> DateRange:
    """Parse a date or a range of dates."""
    ends = range_ends(text)
    if ends is None:
        try:
            only = partial_date(text)
        except InvalidPart as invalid:
            raise InvalidPart(invalid.problem, invalid.hint or notation_hint(text)) from None
        return DateRange(only, only)
    low, high = (partial_date(end) if end else None for end in ends[:2])
    if low is not None and high is not None and low.start() >= high.end():
        raise InvalidPart("has a range that runs backwards", f"write {ends[1]}..{ends[0]}")
    return DateRange(low, high, *ends[2:])


def months(text: str) -> CyclicRange:
    """Parse a month or a range of months, by name or number: dec, 12, nov..feb."""
    return _cyclic_range(text, "a month", MONTHS, (MONTHS, _MONTH_NAMES))


def weekdays(text: str) -> CyclicRange:
    """Parse a day of the week or a range of them: sat, sat..sun."""
    return _cyclic_range(text, "a day of the week", WEEKDAYS, (WEEKDAYS, _WEEKDAY_NAMES))


def times(text: str) -> CyclicRange:
    """Parse a time of day by name, an hour, a minute, or a range of these: evening, 18, 17:30..19:00."""
    ends = range_ends(text)
    if ends is None:
        only = _time(text)
        return only if only.first != only.last or ":" in text else CyclicRange(only.first, only.first + _HOUR - 1)
    low, high, takes_low, takes_high = ends
    first, last = 0, _LAST_MINUTE
    if low:
        first = _time(low).first if takes_low else _time(low).last + 1
    if high:
        last = _time(high).last if takes_high else _time(high).first - 1
    if not 0 <= first <= _LAST_MINUTE or not 0 <= last <= _LAST_MINUTE:
        raise InvalidPart("leaves no time of the day")
    return CyclicRange(first, last)


def _time(text: str) -> CyclicRange:
    """Parse a time of day by name, or a minute; an hour means its first minute."""
    named = TIMES_OF_DAY.get(text.strip().lower())
    if named is not None:
        return named
    minute = _minute(text)
    return CyclicRange(minute, minute)


def _minute(text: str) -> int:
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        near = closest_match(text.strip().lower(), TIMES_OF_DAY)
        known = notation_hint(text) or (f"did you mean {near}?" if near else f"there are {', '.join(TIMES_OF_DAY)}")
        raise InvalidPart(f"needs a time such as evening, 18 or 17:30..19:00, not {text.strip()!r}", known)
    hour, minute = int(found[1]), int(found[2] or 0)
    if hour * _HOUR + minute > _LAST_MINUTE or minute >= _HOUR:
        raise InvalidPart(f"has a time {text.strip()}, which no day has")
    return hour * _HOUR + minute


def _cyclic_range(text: str, what: str, names: tuple[str, ...], spellings: tuple[tuple[str, ...], ...]) -> CyclicRange:
    ends = range_ends(text)
    if ends is None:
        only = _place(text, what, names, spellings)
        return CyclicRange(only, only)
    low, high, takes_low, takes_high = ends
    if not low or not high or not (takes_low and takes_high):
        raise InvalidPart("needs both ends of its range", f"as in {names[-2]}..{names[1]}")
    return CyclicRange(_place(low, what, names, spellings), _place(high, what, names, spellings))


def _place(text: str, what: str, names: tuple[str, ...], spellings: tuple[tuple[str, ...], ...]) -> int:
    bare = text.strip().lower()
    if re.fullmatch(r"\d{1,2}", bare, re.ASCII) and 1 <= int(bare) <= len(names):
        return int(bare)
    for spelling in spellings:
        if bare in spelling:
            return spelling.index(bare) + 1
    near = closest_match(bare, [name for spelling in spellings for name in spelling])
    known = f"did you mean {near}?" if near else f"there are {', '.join(names)}"
    raise InvalidPart(f"needs {what}, not {text.strip()!r}", notation_hint(text) or known)
