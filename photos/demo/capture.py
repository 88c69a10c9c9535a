"""Camera metadata of drawn pictures: time, place and camera that fit the scene, as EXIF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from .scene import Scene


@dataclass(frozen=True, slots=True)
class Capture:
    """Metadata of one picture. Degrees are WGS 84; `offset` is in minutes east of UTC."""

    taken_at: datetime
    offset: int
    region: str
    make: str
    model: str
    focal_length: float
    aperture: float
    exposure: tuple[int, int]
    iso: int
    position: tuple[float, float] | None
    #: EXIF orientation of the stored picture: 1, 3, 6 or 8.
    orientation: int


#: Place to regions: name, latitude, longitude, hours east of UTC.
_REGIONS: dict[str, tuple[tuple[str, float, float, int], ...]] = {
    "beach": (("Algarve", 37.1, -8.6, 1), ("Sardinia", 40.1, 9.6, 2), ("Queensland", -16.9, 145.8, 10)),
    "mountains": (("Alps", 46.5, 8.0, 2), ("Pyrenees", 42.7, 0.5, 2), ("Rockies", 51.2, -115.6, -6)),
    "forest": (("Black Forest", 48.3, 8.2, 2), ("Finland", 62.2, 25.7, 3)),
    "street": (("Lisbon", 38.7, -9.1, 1), ("New York", 40.7, -74.0, -4), ("Vienna", 48.2, 16.4, 2)),
    "desert": (("Morocco", 31.1, -4.0, 1), ("Arizona", 36.9, -111.4, -7)),
    "lake": (("Lake Bled", 46.4, 14.1, 2), ("Lake Como", 46.0, 9.3, 2)),
    "meadow": (("Ireland", 53.2, -9.0, 1), ("Allgau", 47.6, 10.3, 2)),
    "snowfield": (("Lapland", 67.9, 24.1, 2), ("Tyrol", 47.2, 11.4, 1)),
    "harbour": (("Bergen", 60.4, 5.3, 2), ("Honfleur", 49.4, 0.2, 2)),
    "skyline": (("Chicago", 41.9, -87.6, -5), ("Hong Kong", 22.3, 114.2, 8)),
    "waterfall": (("Iceland", 63.5, -19.5, 0), ("Plitvice", 44.9, 15.6, 2)),
    "farmland": (("Tuscany", 43.1, 11.6, 2), ("Kansas", 38.5, -98.4, -5)),
}
_CAMERAS = (
    ("Canon", "Canon EOS R6", (24.0, 35.0, 50.0, 85.0)),
    ("NIKON CORPORATION", "NIKON D750", (24.0, 35.0, 85.0)),
    ("FUJIFILM", "X-T4", (18.0, 23.0, 35.0)),
    ("Apple", "iPhone 13", (5.1,)),
    ("Google", "Pixel 7", (6.8,)),
    ("SONY", "ILCE-7M3", (28.0, 35.0, 55.0)),
)
_HOURS = {"sunrise": (6, 7), "day": (10, 16), "sunset": (19, 20), "night": (22, 23)}
_WINTER, _REST_OF_YEAR = (12, 1, 2), (4, 5, 6, 7, 8, 9, 10)


def capture_of(scene: Scene) -> Capture:
    """Metadata of *scene*, always the same."""
    random = Random(scene.seed ^ 0xCA3E7A)
    year, month = random.randint(2016, 2025), random.choice(_WINTER if scene.snowy else _REST_OF_YEAR)
    first, last = _HOURS[scene.time]
    early = 3 if scene.snowy and scene.time == "sunset" else 0
    taken_at = datetime(  # noqa: DTZ001 - a camera's wall clock
        year,
        month,
        random.randint(1, 28),
        random.randint(first, last) - early,
        random.randint(0, 59),
        random.randint(0, 59),
    )
    region, latitude, longitude, hours = random.choice(_REGIONS[scene.place])
    make, model, lenses = random.choice(_CAMERAS)
    dark = scene.time == "night"
    spread = (random.gauss(0, 0.06), random.gauss(0, 0.06))
    return Capture(
        taken_at=taken_at,
        offset=hours * 60,
        region=region,
        make=make,
        model=model,
        focal_length=random.choice(lenses),
        aperture=random.choice((1.8, 2.8, 4.0) if dark else (4.0, 5.6, 8.0)),
        exposure=(1, random.choice((15, 30, 60) if dark else (125, 250, 500))),
        iso=random.choice((1600, 3200, 6400) if dark else (100, 200, 400)),
        position=(latitude + spread[0], longitude + spread[1]) if random.random() < 0.7 else None,
        orientation=random.choices((1, 3, 6, 8), (0.82, 0.04, 0.08, 0.06))[0],
    )


def exif_of(capture: Capture) -> Image.Exif:
    """*capture* as EXIF."""
    base, gps = ExifTags.Base, ExifTags.GPS
    when = capture.taken_at.strftime("%Y:%m:%d %H:%M:%S")
    exif = Image.Exif()
    exif[base.Make], exif[base.Model], exif[base.DateTime] = capture.make, capture.model, when
    exif[base.Orientation] = capture.orientation
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    camera[base.DateTimeOriginal] = when
    sign = "-" if capture.offset < 0 else "+"
    camera[base.OffsetTimeOriginal] = f"{sign}{abs(capture.offset) // 60:02}:{abs(capture.offset) % 60:02}"
    camera[base.FocalLength] = IFDRational(round(capture.focal_length * 10), 10)
    camera[base.FNumber] = IFDRational(round(capture.aperture * 10), 10)
    camera[base.ExposureTime] = IFDRational(*capture.exposure)
    camera[base.ISOSpeedRatings] = capture.iso
    if capture.position is not None:
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        latitude, longitude = capture.position
        place[gps.GPSLatitudeRef], place[gps.GPSLatitude] = "S" if latitude < 0 else "N", _sexagesimal(latitude)
        place[gps.GPSLongitudeRef], place[gps.GPSLongitude] = "W" if longitude < 0 else "E", _sexagesimal(longitude)
    return exif


def _sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    hundredths = round(abs(degrees) * 3600 * 100)
    return (
        IFDRational(hundredths // 360_000, 1),
        IFDRational(hundredths // 6000 % 60, 1),
        IFDRational(hundredths % 6000, 100),
    )
