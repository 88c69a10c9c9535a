"""Filters of a query as sets of photos."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from query.errors import BadQuery
from query.language import Circle, Dates, Day, Filter, Span, Turn, Value, filter_written
from query.language.filters import STATES
from query.tagging.effective.tag_filter import TagNames, tagged
from store import Space, Transaction
from store.filters.criteria import (
    Along,
    AnyOf,
    Below,
    Criterion,
    Duplicated,
    Fact,
    Known,
    Measure,
    Measured,
    Named,
    Nearby,
    Not,
    OfFormat,
    OfShape,
    Part,
    Recurring,
    Shape,
    Taken,
    Worded,
    Wording,
)
from store.filters.id_sets import union

_MEASURES = {
    "width": Measure.WIDTH,
    "height": Measure.HEIGHT,
    "mp": Measure.PIXELS,
    "filesize": Measure.SIZE,
    "iso": Measure.ISO,
    "aperture": Measure.APERTURE,
    "focal": Measure.FOCAL_LENGTH,
    "exposure": Measure.EXPOSURE,
    "rating": Measure.RATING,
}
_PARTS = {"month": Part.MONTH, "weekday": Part.WEEKDAY, "time": Part.MINUTE}
_WORDINGS = {name: Wording(name) for name in ("camera", "lens", "caption", "keyword")}
_LAST_DAY = 31
_MEGA = 1e6

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Left:
    """The photos that filters leave, int64 (n,), ascending; where there are none, `reason` says why."""

    photo_ids: Ids
    reason: str | None


def left_by(t: Transaction, space: Space, filters: Sequence[Filter], directory: str) -> Left:
    """The photos that have a file and meet all *filters*. Relative paths begin in *directory*, which is absolute.

    Raises `BadQuery` for a tag that no photo can have.
    """
    chosen = _chosen(t, space, filters, directory)
    return Left(chosen, None if len(chosen) else _reason(t, space, filters, directory))


@dataclass(frozen=True, slots=True)
class _HasTag:
    """The photo shows the label, or without one any; or with `negated` does not."""

    label: str | None
    negated: bool = False


_Choice: TypeAlias = Criterion | _HasTag


def _chosen(t: Transaction, space: Space, filters: Sequence[Filter], directory: str) -> Ids:
    reader = _Reader(t, directory)
    criteria: list[Criterion] = []
    with_tag: list[Ids] = []
    without: list[Ids] = []
    for each in filters:
        choices = [reader.choice(each, value) for value in each.values]
        plain = [choice for choice in choices if not isinstance(choice, _HasTag)]
        if len(plain) == len(choices):
            criteria.append(_any_of(each, plain))
            continue
        found = [_of_tag(t, space, choice) for choice in choices if isinstance(choice, _HasTag)]
        if plain:
            found.append(t.selection.matching([AnyOf(tuple(plain))]))
        (without if each.negated else with_tag).append(union(found))
    # All photos are many to begin with, where tags leave few.
    some = t.selection.there(with_tag.pop()) if with_tag and not criteria else t.selection.matching(criteria)
    for found_ids in with_tag:
        some = np.intersect1d(some, found_ids, assume_unique=True)
    for found_ids in without:
        some = np.setdiff1d(some, found_ids, assume_unique=True)
    return some


def _any_of(each: Filter, criteria: Sequence[Criterion]) -> Criterion:
    whole = criteria[0] if len(criteria) == 1 else AnyOf(tuple(criteria))
    return Not(whole) if each.negated else whole


def _of_tag(t: Transaction, space: Space, choice: _HasTag) -> Ids:
    found = tagged(t, space, choice.label)
    return np.setdiff1d(t.selection.all(), found, assume_unique=True) if choice.negated else found


def _reason(t: Transaction, space: Space, filters: Sequence[Filter], directory: str) -> str:
    """Which filter alone leaves nothing, or that they do so together."""
    for each in filters:
        if not len(_chosen(t, space, [each], directory)):
            looser = _looser(t, each, directory)
            but = "" if looser is None else f", but some meet `{filter_written(looser)}`"
            return f"No photo meets `{filter_written(each)}`{but}"
    return "No photo meets all of the filters together"


def _looser(t: Transaction, each: Filter, directory: str) -> Filter | None:
    """The filter with parts of folders' names in place of whole ones, if photos meet that."""
    if each.name != "in" or each.negated or len(each.values) > 1:
        return None
    match _Reader(t, directory).choice(each, each.values[0]):
        case Along(names):
            parts = tuple(f"*{name}*" for name in names)
            return replace(each, values=("/".join(parts),)) if len(t.selection.matching([Along(parts)])) else None
        case _:
            return None


class _Reader:
    """Says of filters' values which photos are meant."""

    def __init__(self, t: Transaction, directory: str) -> None:
        self._t = t
        self._directory = directory
        self._names: TagNames | None = None

    def choice(self, each: Filter, value: Value) -> _Choice:
        """The photos of which *value* holds."""
        match each.name, value:
            case "tag", str(name):
                return _HasTag(self._label(each, name))
            case "has", str(fact):
                return _HasTag(None) if fact == "tags" else Known(Fact(fact))
            case "is", str(state):
                return self._state(state)
            case "in", str(path):
                return self._folder(path)
            case _:
                return _criterion(each.name, value)

    def _state(self, state: str) -> _Choice:
        name, value, negated = STATES[state]
        if name == "duplicate":
            return Duplicated()
        found = self.choice(Filter(name, (value,)), value)
        if isinstance(found, _HasTag):
            return _HasTag(found.label, negated)
        return Not(found) if negated else found

    def _label(self, each: Filter, name: str) -> str:
        self._names = self._names or TagNames(self._t)
        label = self._names.label(name)
        if label is None:
            meant = _meant(self._names, name)
            hint = f"did you mean {filter_written(Filter('tag', meant))}?" if meant else "`photos tags` lists them"
            raise BadQuery(filter_written(each), "names a tag that there is not", hint)
        return label

    def _folder(self, path: str) -> Criterion:
        """A path that begins with /, ~ or a dot is that directory; any other one is a part of paths."""
        try:
            expanded = os.path.expanduser(path) if path == "~" or path.startswith("~/") else path
            if expanded.startswith("/") or expanded.split("/")[0] in {".", ".."}:
                return Below(os.fsencode(os.path.abspath(os.path.join(self._directory, expanded))))
        except UnicodeEncodeError:
            raise BadQuery(f"in:{path}", "can be the name of no folder") from None
        return Along(tuple(part for part in expanded.split("/") if part))


def _meant(names: TagNames, name: str) -> tuple[str, ...]:
    """What *name*, which is no tag, may stand for: tags in a row with commas between them, or the nearest one."""
    several = tuple(part.strip() for part in name.split(","))
    if len(several) > 1 and all(map(names.label, several)):
        return several
    near = names.nearest(name)
    return () if near is None else (near,)


def _criterion(name: str, value: Value) -> Criterion:  # noqa: PLR0911 - a line each
    match value:
        case Span(low, high, takes_low, takes_high):
            return _numbers(name, low, high, takes_low=takes_low, takes_high=takes_high)
        case Dates(low_day, high_day, takes_low, takes_high):
            start = None if low_day is None else low_day.begins() if takes_low else low_day.ends()
            end = None if high_day is None else high_day.ends() if takes_high else high_day.begins()
            return Taken(start, end)
        case Day():
            return Taken(start=value.begins()) if name == "after" else Taken(end=value.begins())
        case Turn(first, last):
            return Recurring(_PARTS[name], first, last)
        case Circle(latitude, longitude, metres):
            return Nearby(latitude, longitude, metres)
        case str() if name == "format":
            return OfFormat(value)
        case str() if name == "orientation":
            return OfShape(Shape(value))
        case str() if name == "name":
            return Named(value)
        case str():
            return Worded(_WORDINGS[name], value)


def _numbers(name: str, low: float | None, high: float | None, *, takes_low: bool, takes_high: bool) -> Criterion:
    match name:
        case "year":
            first = None if low is None else Day(int(low))
            last = None if high is None else Day(int(high))
            return _criterion("date", Dates(first, last, takes_low, takes_high))
        case "day":
            first_day = 1 if low is None else int(low) + (not takes_low)
            last_day = _LAST_DAY if high is None else int(high) - (not takes_high)
            # A range that holds no day must not come round.
            return Recurring(Part.DAY, first_day, last_day) if first_day <= last_day else AnyOf(())
        case _:
            unit = _MEGA if name == "mp" else 1.0
            ends = (None if low is None else low * unit, None if high is None else high * unit)
            return Measured(_MEASURES[name], *ends, takes_low, takes_high)
