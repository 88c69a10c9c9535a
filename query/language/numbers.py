"""Numbers in filters: bounds, units, and the ways in which photographers write them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from .errors import Wrong
from .query import Circle, Span

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MARKS = (">=", "<=", ">", "<")
#: A range as it is written elsewhere.
_DASHED = re.compile(r"([^\s,-][^,-]*?)\s*-\s*([^\s,-][^,-]*)")
_BYTES = {"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9}
#: Metres.
_LENGTHS = {"m": 1.0, "km": 1000.0, "mi": 1609.344}
_DEFAULT_METRES = 1000.0
#: Half of what megapixels are rounded to: "12mp" is what is sold as 12.
_HALF_A_MEGAPIXEL = 0.5


def bounds(text: str) -> tuple[str, str, bool, bool] | None:
    """The ends of a range as they are written ("" for none), and whether each belongs to it; None if it is none."""
    for mark in _MARKS:
        if text.startswith(mark):
            end = text.removeprefix(mark).strip()
            if not end:
                raise Wrong(f"has nothing after {mark}")
            return (end, "", mark == ">=", True) if mark.startswith(">") else ("", end, True, mark == "<=")
    if ".." not in text:
        return None
    low, _, high = text.partition("..")
    if not low.strip() and not high.strip():
        raise Wrong("has a range without an end", "write 3..5, 3.. or ..5")
    return low.strip(), high.strip(), True, True


def span(text: str, number: Callable[[str], float]) -> Span:
    """A number or a range of them."""
    ends = bounds(text)
    if ends is None:
        try:
            value = number(text)
        except Wrong as wrong:
            raise Wrong(wrong.problem, wrong.hint or meant(text)) from None
        return Span(value, value)
    low, high = (number(end) if end else None for end in ends[:2])
    if low is not None and high is not None and low > high:
        raise Wrong("has a range that runs backwards", f"write {ends[1]}..{ends[0]}")
    return Span(low, high, *ends[2:])


def meant(text: str) -> str:
    """A hint on how *text* is written here, if it is a range or a list as they are written elsewhere; else nothing."""
    bare = text.strip()
    if found := _DASHED.fullmatch(bare):
        return f"did you mean {found[1]}..{found[2]}?"
    if bare.endswith("+") and bare[:1].isdigit():
        return f"did you mean `{bare[:-1].rstrip()}..`?"
    parts = [part.strip() for part in bare.split(",")]
    return f"did you mean {'|'.join(parts)}?" if len(parts) > 1 and all(parts) else ""


def plain(text: str) -> float:
    """A number without a unit."""
    if _NUMBER.fullmatch(text.strip()) is None or not math.isfinite(value := float(text)):
        raise Wrong(f"needs a number, not {text.strip()!r}")
    return value


def whole(least: int, most: int) -> Callable[[str], float]:
    """A reader of whole numbers within these limits."""

    def read(text: str) -> float:
        value = plain(text)
        if value != round(value) or not least <= value <= most:
            raise Wrong(f"needs a whole number from {least} to {most}, not {text.strip()!r}")
        return value

    return read


def with_unit(*units: str) -> Callable[[str], float]:
    """A reader of numbers from 0 on before or after which one of *units* may stand."""

    def read(text: str) -> float:
        bare = text.strip().lower()
        for unit in units:
            bare = bare.removeprefix(unit).removesuffix(unit).strip()
        return _positive(bare, text)

    return read


def seconds(text: str) -> float:
    """An exposure: 1/250, 0.5, 2s."""
    bare = text.strip().lower().removesuffix("s").strip()
    over, slash, under = bare.partition("/")
    if not slash:
        return _positive(bare, text)
    below = _positive(under, text)
    if below == 0 or not math.isfinite(value := _positive(over, text) / below):
        raise Wrong(f"needs a time such as 1/250, not {text.strip()!r}")
    return value


def file_size(text: str) -> float:
    """Bytes, kB, MB or GB, in steps of a thousand."""
    return _scaled(text, _BYTES, 1.0)


def is_file_size(text: str) -> bool:
    """Whether a size, or an end of a range of them, is written in bytes rather than in megapixels."""
    return any(end.strip().lower().endswith("b") for end in text.split(".."))


def megapixels(text: str) -> Span:
    """Millions of pixels; a single number is what would be rounded to it."""
    found = span(text, with_unit("mp"))
    if found.low is None or found.low != found.high:
        return found
    return Span(max(0.0, found.low - _HALF_A_MEGAPIXEL), found.low + _HALF_A_MEGAPIXEL)


def circle(text: str) -> Circle:
    """LATITUDE,LONGITUDE and a distance: 48.85,2.35,10km."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in {2, 3}:
        raise Wrong("needs a place as two numbers and a distance", "as in near:48.85,2.35,10km")
    latitude, longitude = (plain(part) for part in parts[:2])
    if not -90 <= latitude <= 90:  # noqa: PLR2004 - degrees
        raise Wrong(f"has a latitude of {parts[0]}, and they go from -90 to 90")
    if not -180 <= longitude <= 180:  # noqa: PLR2004 - degrees
        raise Wrong(f"has a longitude of {parts[1]}, and they go from -180 to 180")
    metres = _scaled(parts[2], _LENGTHS, 1000.0) if len(parts) > 2 else _DEFAULT_METRES  # noqa: PLR2004 - the distance
    return Circle(latitude, longitude, metres)


def _scaled(text: str, units: Mapping[str, float], default: float) -> float:
    bare = text.strip().lower()
    unit = next((unit for unit in sorted(units, key=len, reverse=True) if bare.endswith(unit)), None)
    value = _positive(bare.removesuffix(unit or ""), text) * (default if unit is None else units[unit])
    if not math.isfinite(value):
        raise Wrong(f"needs a smaller number than {text.strip()!r}")
    return value


def _positive(bare: str, text: str) -> float:
    if _NUMBER.fullmatch(bare.strip()) is None or not 0 <= (value := float(bare)) < math.inf:
        raise Wrong(f"needs a number from 0 on, not {text.strip()!r}")
    return value
