"""Selection: the ids of photos that match criteria."""

from __future__ import annotations

import fnmatch
import math
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select

from store.records import Folder
from store.sql import schema
from store.sql.dialect import chunks, day_of, each_of, is_filled, like, plain_cursor

from .conditions import IS_THERE, condition
from .criteria import Along, AnyOf, Below, Criterion, Named, Nearby, Not, Worded, Wording
from .id_sets import union

_photo, _file = schema.photo.c, schema.file.c
#: Up to this many photos are looked up by id; of more, it is quicker to go through all photos by date.
_FEW = 5000
#: Rows that are read at once where all are.
_PART = 1000
#: Characters of a pattern that the database compares; it refuses patterns of tens of thousands.
_COMPARED_CHARACTERS = 200
_PLACES = select(_photo.id, _photo.latitude, _photo.longitude).where(IS_THERE)
_description = schema.description.c
_COLUMNS = {Wording.CAMERA: _photo.camera, Wording.LENS: _photo.lens}
#: The mean radius of the earth, metres (IUGG). Distances are on a sphere.
_RADIUS = 6_371_008.8
_ALL_LONGITUDES = [(-180.0, 180.0)]
#: Metres by which a box is larger than the circle in it, so that no rounding leaves anything out.
_MARGIN = 1.0

#: Photos without a date come last.
_NEWEST_FIRST = (_photo.taken_at.desc().nulls_last(), _photo.id.desc())
_EPOCH = date(1970, 1, 1)
#: The day of photos without a date: the one before 0001-01-01.
NO_DAY: Final = (date.min - _EPOCH).days - 1

Ids = NDArray[np.int64]
#: Tells whether a file at an absolute path meets a criterion.
PathTest = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Photos in an order: ids, sizes in pixels, and days since 1970-01-01 by the cameras' clocks; all int64 (n,).

    The day of photos without a date is `NO_DAY`.
    """

    ids: Ids
    widths: NDArray[np.int64]
    heights: NDArray[np.int64]
    days: NDArray[np.int64]

    def at(self, places: NDArray[np.int64]) -> Shapes:
        """Return the photos at these places, in that order."""
        return Shapes(self.ids[places], self.widths[places], self.heights[places], self.days[places])


class Selection:
    """Selects photos that have a file. Ids are int64 (n,), ascending, each once. *folders* returns all folders."""

    def __init__(self, connection: Connection, folders: Callable[[], list[Folder]]) -> None:
        self._connection = connection
        self._folders = folders

    def all(self) -> Ids:
        """Return every photo that has a file."""
        return self._ids(select(_photo.id).where(IS_THERE))

    def with_file(self, photo_ids: Ids) -> Ids:
        """Return those of *photo_ids* that have a file. Few have none, so it is quicker than `all`."""
        return np.setdiff1d(photo_ids, self._ids(select(_photo.id).where(not_(IS_THERE))), assume_unique=True)

    def matching(self, criteria: Sequence[Criterion]) -> Ids:
        """Return the photos that match all of *criteria*."""
        folders = self._folders()
        conditions = [(each, condition(each, folders)) for each in criteria]
        simple = [part for _, part in conditions if part is not None]
        chosen = self._ids(select(_photo.id).where(IS_THERE, *simple)) if simple or not criteria else None
        for each in (each for each, part in conditions if part is None):
            found = self._of(each)
            chosen = found if chosen is None else np.intersect1d(chosen, found, assume_unique=True)
        assert chosen is not None
        return chosen

    def in_one_file(self, photo_ids: Ids, criteria: Sequence[Criterion]) -> Ids:
        """Return the photos of which one file meets all *criteria* on paths; *photo_ids* meet each by some file."""
        tests = path_tests(criteria)
        if len(tests) < 2:  # noqa: PLR2004 - one alone is met by one file
            return photo_ids
        several = select(_file.photo_id).where(_file.photo_id.is_not(None)).group_by(_file.photo_id)
        rows = select(_file.photo_id, schema.folder.c.path, _file.path).join(schema.folder)
        of_several = rows.where(_file.photo_id.in_(several.having(func.count() > 1)))
        asked: set[int] = set()
        met: set[int] = set()
        for key, folder, path in plain_cursor(self._connection, of_several).fetchall():
            asked.add(key)
            if key not in met and all(test(os.path.join(folder, path)) for test in tests):
                met.add(key)
        split = np.array(sorted(asked - met), np.int64)
        return np.setdiff1d(photo_ids, split, assume_unique=True)

    def positions(self) -> tuple[Ids, NDArray[np.float64]]:
        """Return the photos whose position is known, and their latitudes and longitudes in degrees, float64 (n, 2)."""
        known = _PLACES.where(_photo.latitude.is_not(None), _photo.longitude.is_not(None))
        return self._places(known.order_by(_photo.id))

    def newest_first(
        self, photo_ids: Ids, count: int, offset: int = 0, after: tuple[datetime | None, int] | None = None
    ) -> list[int]:
        """Return *count* of these photos from *offset* on: newest first, those without a date last.

        With *after*, a date and an id, only those that come after that place in the order.
        """
        rows = select(_photo.id, _photo.taken_at)
        if after is not None:
            rows = rows.where(_is_later(*after))
        if len(photo_ids) > _FEW:
            return self._newest_of_many(rows, photo_ids, count, offset)
        dated = [
            (row.taken_at, row.id)
            for some in chunks(photo_ids.tolist())
            for row in self._connection.execute(rows.where(_photo.id.in_(some)))
        ]
        dated.sort(key=lambda pair: (pair[0] is not None, pair[0], pair[1]), reverse=True)
        return [photo_id for _, photo_id in dated[offset : offset + count]]

    def shapes(self) -> Shapes:
        """Return every photo with its size and its day, newest first, those without a date last."""
        rows = select(_photo.id, _photo.width, _photo.height, day_of(_photo.taken_at)).where(IS_THERE)
        cursor = plain_cursor(self._connection, rows.order_by(*_NEWEST_FIRST))
        days = _Days()
        parts = [np.empty((4, 0), np.int64)]
        # In parts that stay in the processor's cache.
        while found := cursor.fetchmany(_PART):
            ids, widths, heights, dates = zip(*found, strict=True)
            parts.append(np.array([ids, widths, heights, tuple(map(days.__getitem__, dates))], np.int64))
        return Shapes(*np.concatenate(parts, 1))

    def _newest_of_many(self, rows: Select[Any], photo_ids: Ids, count: int, offset: int) -> list[int]:
        wanted = np.zeros(int(photo_ids[-1]) + 1, np.bool_)
        wanted[photo_ids] = True
        ordered = rows.with_only_columns(_photo.id).order_by(*_NEWEST_FIRST)
        cursor = plain_cursor(self._connection, ordered)
        found: list[int] = []
        while len(found) < offset + count and (part := cursor.fetchmany(_FEW)):
            found += [key for (key,) in part if key < len(wanted) and wanted[key]]
        return found[offset : offset + count]

    def _of(self, criterion: Criterion) -> Ids:  # noqa: PLR0911 - a line each
        """Return the photos that match a criterion for which there is no SQL condition."""
        match criterion:
            case AnyOf(criteria):
                return union([self.matching([each]) for each in criteria])
            case Not(inner):
                return np.setdiff1d(self.all(), self.matching([inner]), assume_unique=True)
            case Nearby():
                return self._nearby(criterion)
            case Worded(Wording.KEYWORD, pattern):
                return self._keyworded(pattern)
            case Worded(Wording.CAPTION, pattern):
                own = select(_photo.id, _photo.caption).where(IS_THERE, _photo.caption.is_not(None))
                return union([self._passing(own, _matcher(pattern)), self._described(_description.caption, pattern)])
            case Worded(Wording.TEXT, pattern):
                return self._described(_description.text, pattern)
            case Worded(wording, pattern):
                return self._worded(_COLUMNS[wording], pattern)
            case Named(pattern):
                return self._named(pattern)
            case Along(names):
                return self._along(names)
            case _:
                raise AssertionError(criterion)

    def _nearby(self, place: Nearby) -> Ids:
        ids, places = self._places(_PLACES.where(_in_boxes(place)))
        near = distances(place.latitude, place.longitude, places[:, 0], places[:, 1]) <= place.metres
        return np.sort(ids[near])

    def _places(self, query: Select[Any]) -> tuple[Ids, NDArray[np.float64]]:
        """Return the ids of *query*, a part of `_PLACES`, and their latitudes and longitudes, float64 (n, 2)."""
        found = plain_cursor(self._connection, query).fetchall()
        ids = np.array([row[0] for row in found], np.int64)
        return ids, np.array([row[1:] for row in found], np.float64).reshape(len(found), 2)

    def _worded(self, column: ColumnElement[str | None], pattern: str) -> Ids:
        """Match a text that has few distinct values."""
        matches = _matcher(pattern)
        texts = self._connection.execute(select(column).where(column.is_not(None)).distinct()).scalars()
        alike = [text for text in texts if text is not None and matches(text)]
        parts = [self._ids(select(_photo.id).where(IS_THERE, column.in_(some))) for some in chunks(alike)]
        return union(parts)

    def _described(self, column: ColumnElement[str | None], pattern: str) -> Ids:
        """Match a text by describers."""
        rows = select(_photo.id, column).select_from(schema.photo.join(schema.description))
        return self._passing(rows.where(IS_THERE, column.is_not(None)), _matcher(pattern))

    def _keyworded(self, pattern: str) -> Ids:
        keyword = each_of(_photo.keywords)
        rows = select(_photo.id, keyword.c.value).select_from(schema.photo.join(keyword, keyword.c.value.is_not(None)))
        whole = _matcher(pattern, part=False)
        return self._passing(rows.where(IS_THERE, is_filled(_photo.keywords)), whole)

    def _named(self, pattern: str) -> Ids:
        matches = _matcher(pattern)
        rows = select(_file.photo_id, _file.path).where(
            _file.photo_id.is_not(None), like(_file.path, f"%{_prefilter(pattern)}%")
        )
        return self._passing(rows, lambda path: matches(os.fsdecode(path.rpartition(b"/")[2])))

    def _along(self, names: Sequence[str]) -> Ids:
        """Match directories anywhere on the absolute path, also above the registered folder."""
        wanted = _along_pattern(names)
        parts = []
        for folder in self._folders():
            own = os.fsdecode(folder.path).rstrip("/") + "/"
            rows = select(_file.photo_id, _file.path).where(_file.folder_id == folder.id, _file.photo_id.is_not(None))
            if wanted.search(_folded(own)) is None:
                # So at least the last of them lies within.
                rows = rows.where(like(_file.path, f"%{_prefilter(names[-1])}/%"))
            parts.append(self._passing(rows, _directory_test(own, wanted)))
        return union(parts)

    def _passing(self, rows: Select[Any], is_wanted: Callable[[Any], bool]) -> Ids:
        """Return the ids, the first column, of *rows* whose second column *is_wanted*."""
        cursor = plain_cursor(self._connection, rows)
        found: list[int] = []
        while part := cursor.fetchmany(_FEW):
            found += [key for key, value in part if is_wanted(value)]
        return union([np.array(found, np.int64)])

    def _ids(self, query: Select[Any]) -> Ids:
        found = np.array([key for (key,) in plain_cursor(self._connection, query).fetchall()], np.int64)
        found.sort()
        return found


def _is_later(taken_at: datetime | None, photo_id: int) -> ColumnElement[bool]:
    """Return the condition of photos that come after this place: newest first, those without a date last."""
    if taken_at is None:
        return and_(_photo.taken_at.is_(None), _photo.id < photo_id)
    same = and_(_photo.taken_at == taken_at, _photo.id < photo_id)
    return or_(_photo.taken_at < taken_at, same, _photo.taken_at.is_(None))


class _Days(dict[str | None, int]):
    """Days since 1970-01-01 by their dates: many photos share one."""

    def __missing__(self, text: str | None) -> int:
        self[text] = day = NO_DAY if text is None else (date.fromisoformat(text) - _EPOCH).days
        return day


def path_tests(criteria: Sequence[Criterion]) -> list[PathTest]:
    """Return the tests of absolute paths of those *criteria* that are about paths alone."""
    return [test for test in map(_path_test, criteria) if test is not None]


def _path_test(criterion: Criterion) -> PathTest | None:
    match criterion:
        case Below(path):
            start = path.rstrip(b"/") + b"/"
            return lambda file: file.startswith(start)
        case Named(pattern):
            matches = _matcher(pattern)
            return lambda file: matches(os.fsdecode(file.rpartition(b"/")[2]))
        case Along(names):
            passes = _directory_test("/", _along_pattern(names))
            return lambda file: passes(file[1:])
        case AnyOf(criteria):
            tests = path_tests(criteria)
            return (lambda file: any(test(file) for test in tests)) if len(tests) == len(criteria) else None
        case _:
            return None


def _in_boxes(place: Nearby) -> ColumnElement[bool]:
    south, north, ways = around(place.latitude, place.longitude, place.metres)
    sides = or_(*(_photo.longitude.between(west, east) for west, east in ways))
    return and_(_photo.latitude.between(south, north), sides)


def _matcher(pattern: str, *, part: bool = True) -> Callable[[str], bool]:
    """Return a test for texts that match *pattern* in any case; without * and ?, it may be *part* of the text."""
    folded = _folded(pattern)
    if "*" in folded or "?" in folded:
        whole = re.compile(_translated(folded))
        return lambda text: whole.match(_folded(text)) is not None
    return (lambda text: folded in _folded(text)) if part else (lambda text: folded == _folded(text))


def _folded(text: str) -> str:
    # Some systems store names decomposed: an e and an accent.
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def _translated(folded: str) -> str:
    # Brackets are common in names, and are no wildcards here.
    return fnmatch.translate(folded.replace("[", "[[]"))


def _along_pattern(names: Sequence[str]) -> re.Pattern[str]:
    return re.compile("/" + "/".join(_part(name) for name in names) + "/")


def _part(name: str) -> str:
    first, *others = re.split(r"\*+", _folded(name))
    if not others:
        return _fixed(first)
    # A part between two stars is taken where it first occurs: trying other places takes exponential time.
    between = "".join(f"(?>[^/]*?{_fixed(each)})" for each in others[:-1])
    return f"{_fixed(first)}{between}[^/]*{_fixed(others[-1])}"


def _fixed(text: str) -> str:
    return "".join("[^/]" if mark == "?" else re.escape(mark) for mark in text)


def _directory_test(own: str, wanted: re.Pattern[str]) -> Callable[[bytes], bool]:
    known: dict[bytes, bool] = {}

    def passes(path: bytes) -> bool:
        directory = path.rpartition(b"/")[0]
        if directory not in known:
            way = f"{own}{os.fsdecode(directory)}/" if directory else own
            known[directory] = wanted.search(_folded(way)) is not None
        return known[directory]

    return passes


def _prefilter(pattern: str) -> str:
    r"""Return a pattern of LIKE, escaped by \, that matches everything that *pattern* does."""
    wild = {"*": "%", "?": "%", "%": "\\%", "_": "\\_", "\\": "\\\\"}
    # The database does not casefold letters beyond ASCII, or those that fold into it.
    composed = unicodedata.normalize("NFC", pattern)
    marks = [
        wild.get(mark, mark) if mark.isascii() and mark not in "kKsS" else "%"
        for mark in composed[:_COMPARED_CHARACTERS]
    ]
    return "".join(marks) + ("%" if len(composed) > _COMPARED_CHARACTERS else "")


def around(latitude: float, longitude: float, metres: float) -> tuple[float, float, list[tuple[float, float]]]:
    """Return the southern and the northern bound of a circle, and the spans of longitude, degrees, that it lies in.

    There are two spans if it crosses the date line; it has all longitudes if it contains a pole.
    """
    angle = (metres + _MARGIN) / _RADIUS
    south, north = latitude - math.degrees(angle), latitude + math.degrees(angle)
    if south <= -90 or north >= 90:  # noqa: PLR2004 - the poles
        return max(south, -90.0), min(north, 90.0), _ALL_LONGITUDES
    # The meridians touch the circle here, which is not at its centre's latitude.
    half = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(latitude)))))
    west, east = longitude - half, longitude + half
    if west < -180:  # noqa: PLR2004 - the date line
        return south, north, [(west + 360, 180.0), (-180.0, east)]
    if east > 180:  # noqa: PLR2004 - the date line
        return south, north, [(west, 180.0), (-180.0, east - 360)]
    return south, north, [(west, east)]


def distances(
    latitude: float, longitude: float, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the metres from a place to others, float64 (n,), by the haversine formula (Sinnott, 1984)."""
    from_south, to_south = math.radians(latitude), np.radians(latitudes)
    across = np.sin((to_south - from_south) / 2) ** 2
    along = np.sin(np.radians(longitudes - longitude) / 2) ** 2
    chord = across + math.cos(from_south) * np.cos(to_south) * along
    metres: NDArray[np.float64] = 2 * _RADIUS * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return metres
