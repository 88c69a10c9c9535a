"""Facts in EXIF (CIPA DC-008), also where cameras and editors put its tags into the main directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PIL import ExifTags

from indexer.metadata.dates import Moment, read_date, read_offset
from indexer.metadata.positions import Position, position
from indexer.metadata.texts import exif_text, user_comment, windows_text
from store import DateSource

from .exif import HasExif
from .notes import Notes, caption_of, keywords_of, rating_of
from .shot import shot_of
from .source import Source

Tags = Mapping[int, object]
_BASE = ExifTags.Base
#: Dates, each with the tag of its offset.
_DATES: Final = {
    DateSource.ORIGINAL: (_BASE.DateTimeOriginal, _BASE.OffsetTimeOriginal),
    DateSource.DIGITIZED: (_BASE.DateTimeDigitized, _BASE.OffsetTimeDigitized),
    DateSource.CHANGED: (_BASE.DateTime, _BASE.OffsetTime),
}
#: The speed, and where that tag cannot hold it: RecommendedExposureIndex, ISOSpeed, StandardOutputSensitivity.
_SPEEDS: Final = (_BASE.ISOSpeedRatings, 0x8832, 0x8833, 0x8831)
#: Windows' Rating in stars, and in percent.
_STARS: Final = 0x4746
_PERCENT: Final = 0x4749


@dataclass(frozen=True, slots=True)
class Directories:
    """Tags of the main directory, and those of the camera and of GPS."""

    main: Tags
    camera: Tags
    gps: Tags

    def get(self, tag: int) -> object:
        """The tag's value, of the camera's directory or of the main one; None if there is none."""
        found = self.camera.get(tag)
        return self.main.get(tag) if found is None else found


def directories(image: HasExif) -> Directories:
    """The directories of *image*; empty if they cannot be read."""
    found: list[Tags] = []
    for directory in (None, ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        try:
            exif = image.getexif()
            found.append(dict(exif if directory is None else exif.get_ifd(directory)))
        except Exception:  # noqa: BLE001 - broken EXIF, as in `orientation`
            found.append({})
    return Directories(*found)


def exif_source(tags: Directories) -> Source:
    """The facts in EXIF. A broken one costs that fact and nothing else."""
    return Source(
        _dates(tags),
        _position(tags.gps),
        _notes(tags),
        shot_of(
            make=exif_text(tags.get(_BASE.Make)),
            model=exif_text(tags.get(_BASE.Model)),
            lenses=[exif_text(tags.get(_BASE.LensModel))],
            focal_length=tags.get(_BASE.FocalLength),
            apertures=(tags.get(_BASE.FNumber), tags.get(_BASE.ApertureValue)),
            exposures=(tags.get(_BASE.ExposureTime), tags.get(_BASE.ShutterSpeedValue)),
            speeds=[tags.get(tag) for tag in _SPEEDS],
        ),
    )


def _dates(tags: Directories) -> dict[DateSource, Moment]:
    found: dict[DateSource, Moment] = {}
    for source, (tag, zone) in _DATES.items():
        moment = read_date(exif_text(_without_nul(tags.get(tag))) or "")
        if moment is not None:
            # The text of a date has no zone in EXIF, and what stands there is not to be relied on.
            found[source] = Moment(moment.at, read_offset(exif_text(tags.get(zone)) or ""))
    return found


def _without_nul(written: object) -> object:
    """*written* with blanks for NULs, which some cameras put between the date and the time."""
    if isinstance(written, bytes):
        return written.replace(b"\0", b" ")
    return written.replace("\0", " ") if isinstance(written, str) else written


def _position(gps: Tags) -> Position | None:
    tag = ExifTags.GPS
    values = (gps.get(each) for each in (tag.GPSLatitude, tag.GPSLatitudeRef, tag.GPSLongitude, tag.GPSLongitudeRef))
    return position(*values)


def _notes(tags: Directories) -> Notes:
    stars = rating_of(tags.main.get(_STARS))
    return Notes(
        rating=rating_of(tags.main.get(_PERCENT), is_percent=True) if stars is None else stars,
        caption=caption_of(exif_text(tags.get(_BASE.ImageDescription))),
        keywords=keywords_of((windows_text(tags.main.get(_BASE.XPKeywords)) or "").split(";")),
        comment=_comment(tags.get(_BASE.UserComment)) or caption_of(windows_text(tags.main.get(_BASE.XPComment))),
        title=caption_of(windows_text(tags.main.get(_BASE.XPTitle)))
        or caption_of(windows_text(tags.main.get(_BASE.XPSubject))),
    )


def _comment(value: object) -> str | None:
    """The user's comment. A single letter is a camera's."""
    comment = caption_of(user_comment(value))
    return comment if comment is not None and len(comment) > 1 else None
