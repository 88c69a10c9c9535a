"""The filters: names, aliases, and parsers of their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from . import numbers, times
from .errors import InvalidPart, closest_match
from .query import Value

#: Formats by their common names.
FORMATS: Final = {
    "jpeg": "JPEG", "jpg": "JPEG", "png": "PNG", "webp": "WEBP", "heif": "HEIF", "heic": "HEIF", "avif": "AVIF",
    "tiff": "TIFF", "tif": "TIFF", "gif": "GIF", "bmp": "BMP", "raw": "RAW",
}  # fmt: skip
#: The largest number of a photo that a float holds exactly.
MOST_ID: Final = 2**53
SHAPES: Final = ("portrait", "landscape", "square", "panorama")
#: Values of `has:`, with synonyms.
FACTS: Final = {
    "gps": "gps", "location": "gps", "place": "gps", "date": "date", "time": "date", "camera": "camera",
    "lens": "lens", "rating": "rating", "caption": "caption", "keyword": "keywords", "keywords": "keywords",
    "tag": "tags", "tags": "tags", "description": "description", "text": "text",
}  # fmt: skip
#: Values of `is:`: the filter that each stands for, its value, and whether it is negated.
STATES: Final = {
    "duplicate": ("duplicate", "", False), "tagged": ("has", "tags", False), "untagged": ("has", "tags", True),
    "rated": ("has", "rating", False), "unrated": ("has", "rating", True), "dated": ("has", "date", False),
    "undated": ("has", "date", True), "raw": ("format", "RAW", False),
    **{shape: ("orientation", shape, False) for shape in SHAPES},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FilterType:
    """A filter: parser of its values, an example value, and aliases of its name."""

    parse_value: Callable[[str], Value]
    example: str
    aliases: tuple[str, ...] = ()


def _words(text: str) -> Value:
    return " ".join(text.split())


def _path(text: str) -> Value:
    return text


def _choice(what: str, known: Mapping[str, str]) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        found = known.get(text.strip().lower())
        if found is None:
            near = closest_match(text.strip().lower(), known)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
            raise InvalidPart(f"needs {what}, not {text.strip()!r}", hint)
        return found

    return read


def _identity(names: tuple[str, ...] | Mapping[str, object]) -> dict[str, str]:
    return {name: name for name in names}


def _range(number: Callable[[str], float]) -> Callable[[str], Value]:
    return lambda text: numbers.number_range(text, number)


FILTER_TYPES: Final[dict[str, FilterType]] = {
    "tag": FilterType(_words, "dog", ("label", "tags")),
    "in": FilterType(_path, "2019/Italy", ("folder", "path", "dir")),
    "name": FilterType(_path, "*.png", ("file", "filename")),
    "date": FilterType(times.date_range, "2019-07..2019-08", ("taken", "on")),
    "added": FilterType(times.date_range, "last-week", ("imported",)),
    "after": FilterType(times.partial_date, "2022-06", ("since",)),
    "before": FilterType(times.partial_date, "2022-06"),
    "year": FilterType(_range(numbers.integer(1, 9999)), "2019..2021"),
    "month": FilterType(times.months, "dec"),
    "day": FilterType(_range(numbers.integer(1, 31)), "24"),
    "weekday": FilterType(times.weekdays, "sat..sun"),
    "time": FilterType(times.times, "evening", ("hour",)),
    "camera": FilterType(_words, "nikon"),
    "lens": FilterType(_words, "50mm"),
    "iso": FilterType(_range(numbers.with_unit("iso")), "..400"),
    "aperture": FilterType(_range(numbers.with_unit("f/", "f")), "..2.8", ("f",)),
    "focal": FilterType(_range(numbers.with_unit("mm")), "85..", ("mm",)),
    "exposure": FilterType(_range(numbers.seconds), "1/250..", ("shutter",)),
    "near": FilterType(numbers.circle, "48.85,2.35,10km"),
    "place": FilterType(_words, "italy", ("country", "city")),
    "format": FilterType(_choice("a format", FORMATS), "raw", ("type",)),
    "orientation": FilterType(_choice("a shape", _identity(SHAPES)), "portrait", ("shape",)),
    "rating": FilterType(_range(numbers.integer(-1, 5)), "4..", ("stars",)),
    "mp": FilterType(numbers.megapixels, ">12", ("megapixels",)),
    "filesize": FilterType(_range(numbers.file_size), ">5mb", ("bytes",)),
    "size": FilterType(_path, ">12mp"),
    "width": FilterType(_range(numbers.with_unit("px")), "4000.."),
    "height": FilterType(_range(numbers.with_unit("px")), "..1080"),
    "id": FilterType(_range(numbers.integer(1, MOST_ID)), "12|15..18"),
    "keyword": FilterType(_words, "holiday", ("keywords",)),
    "caption": FilterType(_words, "birthday", ("title", "description")),
    "text": FilterType(_words, "invoice", ("ocr",)),
    "is": FilterType(_choice("a state", _identity(STATES)), "duplicate"),
    "has": FilterType(_choice("a fact", FACTS), "gps"),
}


_ALIASES: Final = {alias: name for name, kind in FILTER_TYPES.items() for alias in (name, *kind.aliases)}
#: Pseudo-filter for a picture.
LIKE: Final = "like"


def find_filter(word: str) -> str | None:
    """Return the name of the filter, or `LIKE`, that *word* names or is an alias of; else None."""
    return LIKE if word.lower() == LIKE else _ALIASES.get(word.lower())


def closest_filter(word: str) -> str | None:
    """Return the filter name spelt most like *word*, or None."""
    return closest_match(word.lower(), [*_ALIASES, LIKE])


def parse_values(name: str, texts: list[str]) -> tuple[str, tuple[Value, ...]]:
    """Parse the values of a filter. Returns its name too: `size` becomes `mp` or `filesize` by the unit.

    Raises `InvalidPart`.
    """
    if name == "size":
        of_file = {numbers.is_file_size(text) for text in texts}
        if len(of_file) > 1:
            raise InvalidPart("mixes megapixels and bytes", "write two filters")
        name = "filesize" if of_file == {True} else "mp"
    return name, tuple(FILTER_TYPES[name].parse_value(text) for text in texts)
