"""Agreement of the facts that are read from pictures with those that exiftool reads, field by field.

    python benchmarks/quality/facts_agreement.py FOLDER [--show FIELD]

Needs `exiftool` on the PATH. For each field it counts, of the files where either has a value: those where both agree,
where they differ, and where only one of them has one. exiftool's values are taken in the order of docs/files.md.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from indexer.decode import DecodeError, read_photo
from indexer.models import Preprocessing
from store import Facts

_SQUARE = Preprocessing(32, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
#: exiftool's names, in the order of precedence; a name without a group is of EXIF.
_DATES = (
    *("ExifIFD:DateTimeOriginal", "IFD0:DateTimeOriginal", "XMP-exif:DateTimeOriginal", "XMP-photoshop:DateCreated"),
    *("IPTC:DateCreated", "ExifIFD:CreateDate", "XMP-exif:DateTimeDigitized", "XMP-xmp:CreateDate", "IFD0:ModifyDate"),
)
_CAPTIONS = (
    *("IFD0:ImageDescription", "IPTC:Caption-Abstract", "XMP-dc:Description", "ExifIFD:UserComment", "IFD0:XPComment"),
    *("XMP-dc:Title", "IPTC:ObjectName", "IFD0:XPTitle", "XMP-exif:UserComment"),
)
Tags = Mapping[str, object]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", metavar="FIELD", help="name the files where the two differ")
    arguments = parser.parse_args()
    of_exiftool = _exiftool(arguments.folder)
    counts = {field: Counter[str]() for field in _FIELDS}
    files = 0
    for path, tags in sorted(of_exiftool.items()):
        facts = _facts(path)
        if facts is None:
            continue
        files += 1
        for field, (ours, theirs, is_same) in _FIELDS.items():
            mine, other = ours(facts), theirs(tags)
            if mine is None and other is None:
                continue
            case = "only exiftool" if mine is None else "only photos" if other is None else "differ"
            case = "agree" if case == "differ" and is_same(mine, other) else case
            counts[field][case] += 1
            if arguments.show == field and case != "agree":
                print(f"{case}: {path}\n    photos   {mine!r}\n    exiftool {other!r}")
    print(f"{files} files")
    print(f"{'field':10} {'agree':>6} {'differ':>7} {'only exiftool':>14} {'only photos':>12}")
    for field, count in counts.items():
        print(
            f"{field:10} {count['agree']:6} {count['differ']:7} {count['only exiftool']:14} {count['only photos']:12}"
        )


def _exiftool(folder: Path) -> dict[Path, Tags]:
    """Tags of every file, by exiftool's names."""
    command = ["exiftool", "-j", "-n", "-G1", "-r", "-q", "-struct", "-api", "largefilesupport=1", str(folder)]
    found = subprocess.run(command, capture_output=True, check=False, text=True)
    return {Path(each["SourceFile"]): each for each in json.loads(found.stdout or "[]")}


def _facts(path: Path) -> Facts | None:
    try:
        return read_photo(path.read_bytes(), _SQUARE).facts
    except DecodeError:
        return None


def _first(tags: Tags, *names: str) -> object:
    return next((tags[name] for name in names if tags.get(name) not in {None, ""}), None)


def _date(tags: Tags) -> str | None:
    """Local time as `YYYY-MM-DD HH:MM:SS`; the first that is a date."""
    for name in _DATES:
        text = str(tags.get(name) or "")
        if name == "IPTC:DateCreated":
            text = f"{text} {tags.get('IPTC:TimeCreated', '')}"
        match = re.match(r"(\d{4}):(\d\d):(\d\d)(?: (\d\d:\d\d(?::\d\d)?))?", text)
        if match and match[1] >= "1826" and match[2] != "00" and match[3] != "00":
            return f"{match[1]}-{match[2]}-{match[3]} {(match[4] or '00:00') + ':00':.8}"
    return None


def _number(*names: str) -> Callable[[Tags], float | None]:
    def read(tags: Tags) -> float | None:
        value = _first(tags, *names)
        try:
            number = float(str(value).split()[0])
        except (ValueError, IndexError):
            return None
        return number if number > 0 and math.isfinite(number) else None

    return read


def _text(*names: str) -> Callable[[Tags], str | None]:
    def read(tags: Tags) -> str | None:
        for name in names:
            value = tags.get(name)
            value = next(iter(value.values()), "") if isinstance(value, dict) else value
            text = " ".join(str(value or "").split())
            if text and text != "x-default":
                return text
        return None

    return read


def _keywords(tags: Tags) -> frozenset[str] | None:
    found: set[str] = set()
    for name in ("XMP-dc:Subject", "IPTC:Keywords"):
        value = tags.get(name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        found |= {" ".join(str(item).split()) for item in items}
        if found:
            break
    return frozenset(word.casefold() for word in found if word) or None


def _place(tags: Tags) -> tuple[float, float] | None:
    latitude, longitude = tags.get("Composite:GPSLatitude"), tags.get("Composite:GPSLongitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    return None if latitude == longitude == 0 else (latitude, longitude)


def _rating(tags: Tags) -> float | None:
    value = _first(tags, "XMP-xmp:Rating", "IFD0:Rating")
    return float(value) if isinstance(value, int | float) and -1 <= value <= 5 else None


def _is_close(one: object, other: object) -> bool:
    return isinstance(one, int | float) and isinstance(other, int | float) and math.isclose(one, other, rel_tol=1e-3)


def _same_place(one: object, other: object) -> bool:
    return (
        isinstance(one, tuple)
        and isinstance(other, tuple)
        and all(abs(mine - theirs) < 1e-4 for mine, theirs in zip(one, other, strict=True))
    )


def _same_text(one: object, other: object) -> bool:
    return str(one).casefold()[:200] == str(other).casefold()[:200]


def _ends_with(one: object, other: object) -> bool:
    return str(one).casefold().endswith(str(other).casefold())


_FIELDS: dict[str, tuple[Callable[[Facts], object], Callable[[Tags], object], Callable[[object, object], bool]]] = {
    "date": (lambda facts: facts.taken_at and str(facts.taken_at)[:19], _date, _same_text),
    "place": (lambda facts: None if facts.latitude is None else (facts.latitude, facts.longitude), _place, _same_place),
    "camera": (lambda facts: facts.camera, _text("IFD0:Model", "XMP-tiff:Model", "IFD0:Make"), _ends_with),
    "lens": (
        lambda facts: facts.lens,
        _text("ExifIFD:LensModel", "IFD0:LensModel", "XMP-exifEX:LensModel", "XMP-aux:Lens"),
        _same_text,
    ),
    "focal": (lambda facts: facts.focal_length, _number("ExifIFD:FocalLength", "IFD0:FocalLength"), _is_close),
    "aperture": (
        lambda facts: facts.aperture,
        _number("ExifIFD:FNumber", "IFD0:FNumber", "XMP-exif:FNumber", "ExifIFD:ApertureValue"),
        _is_close,
    ),
    "exposure": (
        lambda facts: facts.exposure,
        _number("ExifIFD:ExposureTime", "IFD0:ExposureTime", "XMP-exif:ExposureTime", "ExifIFD:ShutterSpeedValue"),
        _is_close,
    ),
    "iso": (lambda facts: facts.iso, _number("ExifIFD:ISO", "IFD0:ISO", "XMP-exif:ISO"), _is_close),
    "rating": (lambda facts: facts.rating, _rating, _is_close),
    "caption": (lambda facts: facts.caption, _text(*_CAPTIONS), _same_text),
    "keywords": (
        lambda facts: frozenset(word.casefold() for word in facts.keywords) or None,
        _keywords,
        lambda one, other: isinstance(one, frozenset) and isinstance(other, frozenset) and one >= other,
    ),
}

if __name__ == "__main__":
    sys.exit(main())
