"""The filters: their names, and how the value of each is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from . import numbers, times
from .errors import Wrong, nearest
from .query import Value

#: Formats, as files call themselves and as people call them.
FORMATS: Final = {
    "jpeg": "JPEG", "jpg": "JPEG", "png": "PNG", "webp": "WEBP", "heif": "HEIF", "heic": "HEIF", "avif": "AVIF",
    "tiff": "TIFF", "tif": "TIFF", "gif": "GIF", "bmp": "BMP", "raw": "RAW",
}  # fmt: skip
SHAPES: Final = ("portrait", "landscape", "square", "panorama")
#: What `has:` can ask for, and under which names.
FACTS: Final = {
    "gps": "gps", "location": "gps", "place": "gps", "date": "date", "time": "date", "camera": "camera",
    "lens": "lens", "rating": "rating", "caption": "caption", "keyword": "keywords", "keywords": "keywords",
    "tag": "tags", "tags": "tags",
}  # fmt: skip
#: What `is:` can ask for: the filter that it stands for, its value, and whether that is turned round.
STATES: Final = {
    "duplicate": ("duplicate", "", False), "tagged": ("has", "tags", False), "untagged": ("has", "tags", True),
    "rated": ("has", "rating", False), "unrated": ("has", "rating", True), "dated": ("has", "date", False),
    "undated": ("has", "date", True), "raw": ("format", "RAW", False),
    **{shape: ("orientation", shape, False) for shape in SHAPES},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A filter: how a value is read, what a value looks like, and what else the filter is called."""

    read: Callable[[str], Value]
    example: str
    aliases: tuple[str, ...] = ()


def _words(text: str) -> Value:
    return " ".join(text.split())


def _path(text: str) -> Value:
    return text


def _one_of(what: str, known: Mapping[str, str]) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        found = known.get(text.strip().lower())
        if found is None:
            near = nearest(text.strip().lower(), known)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
            raise Wrong(f"needs {what}, not {text.strip()!r}", hint)
        return found

    return read


def _each(names: tuple[str, ...] | Mapping[str, object]) -> dict[str, str]:
    return {name: name for name in names}


def _span(number: Callable[[str], float]) -> Callable[[str], Value]:
    return lambda text: numbers.span(text, number)


KINDS: Final[dict[str, Kind]] = {
    "tag": Kind(_words, "dog", ("label", "tags")),
    "in": Kind(_path, "2019/Italy", ("folder", "path", "dir")),
    "name": Kind(_path, "*.png", ("file", "filename")),
    "date": Kind(times.dates, "2019-07..2019-08", ("taken", "on")),
    "after": Kind(times.day, "2022-06", ("since",)),
    "before": Kind(times.day, "2022-06"),
    "year": Kind(_span(numbers.whole(1, 9999)), "2019..2021"),
    "month": Kind(times.months, "dec"),
    "day": Kind(_span(numbers.whole(1, 31)), "24"),
    "weekday": Kind(times.weekdays, "sat..sun"),
    "time": Kind(times.times, "evening", ("hour",)),
    "camera": Kind(_words, "nikon"),
    "lens": Kind(_words, "50mm"),
    "iso": Kind(_span(numbers.with_unit("iso")), "..400"),
    "aperture": Kind(_span(numbers.with_unit("f/", "f")), "..2.8", ("f",)),
    "focal": Kind(_span(numbers.with_unit("mm")), "85..", ("mm",)),
    "exposure": Kind(_span(numbers.seconds), "1/250..", ("shutter",)),
    "near": Kind(numbers.circle, "48.85,2.35,10km"),
    "format": Kind(_one_of("a format", FORMATS), "raw", ("type",)),
    "orientation": Kind(_one_of("a shape", _each(SHAPES)), "portrait", ("shape",)),
    "rating": Kind(_span(numbers.whole(-1, 5)), "4..", ("stars",)),
    "mp": Kind(numbers.megapixels, ">12", ("megapixels",)),
    "filesize": Kind(_span(numbers.file_size), ">5mb", ("bytes",)),
    "size": Kind(_path, ">12mp"),
    "width": Kind(_span(numbers.with_unit("px")), "4000.."),
    "height": Kind(_span(numbers.with_unit("px")), "..1080"),
    "keyword": Kind(_words, "holiday", ("keywords",)),
    "caption": Kind(_words, "birthday", ("title", "description")),
    "is": Kind(_one_of("a state", _each(STATES)), "duplicate"),
    "has": Kind(_one_of("a fact", FACTS), "gps"),
}


_ALIASES: Final = {alias: name for name, kind in KINDS.items() for alias in (name, *kind.aliases)}
#: The pseudo-filter that names a picture.
LIKE: Final = "like"


def filter_named(word: str) -> str | None:
    """The filter, or `LIKE`, that *word* stands for."""
    return LIKE if word.lower() == LIKE else _ALIASES.get(word.lower())


def nearest_name(word: str) -> str | None:
    """The filter's name that is spelt most like *word*."""
    return nearest(word.lower(), [*_ALIASES, LIKE])


def read_values(name: str, texts: list[str]) -> tuple[str, tuple[Value, ...]]:
    """The filter, which for sizes depends on their unit, and its values. Raises `Wrong`."""
    if name == "size":
        of_file = {numbers.is_file_size(text) for text in texts}
        if len(of_file) > 1:
            raise Wrong("mixes megapixels and bytes", "write two filters")
        name = "filesize" if of_file == {True} else "mp"
    return name, tuple(KINDS[name].read(text) for text in texts)
