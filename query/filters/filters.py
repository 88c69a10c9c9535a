"""Filters of a query as sets of photos."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from query.errors import BadQuery, quoted
from query.language import (
    Circle,
    CyclicRange,
    DateRange,
    Filter,
    NamedCircle,
    NumberRange,
    PartialDate,
    Value,
    format_filter,
)
from query.language.filters import STATES
from query.places import Region, lies_in
from query.tagging.effective.tag_filter import TagNames, tagged
from store import Photo, Space, Transaction
from store.filters.criteria import (
    Added,
    Along,
    AnyOf,
    Below,
    Criterion,
    Duplicated,
    Fact,
    HasFact,
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
from store.filters.selection import path_tests

from .nearest import nearest_filter
from .places import InRegion, place_condition

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
    "id": Measure.ID,
}
_PARTS = {"month": Part.MONTH, "weekday": Part.WEEKDAY, "time": Part.MINUTE}
_WORDINGS = {name: Wording(name) for name in ("camera", "lens", "caption", "text", "keyword")}
#: Filters on the paths of files.
_PATHS = frozenset({"in", "name"})
#: Filters that compare whole names or words.
_WHOLE = frozenset({"in", "caption", "text"})
_LAST_DAY = 31
_MEGA = 1e6

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MatchingPhotos:
    """Ids of photos that match all filters, int64 (n,), ascending; if there are none, `reason` says why."""

    photo_ids: Ids
    reason: str | None


def matching_photos(t: Transaction, space: Space, filters: Sequence[Filter], directory: str) -> MatchingPhotos:
    """Return the photos with a file that match all *filters*. Relative paths are relative to *directory*, absolute.

    Raises `BadQuery` for an unknown tag.
    """
    photo_ids = _matching(t, space, filters, directory)
    return MatchingPhotos(photo_ids, None if len(photo_ids) else _reason(t, space, filters, directory))


def leading_paths(filters: Sequence[Filter], directory: str) -> Callable[[Photo], Photo]:
    """Return a function that orders a photo's paths by the number of *filters* on paths that they meet, most first.

    So a search in a folder answers with the files there, wherever else the same photo lies.
    """
    tests = path_tests(_on_paths(filters, directory))

    def lead(photo: Photo) -> Photo:
        if not tests or len(photo.paths) < 2:  # noqa: PLR2004 - nothing to choose
            return photo
        ordered = sorted(photo.paths, key=lambda path: -sum(test(path) for test in tests))
        return replace(photo, paths=tuple(ordered))

    return lead


def _on_paths(filters: Sequence[Filter], directory: str) -> list[Criterion]:
    """Return the criteria of the filters on paths that are not negated."""
    return [
        _any_of(each, [_path_criterion(each.name, value, directory) for value in each.values])
        for each in filters
        if each.name in _PATHS and not each.negated
    ]


@dataclass(frozen=True, slots=True)
class _HasTag:
    """The photo has the tag `label`, or any tag if None; `negated`, it does not."""

    label: str | None
    negated: bool = False


#: Values that stand for themselves.
_Plain: TypeAlias = str | NumberRange | DateRange | PartialDate | CyclicRange | Circle
_Condition: TypeAlias = Criterion | _HasTag | InRegion


def _matching(t: Transaction, space: Space, filters: Sequence[Filter], directory: str) -> Ids:
    translator = _Translator(t, directory)
    criteria: list[Criterion] = []
    included: list[Ids] = []
    excluded: list[Ids] = []
    for each in filters:
        conditions = [translator.condition(each, value) for value in each.values]
        plain = [condition for condition in conditions if not isinstance(condition, _HasTag | InRegion)]
        if len(plain) == len(conditions):
            criteria.append(_any_of(each, plain))
            continue
        found = [_with_tag(t, space, condition) for condition in conditions if isinstance(condition, _HasTag)]
        found += [_in_region(t, condition.region) for condition in conditions if isinstance(condition, InRegion)]
        if plain:
            found.append(t.selection.matching([AnyOf(tuple(plain))]))
        (excluded if each.negated else included).append(union(found))
    # Start from the tagged photos, which are few, unless the database has to be searched anyway.
    some = t.selection.with_file(included.pop()) if included and not criteria else t.selection.matching(criteria)
    for found_ids in included:
        some = np.intersect1d(some, found_ids, assume_unique=True)
    for found_ids in excluded:
        some = np.setdiff1d(some, found_ids, assume_unique=True)
    return t.selection.in_one_file(some, _on_paths(filters, directory))


def _any_of(each: Filter, criteria: Sequence[Criterion]) -> Criterion:
    whole = criteria[0] if len(criteria) == 1 else AnyOf(tuple(criteria))
    return Not(whole) if each.negated else whole


def _with_tag(t: Transaction, space: Space, condition: _HasTag) -> Ids:
    found = tagged(t, space, condition.label)
    return np.setdiff1d(t.selection.all(), found, assume_unique=True) if condition.negated else found


def _in_region(t: Transaction, region: Region) -> Ids:
    ids, positions = t.selection.positions()
    return ids[lies_in(region, positions)]


def _reason(t: Transaction, space: Space, filters: Sequence[Filter], directory: str) -> str:
    """Name the filter that alone matches no photo, or say that only all together match none."""
    for each in filters:
        if not len(_matching(t, space, [each], directory)):
            looser = _with_wildcards(t, each, directory)
            if looser is not None:
                return f"No photo meets {quoted(format_filter(each))}, but some meet {quoted(format_filter(looser))}"
            nearest = nearest_filter(t, each)
            but = "" if nearest is None else f"; did you mean {quoted(format_filter(nearest))}?"
            return f"No photo meets {quoted(format_filter(each))}{but}"
    return "No photo meets all of the filters together"


def _with_wildcards(t: Transaction, each: Filter, directory: str) -> Filter | None:
    """Return the filter with each name or text as a part of a longer one, if photos match that."""
    if each.name not in _WHOLE or each.negated or len(each.values) > 1:
        return None
    match _Translator(t, directory).condition(each, each.values[0]):
        case Along(names):
            parts = tuple(f"*{name.strip('*')}*" for name in names)
            looser: Criterion = Along(parts)
        case Worded(wording, pattern):
            parts = (f"*{pattern.strip('*')}*",)
            looser = Worded(wording, *parts)
        case _:
            return None
    return replace(each, values=("/".join(parts),)) if len(t.selection.matching([looser])) else None


class _Translator:
    """Translates values of filters into conditions."""

    def __init__(self, t: Transaction, directory: str) -> None:
        self._t = t
        self._directory = directory
        self._names: TagNames | None = None

    def condition(self, each: Filter, value: Value) -> _Condition:  # noqa: PLR0911 - a line each
        """Return the condition for one *value* of a filter."""
        match each.name, value:
            case "tag", str(name):
                return _HasTag(self._label(each, name))
            case "has", str(fact):
                return _HasTag(None) if fact == "tags" else HasFact(Fact(fact))
            case "is", str(state):
                return self._state(state)
            case "in", str(path):
                return _folder(path, self._directory)
            case "place", str(name):
                return place_condition(each, name)
            case "near", NamedCircle():
                return place_condition(each, value)
            case _:
                assert not isinstance(value, NamedCircle)
                return _criterion(each.name, value)

    def _state(self, state: str) -> _Condition:
        name, value, negated = STATES[state]
        if name == "duplicate":
            return Duplicated()
        found = self.condition(Filter(name, (value,)), value)
        if isinstance(found, _HasTag):
            return _HasTag(found.label, negated)
        assert not isinstance(found, InRegion)
        return Not(found) if negated else found

    def _label(self, each: Filter, name: str) -> str:
        self._names = self._names or TagNames(self._t)
        label = self._names.label(name)
        if label is None:
            near = _suggestions(self._names, name)
            hint = f"did you mean {format_filter(Filter('tag', near))}?" if near else "`photos tags` lists them"
            raise BadQuery(format_filter(each), "names an unknown tag", hint)
        return label


def _path_criterion(name: str, value: Value, directory: str) -> Criterion:
    return _folder(str(value), directory) if name == "in" else _criterion(name, str(value))


def _folder(path: str, directory: str) -> Criterion:
    """A path that starts with /, ~ or a dot is a directory; any other value is a part of paths."""
    try:
        expanded = os.path.expanduser(path) if path == "~" or path.startswith("~/") else path
        if expanded.startswith("/") or expanded.split("/")[0] in {".", ".."}:
            return Below(os.fsencode(os.path.abspath(os.path.join(directory, expanded))))
    except UnicodeEncodeError:
        raise BadQuery(f"in:{path}", "cannot be the name of a folder") from None
    return Along(tuple(part for part in expanded.split("/") if part))


def _suggestions(names: TagNames, name: str) -> tuple[str, ...]:
    """Suggest tags for the unknown *name*: all tags of a comma-separated list, or the nearest tag."""
    several = tuple(part.strip() for part in name.split(","))
    if len(several) > 1 and all(map(names.label, several)):
        return several
    near = names.nearest(name)
    return () if near is None else (near,)


def _criterion(name: str, value: _Plain) -> Criterion:  # noqa: PLR0911 - a line each
    match value:
        case NumberRange(low, high, takes_low, takes_high):
            return _numbers(name, low, high, takes_low=takes_low, takes_high=takes_high)
        case DateRange(low_day, high_day, takes_low, takes_high):
            start = None if low_day is None else low_day.start() if takes_low else low_day.end()
            end = None if high_day is None else high_day.end() if takes_high else high_day.start()
            return Added(_in_utc(start), _in_utc(end)) if name == "added" else Taken(start, end)
        case PartialDate():
            return Taken(start=value.start()) if name == "after" else Taken(end=value.start())
        case CyclicRange(first, last):
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


def _in_utc(moment: datetime | None) -> datetime | None:
    """Return local time without a zone as UTC without one."""
    try:
        return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        # The first and the last year reach into no other.
        return moment


def _numbers(name: str, low: float | None, high: float | None, *, takes_low: bool, takes_high: bool) -> Criterion:
    match name:
        case "year":
            first = None if low is None else PartialDate(int(low))
            last = None if high is None else PartialDate(int(high))
            return _criterion("date", DateRange(first, last, takes_low, takes_high))
        case "day":
            first_day = 1 if low is None else int(low) + (not takes_low)
            last_day = _LAST_DAY if high is None else int(high) - (not takes_high)
            # An empty range must not wrap around the month.
            return Recurring(Part.DAY, first_day, last_day) if first_day <= last_day else AnyOf(())
        case _:
            unit = _MEGA if name == "mp" else 1.0
            ends = (None if low is None else low * unit, None if high is None else high * unit)
            return Measured(_MEASURES[name], *ends, takes_low, takes_high)
