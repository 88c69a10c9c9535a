"""Parsers of dates, months, days of the week and times of day in filters. All are local time, as cameras write it."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta

from .errors import InvalidPart, closest_match
from .numbers import notation_hint, range_ends
from .query import CyclicRange, DateRange, PartialDate

_DAY = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?", re.ASCII)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_NAMES = tuple(name.lower() for name in calendar.month_name[1:])
_WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Days before today.
_NEAR_DAYS = {"today": 0, "yesterday": 1}
_THIS_OR_LAST = re.compile(r"(this|last) (week|weekend|month|year)")
_LAST_SOME = re.compile(r"last (\d{1,5}) (day|week|month|year)s?", re.ASCII)
_AGO = re.compile(r"(\d{1,5}) (day|week|month|year)s? ago", re.ASCII)
#: Words for days, as completion offers them and as mistakes are compared with them.
DAY_WORDS = ("today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-year", "last-year")
_SPELLINGS = (*DAY_WORDS, *(word.replace("-", " ") for word in DAY_WORDS))
_HOUR = 60
_LAST_MINUTE = 24 * _HOUR - 1
#: Minutes since midnight, the last included.
TIMES_OF_DAY = {
    "morning": CyclicRange(5 * _HOUR, 12 * _HOUR - 1),
    "afternoon": CyclicRange(12 * _HOUR, 17 * _HOUR - 1),
    "evening": CyclicRange(17 * _HOUR, 21 * _HOUR - 1),
    "night": CyclicRange(21 * _HOUR, 5 * _HOUR - 1),
}


def days_of(text: str, today: date) -> tuple[PartialDate, PartialDate] | None:
    """Parse days counted from *today*: `today`, `last week`, `last 3 months`, `2 weeks ago`. None for anything else.

    Returns the first and the last of them; a week begins on Monday. `last week` is the week before this one, and
    `last 7 days` ends today.
    """
    words = re.sub(r"[\s_-]+", " ", text.strip().lower())
    if words in _NEAR_DAYS:
        only = _as_day(today - timedelta(days=_NEAR_DAYS[words]))
        return only, only
    if found := _THIS_OR_LAST.fullmatch(words):
        return _period(found[2], today, is_last=found[1] == "last")
    if found := _LAST_SOME.fullmatch(words):
        first = _moved(today, found[2], int(found[1]))
        return _as_day(first + timedelta(days=1)), _as_day(today)
    if found := _AGO.fullmatch(words):
        only = _as_day(_moved(today, found[2], int(found[1])))
        return only, only
    return None


def _period(unit: str, today: date, *, is_last: bool) -> tuple[PartialDate, PartialDate]:
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7 * is_last)
        return _as_day(monday), _as_day(monday + timedelta(days=6))
    if unit == "weekend":
        saturday = today - timedelta(days=today.weekday() - 5 + 7 * is_last)
        return _as_day(saturday), _as_day(saturday + timedelta(days=1))
    if unit == "year":
        only = PartialDate(today.year - is_last)
    else:
        within = today.replace(day=1) - timedelta(days=is_last)
        only = PartialDate(within.year, within.month)
    return only, only


def _moved(today: date, unit: str, count: int) -> date:
    """Return the day *count* units before *today*. A day that its month lacks becomes the last one of the month."""
    try:
        if unit in {"day", "week"}:
            return today - timedelta(days=count * (7 if unit == "week" else 1))
        months = today.year * 12 + today.month - 1 - count * (1 if unit == "month" else 12)
        year, month = divmod(months, 12)
        return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):
        raise InvalidPart(f"goes back {count} {unit}s, before the first year") from None


def _as_day(day: date) -> PartialDate:
    return PartialDate(day.year, day.month, day.day)


def _today() -> date:
    return datetime.now().astimezone().date()


def partial_date(text: str) -> PartialDate:
    """Parse a year, a month or a day: 2019, 2019-07, 2019-07-13. Of words such as `last week` it is the first day."""
    near = days_of(text, _today())
    if near is not None:
        return near[0]
    found = _DAY.fullmatch(text.strip())
    if found is None:
        alike = closest_match(text.strip().lower(), _SPELLINGS)
        hint = f"did you mean {alike}?" if alike else ""
        raise InvalidPart(f"needs a date such as 2019, 2019-07 or 2019-07-13, not {text.strip()!r}", hint)
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
    """Parse a date, a range of dates, or days counted from today; see `days_of`."""
    near = days_of(text, _today())
    if near is not None:
        return DateRange(*near)
    ends = range_ends(text)
    if ends is None:
        try:
            only = partial_date(text)
        except InvalidPart as invalid:
            raise InvalidPart(invalid.problem, invalid.hint or notation_hint(text)) from None
        return DateRange(only, only)
    low = _end(ends[0], last=not ends[2]) if ends[0] else None
    high = _end(ends[1], last=ends[3]) if ends[1] else None
    if low is not None and high is not None and low.start() >= high.end():
        raise InvalidPart("has a range that runs backwards", f"write {ends[1]}..{ends[0]}")
    return DateRange(low, high, *ends[2:])


def _end(text: str, *, last: bool) -> PartialDate:
    near = days_of(text, _today())
    return partial_date(text) if near is None else near[last]


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
