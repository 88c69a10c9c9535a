"""A query as it is understood: terms that say what is seen, and filters that say what is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

_LAST_MONTH = 12


@dataclass(frozen=True, slots=True)
class Text:
    """Words that describe a photo, with single spaces. A negative weight takes them away."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file, as the user named it. A negative weight takes it away."""

    path: str
    weight: float = 1.0


Term: TypeAlias = Text | Picture


@dataclass(frozen=True, slots=True)
class Day:
    """A year, a month of it, or a day of that."""

    year: int
    month: int | None = None
    day: int | None = None

    def begins(self) -> datetime:
        """Its first moment, local time."""
        return datetime(self.year, self.month or 1, self.day or 1)  # noqa: DTZ001 - cameras' clocks have no zone

    def ends(self) -> datetime:
        """The first moment that is no longer in it; the last that there is, at the end of time."""
        try:
            if self.day is not None:
                return self.begins() + timedelta(days=1)
            if self.month is None or self.month == _LAST_MONTH:
                return Day(self.year + 1).begins()
            return Day(self.year, self.month + 1).begins()
        except (ValueError, OverflowError):
            return datetime.max  # noqa: DTZ901 - as above


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`, each of which belongs to it or not; None is no bound."""

    low: float | None
    high: float | None
    takes_low: bool = True
    takes_high: bool = True


@dataclass(frozen=True, slots=True)
class Dates:
    """The same of days, months and years: all of a bound that belongs to it, nothing of one that does not."""

    low: Day | None
    high: Day | None
    takes_low: bool = True
    takes_high: bool = True


@dataclass(frozen=True, slots=True)
class Turn:
    """From `first` to `last` of what comes round: months, days of the week (from 1, Monday), minutes of the day."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Circle:
    """What is at most `metres` away from a place, in degrees."""

    latitude: float
    longitude: float
    metres: float


Value: TypeAlias = str | Span | Dates | Day | Turn | Circle


@dataclass(frozen=True, slots=True)
class Filter:
    """Photos of which one of `values` holds, or with `negated`, none. `name` is a key of `filters.KINDS`."""

    name: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What all terms together look like, among the photos that every filter leaves. Without terms it is a listing."""

    terms: tuple[Term, ...]
    filters: tuple[Filter, ...] = ()

    @property
    def only_text(self) -> str | None:
        """The words, where these alone are looked for: what the model's probability has a meaning for."""
        match self.terms:
            case (Text(text, weight),) if weight > 0:
                return text
            case _:
                return None
