"""Parsers of numbers in filters: ranges, units, and photographers' notations."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from .errors import InvalidPart
from .query import Circle, NamedCircle, NumberRange

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MARKS = (">=", "<=", ">", "<")
#: A range with a dash, which other programs use.
_DASHED = re.compile(r"([^\s,-][^,-]*?)\s*-\s*([^\s,-][^,-]*)")
_BYTES = {"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9}
#: Metres.
_LENGTHS = {"m": 1.0, "km": 1000.0, "mi": 1609.344}
_DEFAULT_METRES = 1000.0
#: Half the rounding of megapixels: "12mp" is what is sold as 12.
_HALF_A_MEGAPIXEL = 0.5


def range_ends(text: str) -> tuple[str, str, bool, bool] | None:
    """Return the ends of a range as text ("" for none) and whether each is included; None if *text* is not a range."""
    for mark in _MARKS:
        if text.startswith(mark):
            end = text.removeprefix(mark).strip()
            if not end:
                raise InvalidPart(f"has nothing after {mark}")
            return (end, "", mark == ">=", True) if mark.startswith(">") else ("", end, True, mark == "<=")
    if ".." not in text:
        return None
    low, _, high = text.partition("..")
    if not low.strip() and not high.strip():
        raise InvalidPart("has a range without an end", "write 3..5, 3.. or ..5")
    return low.strip(), high.strip(), True, True


def number_range(text: str, number: Callable[[str], float]) -> NumberRange:
    """Parse a number or a range of numbers."""
    ends = range_ends(text)
    if ends is None:
        try:
            value = number(text)
        except InvalidPart as invalid:
            raise InvalidPart(invalid.problem, invalid.hint or notation_hint(text)) from None
        return NumberRange(value, value)
    low, high = (number(end) if end else None for end in ends[:2])
    if low is not None and high is not None and low > high:
        raise InvalidPart("has a range that runs backwards", f"write {ends[1]}..{ends[0]}")
    return NumberRange(low, high, *ends[2:])


def notation_hint(text: str) -> str:
    """Return a hint if *text* is a range or list in another notation, such as 1-5, 4+ or 1,2; else ""."""
    bare = text.strip()
    if found := _DASHED.fullmatch(bare):
        return f"did you mean {found[1]}..{found[2]}?"
    if bare.endswith("+") and bare[:1].isdigit():
        return f"did you mean `{bare[:-1].rstrip()}..`?"
    parts = [part.strip() for part in bare.split(",")]
    return f"did you mean {'|'.join(parts)}?" if len(parts) > 1 and all(parts) else ""


def number(text: str) -> float:
    """Parse a number without a unit."""
    if _NUMBER.fullmatch(text.strip()) is None or not math.isfinite(value := float(text)):
        raise InvalidPart(f"needs a number, not {text.strip()!r}")
    return value


def integer(least: int, most: int) -> Callable[[str], float]:
    """Return a parser of whole numbers within these limits."""

    def parse(text: str) -> float:
        value = number(text)
        if value != round(value) or not least <= value <= most:
            raise InvalidPart(f"needs a whole number from {least} to {most}, not {text.strip()!r}")
        return value

    return parse


def with_unit(*units: str) -> Callable[[str], float]:
    """Return a parser of numbers from 0 on, with one of *units* before or after, or without."""

    def parse(text: str) -> float:
        bare = text.strip().lower()
        for unit in units:
            bare = bare.removeprefix(unit).removesuffix(unit).strip()
        return _positive(bare, text)

    return parse


def seconds(text: str) -> float:
    """Parse an exposure in seconds: 1/250, 0.5, 2s."""
    bare = text.strip().lower().removesuffix("s").strip()
    over, slash, under = bare.partition("/")
    if not slash:
        return _positive(bare, text)
    below = _positive(under, text)
    if below == 0 or not math.isfinite(value := _positive(over, text) / below):
        raise InvalidPart(f"needs a time such as 1/250, not {text.strip()!r}")
    return value


def file_size(text: str) -> float:
    """Parse a file size in bytes: b, kB, MB or GB, in steps of a thousand."""
    return _scaled(text, _BYTES, 1.0)


def is_file_size(text: str) -> bool:
    """True if a size, or an end of a range, has a unit of bytes, not of megapixels."""
    return any(end.strip().lower().endswith("b") for end in text.split(".."))


def megapixels(text: str) -> NumberRange:
    """Parse millions of pixels. A single number means all values that round to it."""
    found = number_range(text, with_unit("mp"))
    if found.low is None or found.low != found.high:
        return found
    return NumberRange(max(0.0, found.low - _HALF_A_MEGAPIXEL), found.low + _HALF_A_MEGAPIXEL)


def circle(text: str) -> Circle | NamedCircle:
    """Parse LATITUDE,LONGITUDE or the name of a place, and a distance: 48.85,2.35,10km or Paris,10km."""
    parts = [part.strip() for part in text.split(",")]
    if not _NUMBER.match(parts[0]):
        return _named_circle(parts)
    if len(parts) not in {2, 3}:
        raise InvalidPart("needs a place as two numbers and a distance", "as in near:48.85,2.35,10km")
    latitude, longitude = (number(part) for part in parts[:2])
    if not -90 <= latitude <= 90:  # noqa: PLR2004 - degrees
        raise InvalidPart(f"has a latitude of {parts[0]}, and they go from -90 to 90")
    if not -180 <= longitude <= 180:  # noqa: PLR2004 - degrees
        raise InvalidPart(f"has a longitude of {parts[1]}, and they go from -180 to 180")
    metres = _scaled(parts[2], _LENGTHS, 1000.0) if len(parts) > 2 else _DEFAULT_METRES  # noqa: PLR2004 - the distance
    return Circle(latitude, longitude, metres)


def _named_circle(parts: list[str]) -> NamedCircle:
    has_distance = len(parts) > 1 and _NUMBER.match(parts[-1]) is not None
    metres = _scaled(parts[-1], _LENGTHS, 1000.0) if has_distance else None
    names = parts[: len(parts) - has_distance]
    if not all(names):
        raise InvalidPart("needs the name of a place", "as in near:Paris or near:Paris,10km")
    return NamedCircle(", ".join(" ".join(name.split()) for name in names), metres)


def _scaled(text: str, units: Mapping[str, float], default: float) -> float:
    bare = text.strip().lower()
    unit = next((unit for unit in sorted(units, key=len, reverse=True) if bare.endswith(unit)), None)
    value = _positive(bare.removesuffix(unit or ""), text) * (default if unit is None else units[unit])
    if not math.isfinite(value):
        raise InvalidPart(f"needs a smaller number than {text.strip()!r}")
    return value


def _positive(bare: str, text: str) -> float:
    if _NUMBER.fullmatch(bare.strip()) is None or not 0 <= (value := float(bare)) < math.inf:
        raise InvalidPart(f"needs a number from 0 on, not {text.strip()!r}")
    return value
