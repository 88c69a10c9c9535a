"""Positions in EXIF and XMP, as receivers and programs spell them. Degrees are WGS 84."""

from __future__ import annotations

import math
import re
from typing import Final

from .texts import exif_text

Position = tuple[float, float]
_HALF: Final = 1 << 31
#: `52,30.5N`, `52,30,30N` (XMP), `52.508`, `-52.5`, `52.5 N`, `52 deg 30' 30.00" N`.
_TEXT: Final = re.compile(
    r"\s*(?P<before>[NSEWnsew])?\s*(?P<sign>[+-])?(?P<degrees>\d{1,3}(?:\.\d*)?|\.\d+)"
    r"(?:\s*(?:[,;]|deg|[°º]|\s)\s*(?P<minutes>\d{1,2}(?:\.\d+)?))?(?:\s*[,;'\u2032\s]\s*(?P<seconds>\d{1,2}(?:\.\d+)?))?"
    r"[\s\"'\u2032\u2033°º,]*(?P<side>[NSEWnsew])?\w*\s*"
)


def position(latitude: object, latitude_side: object, longitude: object, longitude_side: object) -> Position | None:
    """Degrees north and east of EXIF's values and references; None unless both are known.

    Values are one to three numbers, or texts as in XMP. A value below zero is south or west. Without a reference a
    value says nothing, unless the other one, without a reference too, is below zero: then both are signed.
    """
    found = (_value(latitude, 90, "NS"), _value(longitude, 180, "EW"))
    if found[0] is None or found[1] is None:
        return None
    sides = (_side(latitude_side, "NS"), _side(longitude_side, "EW"))
    are_signed = not any(sides) and min(found[0][0], found[1][0]) < 0
    return _both(
        *(
            _signed(value, side or own, are_signed=are_signed or value < 0)
            for (value, own), side in zip((found[0], found[1]), sides, strict=True)
        )
    )


def xmp_position(
    latitude: str | None, longitude: str | None, latitude_side: str | None = None, longitude_side: str | None = None
) -> Position | None:
    """Degrees north and east of XMP's texts.

    Texts without a side, and without a reference, which some programs write as in EXIF, are signed.
    """
    found = (_of_text(latitude or "", 90, "NS"), _of_text(longitude or "", 180, "EW"))
    if found[0] is None or found[1] is None:
        return None
    sides = (_side(latitude_side, "NS"), _side(longitude_side, "EW"))
    return _both(
        *(
            _signed(value, own or side, are_signed=True)
            for (value, own), side in zip((found[0], found[1]), sides, strict=True)
        )
    )


def _both(latitude: float | None, longitude: float | None) -> Position | None:
    if latitude is None or longitude is None or latitude == longitude == 0:
        # Receivers without a fix write 0, 0.
        return None
    return latitude, longitude


def _value(value: object, most: int, sides: str) -> tuple[float, str] | None:
    """Degrees, with the sign as written, and the side if a text names it."""
    if isinstance(value, str | bytes):
        return _of_text(exif_text(value) or "", most, sides)
    parts = value if isinstance(value, tuple | list) else (value,)
    try:
        numbers = [_signed_number(part) for part in parts]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not 1 <= len(numbers) <= 3:  # noqa: PLR2004 - degrees, minutes, seconds
        return None
    total = sum(abs(number) / 60**place for place, number in enumerate(numbers))
    # A part that is not finite is 0/0: it was not known.
    if not all(map(math.isfinite, numbers)) or total > most:
        return None
    return (-total if min(numbers) < 0 else total), ""


def _signed_number(part: object) -> float:
    """*part* as a number; numerators that a program wrote below zero into an unsigned tag come as almost 2^32."""
    numerator, denominator = getattr(part, "numerator", 0), getattr(part, "denominator", 1)
    if isinstance(numerator, int) and _HALF <= numerator < 2 * _HALF and denominator:
        return float((numerator - 2 * _HALF) / denominator)
    return float(part)  # type: ignore[arg-type]  # any value is tried


def _of_text(text: str, most: int, sides: str) -> tuple[float, str] | None:
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    side = (found["side"] or found["before"] or "").upper()
    total = float(found["degrees"]) + float(found["minutes"] or 0) / 60 + float(found["seconds"] or 0) / 3600
    if total > most or (side and side not in sides):
        return None
    return (-total if found["sign"] == "-" else total), side


def _side(reference: object, sides: str) -> str:
    """One letter of *sides*; empty if the reference is missing or another one."""
    first = (exif_text(reference) or " ")[0].upper()
    return first if first in sides else ""


def _signed(value: float, side: str, *, are_signed: bool) -> float | None:
    if not side:
        return value if are_signed else None
    return -abs(value) if side in "SW" else value
