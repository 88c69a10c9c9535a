"""A parsed query: terms for what is seen in a photo, and filters for what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

_LAST_MONTH = 12


@dataclass(frozen=True, slots=True)
class Text:
    """Words that describe a photo, with single spaces. A negative weight subtracts them."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file, as typed. A negative weight subtracts it."""

    path: str
    weight: float = 1.0


Term: TypeAlias = Text | Picture


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A year, a month, or a day."""

    year: int
    month: int | None = None
    day: int | None = None

    def start(self) -> datetime:
        """Return its first moment, local time."""
        return datetime(self.year, self.month or 1, self.day or 1)  # noqa: DTZ001 - cameras' clocks have no zone

    def end(self) -> datetime:
        """Return the first moment after it; `datetime.max` if there is none."""
        try:
            if self.day is not None:
                return self.start() + timedelta(days=1)
            if self.month is None or self.month == _LAST_MONTH:
                return PartialDate(self.year + 1).start()
            return PartialDate(self.year, self.month + 1).start()
        except (ValueError, OverflowError):
            return datetime.max  # noqa: DTZ901 - as above


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers from `low` to `high`; None is no bound, `takes_low` and `takes_high` include the bounds."""

    low: float | None
    high: float | None
    takes_low: bool = True
    takes_high: bool = True


@dataclass(frozen=True, slots=True)
class DateRange:
    """Dates from `low` to `high`. A bound is included or excluded as a whole day, month or year."""

    low: PartialDate | None
    high: PartialDate | None
    takes_low: bool = True
    takes_high: bool = True


@dataclass(frozen=True, slots=True)
class CyclicRange:
    """Range that may wrap around: months, days of the week (1 is Monday), or minutes of the day, ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Circle:
    """Places at most `metres` from a place, in degrees."""

    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class NamedCircle:
    """Places at most `metres` from the place of that name; None is a distance by the place's size."""

    place: str
    metres: float | None = None


Value: TypeAlias = str | NumberRange | DateRange | PartialDate | CyclicRange | Circle | NamedCircle


@dataclass(frozen=True, slots=True)
class Filter:
    """Condition that one of `values` holds, or if `negated`, none. `name` is a key of `filters.FILTER_TYPES`."""

    name: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Terms, whose weighted sum ranks the photos that match all filters. A query without terms is a listing."""

    terms: tuple[Term, ...]
    filters: tuple[Filter, ...] = ()

    @property
    def only_text(self) -> str | None:
        """The text, if it is the only term and is not subtracted; else None. Only then is a probability defined."""
        match self.terms:
            case (Text(text, weight),) if weight > 0:
                return text
            case _:
                return None
