"""Criteria for photos: facts, times, places and paths. Plain records, free of SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


class Measure(StrEnum):
    """A numeric fact of a photo, in the units of `Facts`; `SIZE` is the file's, in bytes."""

    WIDTH = "width"
    HEIGHT = "height"
    #: Width times height.
    PIXELS = "pixels"
    SIZE = "size"
    ISO = "iso"
    APERTURE = "aperture"
    FOCAL_LENGTH = "focal_length"
    EXPOSURE = "exposure"
    #: Unrated photos have 0.
    RATING = "rating"
    #: The photo's number in this library.
    ID = "id"


class Part(StrEnum):
    """A part of the local time when a photo was taken: from 1 on, days of the week from Monday, minutes from 0."""

    MONTH = "month"
    DAY = "day"
    WEEKDAY = "weekday"
    MINUTE = "minute"


class Wording(StrEnum):
    """A textual fact of a photo."""

    CAMERA = "camera"
    LENS = "lens"
    #: In the photo's files, or by a describer.
    CAPTION = "caption"
    #: Text in the picture, as a describer read it.
    TEXT = "text"
    KEYWORD = "keyword"


class Shape(StrEnum):
    """A picture's shape, upright. A panorama is at least twice as long as it is wide, either way."""

    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"
    SQUARE = "square"
    PANORAMA = "panorama"


class Fact(StrEnum):
    """A fact that a photo has or lacks."""

    GPS = "gps"
    DATE = "date"
    CAMERA = "camera"
    LENS = "lens"
    RATING = "rating"
    #: In the photo's files, or by a describer.
    CAPTION = "caption"
    KEYWORDS = "keywords"
    DESCRIPTION = "description"
    #: Text in the picture, as a describer read it.
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Measured:
    """The measure lies from `low` to `high`; None is no bound."""

    measure: Measure
    low: float | None = None
    high: float | None = None
    takes_low: bool = True
    takes_high: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """Taken from `start` on and before `end`, local time; None is no bound."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """Added to the library from `start` on and before `end`, UTC without a zone; None is no bound."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recurring:
    """Taken when the part was from `first` to `last`, which may be before it: November to February."""

    part: Part
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Worded:
    """The text contains `pattern`, in any case; with * or ? in it, the whole text matches it.

    A caption and a text in the picture contain its words, whole and next to each other, as `words_of` has them; a
    pattern without any is a part of them.
    """

    wording: Wording
    pattern: str


@dataclass(frozen=True, slots=True)
class OfFormat:
    """The photo has the format, as `Facts` has it."""

    format: str


@dataclass(frozen=True, slots=True)
class OfShape:
    """The photo has the shape."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class HasFact:
    """The fact is known."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class Nearby:
    """Taken at most `metres` from a place, degrees WGS 84, over a sphere."""

    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Below:
    """A file lies in the directory at the absolute `path`, or below it."""

    path: bytes


@dataclass(frozen=True, slots=True)
class Along:
    """Consecutive directories on a file's path match `names`, in any case; * and ? are wild."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A file's name contains `pattern`, in any case; with * or ? in it, the whole name matches it."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Duplicated:
    """The same content lies under more than one path."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these holds."""

    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The criterion does not hold, or its fact is unknown."""

    criterion: Criterion


Leaf: TypeAlias = (
    Measured
    | Taken
    | Added
    | Recurring
    | Worded
    | OfFormat
    | OfShape
    | HasFact
    | Nearby
    | Below
    | Along
    | Named
    | Duplicated
)
Criterion: TypeAlias = Leaf | AnyOf | Not
