"""Facts of pictures as their sources state them, and the order in which sources fill each other's gaps."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

#: Seconds.
_MINUTE, _QUARTER, _FARTHEST_ZONE = 60, 15 * 60, 14 * 3600


class DateSource(StrEnum):
    """The property that a date was read from, in the order in which they are taken."""

    ORIGINAL = "DateTimeOriginal"
    XMP_ORIGINAL = "XMP exif:DateTimeOriginal"
    XMP_CREATED = "XMP photoshop:DateCreated"
    IPTC_CREATED = "IPTC DateCreated"
    TAKEOUT = "Takeout photoTakenTime"
    DIGITIZED = "DateTimeDigitized"
    XMP_DIGITIZED = "XMP exif:DateTimeDigitized"
    IPTC_DIGITIZED = "IPTC DigitalCreationDate"
    XMP_FILE = "XMP xmp:CreateDate"
    #: EXIF's time of the last change, which is less sure: every editor sets it.
    CHANGED = "DateTime"

    @property
    def doubt(self) -> int:
        """0 for times of capture, 1 for times of digitizing, 2 for the time of the last change."""
        return _DOUBTS.get(self, 0)


_DOUBTS = {
    DateSource.DIGITIZED: 1,
    DateSource.XMP_DIGITIZED: 1,
    DateSource.IPTC_DIGITIZED: 1,
    DateSource.XMP_FILE: 1,
    DateSource.CHANGED: 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Facts that one source states, with gaps: a picture's own tags, or a sidecar. Degrees are WGS 84."""

    #: Local wall-clock time without a zone, as the camera wrote it.
    taken_at: datetime | None = None
    #: Minutes east of UTC, if it is known.
    taken_offset: int | None = None
    date_source: DateSource | None = None
    camera: str | None = None
    lens: str | None = None
    #: Millimetres, f-number, seconds, ISO speed.
    focal_length: float | None = None
    aperture: float | None = None
    exposure: float | None = None
    iso: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    #: 1 to 5 stars, 0 for none, -1 for rejected, as XMP has it.
    rating: int | None = None
    caption: str | None = None
    keywords: tuple[str, ...] = ()

    def over(self, other: Metadata) -> Metadata:
        """These facts, with gaps filled from *other*.

        A date is filled as a whole, and so is a place. A date that is less sure than the other one counts as a gap.
        """
        merged: dict[str, Any] = {name: getattr(self, name) for name in METADATA}
        for name in METADATA:
            if merged[name] is None or merged[name] == ():
                merged[name] = getattr(other, name)
        dated = other if _is_surer(other, self) else self
        merged.update(taken_at=dated.taken_at, taken_offset=dated.taken_offset, date_source=dated.date_source)
        if dated.taken_offset is None and self.taken_at == other.taken_at:
            # The same time by the clock, of which one source knows the zone.
            merged["taken_offset"] = self.taken_offset if dated is other else other.taken_offset
        placed = other if self.latitude is None or self.longitude is None else self
        merged.update(latitude=placed.latitude, longitude=placed.longitude)
        return Metadata(**merged)


def _is_surer(one: Metadata, other: Metadata) -> bool:
    if one.taken_at is None or other.taken_at is None:
        return other.taken_at is None
    if other.date_source is DateSource.TAKEOUT and _is_same_moment(one, other):
        # Takeout tells no zone, so the clock of the camera says more.
        return True
    doubts = [0 if each.date_source is None else each.date_source.doubt for each in (one, other)]
    return doubts[0] < doubts[1]


def _is_same_moment(local: Metadata, universal: Metadata) -> bool:
    """Return whether the *local* time, in some zone, is the *universal* one."""
    assert local.taken_at is not None
    assert universal.taken_at is not None
    apart = (local.taken_at - universal.taken_at).total_seconds()
    if local.taken_offset is not None:
        return abs(apart - local.taken_offset * 60) < _MINUTE
    # Zones differ by quarters of an hour.
    return abs(apart) <= _FARTHEST_ZONE and abs(apart - round(apart / _QUARTER) * _QUARTER) < _MINUTE


@dataclass(frozen=True, slots=True)
class Facts(Metadata):
    """The metadata of a picture file. `width` and `height` are upright pixels."""

    width: int
    height: int
    format: str

    def under(self, other: Metadata) -> Facts:
        """These facts, with those of *other*, a sidecar's, over them."""
        merged = other.over(self)
        return Facts(self.width, self.height, self.format, **{name: getattr(merged, name) for name in METADATA})


class SidecarRank(IntEnum):
    """The precedence of a sidecar of a picture by its name, the highest first."""

    #: `IMG.JPG.xmp`: it can belong to that file alone.
    OWN = 0
    #: `IMG.xmp`.
    STEM = 1
    #: The sidecar of another file of the photo: the RAW file, or the original of an edited picture.
    OTHER = 2
    #: `IMG.JPG.json` of a takeout.
    TAKEOUT = 3


#: The names of the facts that a source may state.
METADATA = tuple(each.name for each in fields(Metadata))
