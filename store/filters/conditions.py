"""SQL conditions of the criteria that the database can decide alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, cast, extract, false, func, not_, or_, select

from store.records import Folder
from store.sql import schema
from store.sql.dialect import is_filled, lies_below
from store.sql.word_index import has_phrase
from store.words import words_of

from .criteria import (
    Added,
    AnyOf,
    Below,
    Criterion,
    Duplicated,
    Fact,
    HasFact,
    Measure,
    Measured,
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

_photo, _file = schema.photo.c, schema.file.c
_description, _text = schema.description.c, schema.photo_text.c
#: The rounding of exposures, f-numbers and focal lengths by cameras: 1/60 may be written as 0.0167.
_ROUNDING = 0.01
_ROUNDED = frozenset({Measure.APERTURE, Measure.FOCAL_LENGTH, Measure.EXPOSURE})
_PANORAMA = 2

#: A photo that has a file.
IS_THERE = _photo.gone_at.is_(None)

_MEASURES: dict[Measure, ColumnElement[Any]] = {
    Measure.WIDTH: _photo.width,
    Measure.HEIGHT: _photo.height,
    Measure.PIXELS: _photo.width * _photo.height,
    Measure.SIZE: _photo.size,
    Measure.ISO: _photo.iso,
    Measure.APERTURE: _photo.aperture,
    Measure.FOCAL_LENGTH: _photo.focal_length,
    Measure.EXPOSURE: _photo.exposure,
    Measure.ID: _photo.id,
    Measure.RATING: func.coalesce(_photo.own_rating, _photo.rating, 0),
}
# SQL counts days of the week from Sunday as 0.
_PARTS: dict[Part, ColumnElement[Any]] = {
    Part.MONTH: extract("month", _photo.taken_at),
    Part.DAY: extract("day", _photo.taken_at),
    Part.WEEKDAY: case((extract("dow", _photo.taken_at) == 0, 7), else_=extract("dow", _photo.taken_at)),
    Part.MINUTE: cast(extract("hour", _photo.taken_at), Integer) * 60 + extract("minute", _photo.taken_at),
}
_SHAPES: dict[Shape, ColumnElement[bool]] = {
    Shape.PORTRAIT: _photo.height > _photo.width,
    Shape.LANDSCAPE: _photo.width > _photo.height,
    Shape.SQUARE: _photo.width == _photo.height,
    Shape.PANORAMA: or_(_photo.width >= _PANORAMA * _photo.height, _photo.height >= _PANORAMA * _photo.width),
}
_FACTS: dict[Fact, ColumnElement[bool]] = {
    # The longitude: half a library is read quicker without the index on latitudes.
    Fact.GPS: _photo.longitude.is_not(None),
    Fact.DATE: _photo.taken_at.is_not(None),
    Fact.CAMERA: _photo.camera.is_not(None),
    Fact.LENS: _photo.lens.is_not(None),
    # -1 is a rating, too: a person rejected the photo. 0 is none.
    Fact.RATING: _MEASURES[Measure.RATING] != 0,
    Fact.CAPTION: _photo.caption.is_not(None)
    | _photo.id.in_(select(_description.photo_id).where(_description.caption.is_not(None))),
    Fact.KEYWORDS: is_filled(_photo.keywords),
    Fact.DESCRIPTION: _photo.id.in_(select(_description.photo_id)),
    Fact.TEXT: _photo.id.in_(select(_description.photo_id).where(_description.text.is_not(None))),
}
#: Texts that are found by their words: what `photo_text` calls them.
_KINDS = {Wording.CAPTION: "caption", Wording.TEXT: "text"}


def condition(  # noqa: C901, PLR0911, PLR0912 - a line each
    criterion: Criterion, folders: list[Folder]
) -> ColumnElement[bool] | None:
    """Return the condition on a row of photos; None if SQL cannot express it. *folders* are the registered ones."""
    match criterion:
        case Measured():
            return _measured(criterion)
        case Taken(start, end):
            return _within(_photo.taken_at, start, end)
        case Added(start, end):
            return _within(_photo.added_at, start, end)
        case Recurring(part, first, last):
            column = _PARTS[part]
            round_the_end = or_(column >= first, column <= last)
            return column.between(first, last) if first <= last else round_the_end
        case OfFormat(name):
            return _photo.format == name
        case OfShape(shape):
            return _SHAPES[shape]
        case HasFact(fact):
            return _FACTS[fact]
        case Worded(wording, pattern) if wording in _KINDS:
            return _phrased(_KINDS[wording], pattern)
        case Duplicated():
            held = select(_file.photo_id).where(_file.photo_id.is_not(None)).group_by(_file.photo_id)
            return _photo.id.in_(held.having(func.count() > 1))
        case Below(path):
            return _photo.id.in_(select(_file.photo_id).where(_file.photo_id.is_not(None), _below(path, folders)))
        case AnyOf(criteria):
            parts = [condition(each, folders) for each in criteria]
            known = [part for part in parts if part is not None]
            return or_(false(), *known) if len(known) == len(parts) else None
        case Not(inner):
            holds = condition(inner, folders)
            # A comparison with an unknown value is neither true nor false in SQL.
            return None if holds is None else not_(func.coalesce(holds, false()))
        case _:
            return None


def _phrased(kind: str, pattern: str) -> ColumnElement[bool] | None:
    """Return the condition that the words of *pattern* are in such a text; None if it has wildcards, or no words."""
    words = [] if {"*", "?"} & set(pattern) else words_of(pattern)
    if not words:
        return None
    return _photo.id.in_(select(_text.photo_id).where(_text.kind == kind, has_phrase(_text.id, _text.words, words)))


def _within(column: ColumnElement[Any], start: datetime | None, end: datetime | None) -> ColumnElement[bool]:
    """Return the condition that the time of *column* is known, from *start* on and before *end*."""
    bounds = [column >= start] if start is not None else []
    bounds += [column < end] if end is not None else []
    return and_(column.is_not(None), *bounds)


def _measured(criterion: Measured) -> ColumnElement[bool]:
    column = _MEASURES[criterion.measure]
    rounding = _ROUNDING if criterion.measure in _ROUNDED else 0.0
    bounds: list[ColumnElement[bool]] = [column.is_not(None)]
    if criterion.low is not None:
        bounds.append(column >= criterion.low * (1 - rounding) if criterion.takes_low else column > criterion.low)
    if criterion.high is not None:
        bounds.append(column <= criterion.high * (1 + rounding) if criterion.takes_high else column < criterion.high)
    return and_(*bounds)


def _below(path: bytes, folders: list[Folder]) -> ColumnElement[bool]:
    """Return the condition that a file lies below the absolute *path*."""
    start = path.rstrip(b"/") + b"/"
    ways: list[ColumnElement[bool]] = []
    for folder in folders:
        own = folder.path.rstrip(b"/") + b"/"
        if own.startswith(start):
            ways.append(_file.folder_id == folder.id)
        elif start.startswith(own):
            ways.append(and_(_file.folder_id == folder.id, lies_below(_file.path, start[len(own) : -1])))
    return or_(false(), *ways)
