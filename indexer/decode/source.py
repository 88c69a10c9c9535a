"""Facts by their sources within a file, EXIF, IPTC and XMP, and how they are joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from indexer.metadata.dates import Moment, first_date
from indexer.metadata.positions import Position
from store import DateSource, Metadata

from .notes import Notes


@dataclass(frozen=True, slots=True)
class Source:
    """The facts in one kind of tags: all its dates, its place, its notes, and those of the camera in `shot`."""

    dates: Mapping[DateSource, Moment] = field(default_factory=dict)
    position: Position | None = None
    notes: Notes = field(default_factory=Notes)
    shot: Metadata = field(default_factory=Metadata)


_NOTHING: Final = Source()


def joined(exif: Source = _NOTHING, iptc: Source = _NOTHING, xmp: Source = _NOTHING) -> Metadata:
    """The facts of a file.

    Dates count in the order of `DateSource`. The first description counts in the order EXIF, IPTC, XMP (Metadata
    Working Group, Guidelines 2.0, 5.2), then comments, then titles. Ratings and keywords of XMP come first, and
    everything else is EXIF's, then XMP's.
    """
    dated = first_date({**xmp.dates, **iptc.dates, **exif.dates})
    latitude, longitude = exif.position or xmp.position or (None, None)
    notes = xmp.notes.over(iptc.notes).over(exif.notes)
    shot = exif.shot.over(xmp.shot)
    captions = (
        *(each.notes.caption for each in (exif, iptc, xmp)),
        *(each.notes.comment for each in (exif, xmp)),
        *(each.notes.title for each in (xmp, iptc, exif)),
    )
    return Metadata(
        taken_at=None if dated is None else dated[1].at,
        taken_offset=None if dated is None else dated[1].offset,
        date_source=None if dated is None else dated[0],
        camera=shot.camera,
        lens=shot.lens,
        focal_length=shot.focal_length,
        aperture=shot.aperture,
        exposure=shot.exposure,
        iso=shot.iso,
        latitude=latitude,
        longitude=longitude,
        rating=notes.rating,
        caption=next((each for each in captions if each is not None), None),
        keywords=notes.keywords,
    )
