"""Facts that a picture file states about itself. A broken fact costs that fact and nothing else."""

from __future__ import annotations

import math
import re
from datetime import datetime

from PIL import ExifTags

from store import Facts

from .notes import notes_in, text_of
from .orientation import HasExif

_TIME = re.compile(r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_FARTHEST_OFFSET = 14 * 60
#: The year of the oldest surviving photograph.
_FIRST_YEAR = 1826


def read_facts(image: HasExif, size: tuple[int, int], picture_format: str, data: bytes = b"") -> Facts:
    """The facts of *image*, whose upright *size* is (width, height). *data* is the whole file."""
    tags, camera, place = _directories(image)
    latitude, longitude = _position(place)
    notes = notes_in(image, tags, data)
    base, exif = ExifTags.Base, camera
    return Facts(
        width=size[0],
        height=size[1],
        format=picture_format,
        taken_at=_time(exif.get(base.DateTimeOriginal))
        or _time(exif.get(base.DateTimeDigitized))
        or _time(tags.get(base.DateTime)),
        taken_offset=_offset(exif.get(base.OffsetTimeOriginal)) if exif.get(base.DateTimeOriginal) else None,
        camera=_camera(text_of(tags.get(base.Make)), text_of(tags.get(base.Model))),
        lens=text_of(exif.get(base.LensModel)),
        focal_length=_number(exif.get(base.FocalLength), 0.1, 100_000),
        aperture=_number(exif.get(base.FNumber), 0.1, 1000),
        exposure=_number(exif.get(base.ExposureTime), 1e-7, 1e6),
        iso=_iso(exif.get(base.ISOSpeedRatings)),
        latitude=latitude,
        longitude=longitude,
        rating=notes.rating,
        caption=notes.caption,
        keywords=notes.keywords,
    )


def _directories(image: HasExif) -> tuple[dict[int, object], dict[int, object], dict[int, object]]:
    """The main, the camera's and the GPS tags; empty if they cannot be read."""
    found: list[dict[int, object]] = []
    for directory in (None, ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        try:
            exif = image.getexif()
            found.append(dict(exif if directory is None else exif.get_ifd(directory)))
        except Exception:  # noqa: BLE001 - broken EXIF, as in `orientation`
            found.append({})
    return found[0], found[1], found[2]


def _camera(make: str | None, model: str | None) -> str | None:
    if make is None or model is None:
        return model or make
    return model if model.lower().startswith(make.split()[0].lower()) else f"{make} {model}"


def _number(value: object, least: float, most: float) -> float | None:
    """*value* if it is a number from *least* to *most*: cameras write 0, and infinity, for unknown values."""
    try:
        number = float(value)  # type: ignore[arg-type]  # any value is tried
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if least <= number <= most else None


def _iso(value: object) -> int | None:
    first = value[0] if isinstance(value, tuple) and value else value
    # 65535 means more than the tag can hold.
    number = _number(first, 1, 65534)
    return None if number is None else round(number)


def _time(value: object) -> datetime | None:
    match = _TIME.match(text_of(value) or "")
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part) for part in match.groups())
        taken = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the camera's wall clock has no zone
    except ValueError:
        return None
    return taken if taken.year >= _FIRST_YEAR else None


def _offset(value: object) -> int | None:
    match = _OFFSET.fullmatch(text_of(value) or "")
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return None if minutes > _FARTHEST_OFFSET else -minutes if match[1] == "-" else minutes


def _position(tags: dict[int, object]) -> tuple[float | None, float | None]:
    gps = ExifTags.GPS
    latitude = _degrees(tags.get(gps.GPSLatitude), tags.get(gps.GPSLatitudeRef), "S", 90)
    longitude = _degrees(tags.get(gps.GPSLongitude), tags.get(gps.GPSLongitudeRef), "W", 180)
    if latitude is None or longitude is None or latitude == longitude == 0:
        # Both or neither; and receivers without a fix write 0, 0.
        return None, None
    return latitude, longitude


def _degrees(value: object, reference: object, negative: str, most: int) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(total) or not 0 <= total <= most:
        return None
    return -total if (text_of(reference) or "").upper().startswith(negative) else total
