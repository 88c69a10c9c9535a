"""Filters on places by name: a circle around a city, or a region."""

from __future__ import annotations

from dataclasses import dataclass

from query.errors import BadQuery
from query.language import Filter, NamedCircle, format_filter
from query.places import Region, find_place, nearest_names
from store.filters.criteria import Nearby


@dataclass(frozen=True, slots=True)
class InRegion:
    """The photo was taken in the region."""

    region: Region


def place_condition(each: Filter, value: str | NamedCircle) -> Nearby | InRegion:
    """Return the condition for one *value* of the filter `place` or `near`.

    Raises `BadQuery` for a name that is not known, and for a region where only a circle is meant.
    """
    name = value if isinstance(value, str) else value.place
    found = find_place(name)
    if found is None:
        raise _unknown(each, name)
    if isinstance(found, Region):
        if isinstance(value, str):
            return InRegion(found)
        raise BadQuery(format_filter(each), f"names all of {found.name}", f"write {_shown('place', found.name)}")
    metres = None if isinstance(value, str) else value.metres
    return Nearby(found.latitude, found.longitude, found.metres if metres is None else metres)


def _unknown(each: Filter, name: str) -> BadQuery:
    near = [_shown(each.name, other) for other in nearest_names(name)]
    hint = f"did you mean {', '.join(near)}?" if near else "give its position, as in near:48.85,2.35,10km"
    return BadQuery(format_filter(each), "names no place that is known", hint)


def _shown(name: str, value: str) -> str:
    return format_filter(Filter(name, (value,)))
