"""Facts in XMP (ISO 16684-1, Exif 2.32 metadata for XMP), of pictures and of sidecars."""

from __future__ import annotations

import re
from typing import Final

from indexer.metadata import Xmp, read_packets
from indexer.metadata.dates import Moment, read_date
from indexer.metadata.namespaces import EXIF, EXIF_AUX, EXIF_EX, PHOTOSHOP, TIFF, XMP
from indexer.metadata.positions import xmp_position
from indexer.metadata.texts import one_line
from store import DateSource, Metadata

from .notes import notes_of
from .shot import shot_of
from .source import Source, joined

_DATES: Final = {
    DateSource.XMP_ORIGINAL: f"{{{EXIF}}}DateTimeOriginal",
    DateSource.XMP_CREATED: f"{{{PHOTOSHOP}}}DateCreated",
    DateSource.XMP_DIGITIZED: f"{{{EXIF}}}DateTimeDigitized",
    DateSource.XMP_FILE: f"{{{XMP}}}CreateDate",
}
_PLACE: Final = tuple(
    f"{{{EXIF}}}{name}" for name in ("GPSLatitude", "GPSLongitude", "GPSLatitudeRef", "GPSLongitudeRef")
)
_LENSES: Final = (f"{{{EXIF_EX}}}LensModel", f"{{{EXIF_AUX}}}Lens", f"{{{EXIF_AUX}}}LensModel")
_SPEEDS: Final = (
    *(f"{{{EXIF_EX}}}PhotographicSensitivity", f"{{{EXIF}}}ISOSpeedRatings"),
    *(f"{{{EXIF_EX}}}{name}" for name in ("RecommendedExposureIndex", "ISOSpeed", "StandardOutputSensitivity")),
)
_EXTENSION: Final = f"{{{PHOTOSHOP}}}SidecarForExtension"


def xmp_source(xmp: Xmp) -> Source:
    """The facts in XMP. A broken one costs that fact and nothing else."""

    def text(name: str) -> str | None:
        return one_line(xmp.text(name) or "")

    return Source(
        _dates(xmp),
        xmp_position(*map(text, _PLACE)),
        notes_of(xmp),
        shot_of(
            make=text(f"{{{TIFF}}}Make"),
            model=text(f"{{{TIFF}}}Model"),
            lenses=map(text, _LENSES),
            focal_length=text(f"{{{EXIF}}}FocalLength"),
            apertures=(text(f"{{{EXIF}}}FNumber"), text(f"{{{EXIF}}}ApertureValue")),
            exposures=(text(f"{{{EXIF}}}ExposureTime"), text(f"{{{EXIF}}}ShutterSpeedValue")),
            speeds=map(text, _SPEEDS),
        ),
    )


def read_sidecar(content: bytes) -> tuple[Metadata, bytes | None]:
    """The facts in an XMP sidecar, and the ending of the picture that it says it belongs to, in lower case."""
    xmp = read_packets(content)
    extension = (xmp.text(_EXTENSION) or "").strip().lstrip(".").lower()
    is_one = re.fullmatch(r"[a-z0-9]{1,8}", extension) is not None
    return joined(xmp=xmp_source(xmp)), extension.encode() if is_one else None


def _dates(xmp: Xmp) -> dict[DateSource, Moment]:
    found = {source: read_date(xmp.text(name) or "") for source, name in _DATES.items()}
    return {source: moment for source, moment in found.items() if moment is not None}
