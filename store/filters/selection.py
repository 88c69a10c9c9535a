"""Which photos meet criteria: their ids, as sets."""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, and_, not_, or_, select

from store.records import Folder
from store.sql import schema
from store.sql.dialect import chunks, each_of, like

from .conditions import IS_THERE, condition
from .criteria import Along, AnyOf, Criterion, Named, Nearby, Not, Worded, Wording
from .earth_distance import around, distances
from .id_sets import union

_photo, _file = schema.photo.c, schema.file.c
#: As many are looked up one by one; of more, it is quicker to go through all photos by date.
_FEW = 5000
#: Marks of a pattern that the database looks at, which takes none of tens of thousands.
_TOLD_APART = 200
_COLUMNS = {Wording.CAMERA: _photo.camera, Wording.LENS: _photo.lens, Wording.CAPTION: _photo.caption}

Ids = NDArray[np.int64]


class Selection:
    """Chooses photos that have a file. Ids are int64 (n,), ascending, each once."""

    def __init__(self, connection: Connection, folders: Callable[[], list[Folder]]) -> None:
        self._connection = connection
        self._folders = folders

    def all(self) -> Ids:
        """Every photo that has a file."""
        return self._ids(select(_photo.id).where(IS_THERE))

    def there(self, photo_ids: Ids) -> Ids:
        """Those of *photo_ids* that have a file. Quicker than all that have one, as few have none."""
        return np.setdiff1d(photo_ids, self._ids(select(_photo.id).where(not_(IS_THERE))), assume_unique=True)

    def matching(self, criteria: Sequence[Criterion]) -> Ids:
        """Those that meet all of *criteria*."""
        folders = self._folders()
        conditions = [(each, condition(each, folders)) for each in criteria]
        simple = [part for _, part in conditions if part is not None]
        chosen = self._ids(select(_photo.id).where(IS_THERE, *simple)) if simple or not criteria else None
        for each in (each for each, part in conditions if part is None):
            found = self._of(each)
            chosen = found if chosen is None else np.intersect1d(chosen, found, assume_unique=True)
        assert chosen is not None
        return chosen

    def newest_first(self, photo_ids: Ids, count: int, offset: int = 0) -> list[int]:
        """*count* of these photos after *offset* others, newest first, and then those without a date."""
        if len(photo_ids) > _FEW:
            return self._newest_of_many(photo_ids, count, offset)
        dated = [
            (row.taken_at, row.id)
            for some in chunks(photo_ids.tolist())
            for row in self._connection.execute(select(_photo.id, _photo.taken_at).where(_photo.id.in_(some)))
        ]
        dated.sort(key=lambda pair: (pair[0] is not None, pair[0], pair[1]), reverse=True)
        return [photo_id for _, photo_id in dated[offset : offset + count]]

    def _newest_of_many(self, photo_ids: Ids, count: int, offset: int) -> list[int]:
        wanted = np.zeros(int(photo_ids[-1]) + 1, np.bool_)
        wanted[photo_ids] = True
        ordered = select(_photo.id).order_by(_photo.taken_at.desc(), _photo.id.desc())
        cursor = self._connection.execute(ordered).cursor
        assert cursor is not None
        found: list[int] = []
        while len(found) < offset + count and (part := cursor.fetchmany(_FEW)):
            found += [key for (key,) in part if key < len(wanted) and wanted[key]]
        return found[offset : offset + count]

    def _of(self, criterion: Criterion) -> Ids:  # noqa: PLR0911 - a line each
        """Those that meet one that takes more than a condition."""
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
                return self._captioned(pattern)
            case Worded(wording, pattern):
                return self._worded(_COLUMNS[wording], pattern)
            case Named(pattern):
                return self._named(pattern)
            case Along(names):
                return self._along(names)
            case _:
                raise AssertionError(criterion)

    def _nearby(self, place: Nearby) -> Ids:
        rows = select(_photo.id, _photo.latitude, _photo.longitude).where(IS_THERE, _in_boxes(place))
        found = list(map(tuple, self._connection.execute(rows)))
        numbers = np.array(found, np.float64).reshape(len(found), 3)
        near = distances(place.latitude, place.longitude, numbers[:, 1], numbers[:, 2]) <= place.metres
        return np.sort(numbers[near, 0].astype(np.int64))

    def _worded(self, column: ColumnElement[str | None], pattern: str) -> Ids:
        """By a text that few photos have one of their own of."""
        matches = _matcher(pattern)
        texts = self._connection.execute(select(column).where(column.is_not(None)).distinct()).scalars()
        alike = [text for text in texts if text is not None and matches(text)]
        parts = [self._ids(select(_photo.id).where(IS_THERE, column.in_(some))) for some in chunks(alike)]
        return union(parts)

    def _captioned(self, pattern: str) -> Ids:
        rows = select(_photo.id, _photo.caption).where(IS_THERE, _photo.caption.is_not(None))
        return self._passing(rows, _matcher(pattern))

    def _keyworded(self, pattern: str) -> Ids:
        keyword = each_of(_photo.keywords)
        rows = select(_photo.id, keyword.c.value).select_from(schema.photo.join(keyword, keyword.c.value.is_not(None)))
        whole = _matcher(pattern, part=False)
        return self._passing(rows.where(IS_THERE, _photo.keywords != []), whole)

    def _named(self, pattern: str) -> Ids:
        matches = _matcher(pattern)
        rows = select(_file.photo_id, _file.path).where(
            _file.photo_id.is_not(None), like(_file.path, f"%{_prefilter(pattern)}%")
        )
        return self._passing(rows, lambda path: matches(os.fsdecode(path.rpartition(b"/")[2])))

    def _along(self, names: Sequence[str]) -> Ids:
        """By directories anywhere on the whole way, those above the registered folder included."""
        wanted = re.compile("/" + "/".join(_part(name) for name in names) + "/")
        parts = []
        for folder in self._folders():
            own = os.fsdecode(folder.path).rstrip("/") + "/"
            rows = select(_file.photo_id, _file.path).where(_file.folder_id == folder.id, _file.photo_id.is_not(None))
            if wanted.search(_folded(own)) is None:
                # So the last of them at least is within.
                rows = rows.where(like(_file.path, f"%{_prefilter(names[-1])}/%"))
            parts.append(self._passing(rows, _on_the_way(own, wanted)))
        return union(parts)

    def _passing(self, rows: Select[Any], is_wanted: Callable[[Any], bool]) -> Ids:
        """The ids, first column, of *rows* whose second one *is_wanted*."""
        # From the driver's own cursor: to wrap each row takes longer than to read it.
        cursor = self._connection.execute(rows).cursor
        assert cursor is not None
        found: list[int] = []
        while part := cursor.fetchmany(_FEW):
            found += [key for key, value in part if is_wanted(value)]
        return union([np.array(found, np.int64)])

    def _ids(self, query: Select[Any]) -> Ids:
        cursor = self._connection.execute(query).cursor
        assert cursor is not None
        found = np.array([key for (key,) in cursor.fetchall()], np.int64)
        found.sort()
        return found


def _in_boxes(place: Nearby) -> ColumnElement[bool]:
    south, north, ways = around(place.latitude, place.longitude, place.metres)
    sides = or_(*(_photo.longitude.between(west, east) for west, east in ways))
    return and_(_photo.latitude.between(south, north), sides)


def _matcher(pattern: str, *, part: bool = True) -> Callable[[str], bool]:
    """Whether a text is like *pattern*, whatever the case; one without * and ? may be a *part* of it."""
    folded = _folded(pattern)
    if "*" in folded or "?" in folded:
        whole = re.compile(_translated(folded))
        return lambda text: whole.match(_folded(text)) is not None
    return (lambda text: folded in _folded(text)) if part else (lambda text: folded == _folded(text))


def _folded(text: str) -> str:
    # Some systems keep names decomposed: an e and an accent.
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def _translated(folded: str) -> str:
    # Brackets are common in names, and mean themselves.
    return fnmatch.translate(folded.replace("[", "[[]"))


def _part(name: str) -> str:
    first, *others = re.split(r"\*+", _folded(name))
    if not others:
        return _fixed(first)
    # What lies between two stars may as well be where it first is: trying other places takes for ever.
    between = "".join(f"(?>[^/]*?{_fixed(each)})" for each in others[:-1])
    return f"{_fixed(first)}{between}[^/]*{_fixed(others[-1])}"


def _fixed(text: str) -> str:
    return "".join("[^/]" if mark == "?" else re.escape(mark) for mark in text)


def _on_the_way(own: str, wanted: re.Pattern[str]) -> Callable[[bytes], bool]:
    known: dict[bytes, bool] = {}

    def passes(path: bytes) -> bool:
        directory = path.rpartition(b"/")[0]
        if directory not in known:
            way = f"{own}{os.fsdecode(directory)}/" if directory else own
            known[directory] = wanted.search(_folded(way)) is not None
        return known[directory]

    return passes


def _prefilter(pattern: str) -> str:
    r"""A pattern of LIKE, escaped by \, that takes in all that *pattern* does."""
    wild = {"*": "%", "?": "%", "%": "\\%", "_": "\\_", "\\": "\\\\"}
    # What casefolding does to letters beyond ASCII, and to those that fold into it, the database does not know.
    composed = unicodedata.normalize("NFC", pattern)
    marks = [wild.get(mark, mark) if mark.isascii() and mark not in "kKsS" else "%" for mark in composed[:_TOLD_APART]]
    return "".join(marks) + ("%" if len(composed) > _TOLD_APART else "")
