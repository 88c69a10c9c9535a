"""Formatting of a query as one line that parses as the same query."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import assert_never

from .filters import LIKE
from .query import (
    Circle,
    CyclicRange,
    DateRange,
    Filter,
    NamedCircle,
    NumberRange,
    PartialDate,
    Picture,
    Query,
    Term,
    Text,
    Value,
)
from .times import MONTHS, WEEKDAYS

#: Values that need no quotes.
_BARE = re.compile(r"[\w.,:*?/~<>=+-]+")


def format_query(query: Query) -> str:
    """Return *query* as text for `parse_line`."""
    return " ".join([*map(_term, query.terms), *map(format_filter, query.filters)])


def format_filter(each: Filter) -> str:
    """Return *each* as it could be typed."""
    values = "|".join(_value(each.name, value) for value in each.values)
    return f"{'-' if each.negated else ''}{each.name}:{values}"


def _term(term: Term) -> str:
    sign = "-" if term.weight < 0 else ""
    size = abs(term.weight)
    weight = "" if size == 1 else f"{_number(size)}:"
    match term:
        case Text(text):
            return f"{sign}{weight}{_quoted(text)}"
        case Picture(path):
            return f"{sign}{weight}{LIKE}:{_quoted(path)}"
        case _:
            assert_never(term)


def _value(name: str, value: Value) -> str:  # noqa: PLR0911 - a line each
    match value:
        case str():
            return value if _BARE.fullmatch(value) else _quoted(value)
        case NumberRange(low, high, takes_low, takes_high):
            ends = (None if low is None else _number(low), None if high is None else _number(high))
            return _range(*ends, takes_low=takes_low, takes_high=takes_high)
        case DateRange(first, last, takes_low, takes_high):
            days = (None if first is None else _day(first), None if last is None else _day(last))
            return _range(*days, takes_low=takes_low, takes_high=takes_high)
        case PartialDate():
            return _day(value)
        case CyclicRange(begin, end):
            return _place(name, begin) if begin == end else f"{_place(name, begin)}..{_place(name, end)}"
        case Circle(latitude, longitude, metres):
            return f"{_number(latitude)},{_number(longitude)},{_distance(metres)}"
        case NamedCircle(place, distance):
            return _value(name, place if distance is None else f"{place},{_distance(distance)}")
        case _:
            assert_never(value)


def _distance(metres: float) -> str:
    kilometres = metres / 1000
    # A rounded quotient would parse as another distance.
    return f"{_number(kilometres)}km" if kilometres >= 1 and kilometres * 1000 == metres else f"{_number(metres)}m"


def _range(low: str | None, high: str | None, *, takes_low: bool, takes_high: bool) -> str:
    if not takes_low:
        return f">{low}"
    if not takes_high:
        return f"<{high}"
    return low if low is not None and low == high else f"{low or ''}..{high or ''}"


def _place(name: str, place: int) -> str:
    match name:
        case "month":
            return MONTHS[place - 1]
        case "weekday":
            return WEEKDAYS[place - 1]
        case _:
            return f"{place // 60:02}:{place % 60:02}"


def _day(day: PartialDate) -> str:
    parts = (f"{day.year:04}", *(f"{part:02}" for part in (day.month, day.day) if part is not None))
    return "-".join(parts)


def _number(value: float) -> str:
    # The shortest digits that parse as the same number, without an exponent.
    digits = format(Decimal(repr(value)), "f")
    return digits.removesuffix(".0")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
