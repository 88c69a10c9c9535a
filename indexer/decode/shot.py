"""Camera, lens and exposure: numbers and names as cameras write them, in EXIF and XMP."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from store import Metadata

#: Names that mean that there is none.
_NO_NAME: Final = frozenset({"unknown", "unknown lens", "none", "no lens", "n/a", "na", "null", "undefined", "(null)"})
#: `0.0 mm f/0.0`: a lens that tells the camera nothing.
_NO_LENS: Final = re.compile(r"[0.\s-]*mm\s*f?/?[0.\s-]*", re.IGNORECASE)
#: More than the tag can hold; the true number is in another one.
_OVERFLOW: Final = 65535
_MOST_ISO: Final = 100_000_000


def shot_of(
    *,
    make: str | None,
    model: str | None,
    lenses: Iterable[str | None],
    focal_length: object,
    apertures: tuple[object, object],
    exposures: tuple[object, object],
    speeds: Iterable[object],
) -> Metadata:
    """The facts of a camera. Of *lenses* and *speeds* the first usable one counts.

    *apertures* are the f-number and, in APEX units, ApertureValue; *exposures* are seconds and ShutterSpeedValue.
    """
    f_number, aperture_value = apertures
    seconds, speed_value = exposures
    return Metadata(
        camera=_camera(_named(make), _named(model)),
        lens=next(
            (lens for each in lenses if (lens := _named(each)) is not None and not _NO_LENS.fullmatch(lens)), None
        ),
        focal_length=bounded_number(focal_length, 0.1, 100_000),
        aperture=bounded_number(f_number, 0.1, 1000) or _power(aperture_value, 0.5, 0.1, 1000),
        exposure=bounded_number(seconds, 1e-7, 1e6) or _power(speed_value, -1, 1e-7, 1e6),
        iso=next((speed for each in speeds if (speed := _speed(each)) is not None), None),
    )


def bounded_number(value: object, least: float, most: float) -> float | None:
    """*value*, a number or a text such as `28/10`, if it lies between *least* and *most*.

    Cameras write 0, and infinity, for unknown values.
    """
    first = value[0] if isinstance(value, tuple | list) and value else value
    try:
        found = float(Fraction(first.strip())) if isinstance(first, str) else float(first)  # type: ignore[arg-type]  # any value is tried
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if least <= found <= most else None


def _power(value: object, factor: float, least: float, most: float) -> float | None:
    """2 to the power of *value*, in APEX units (CIPA DC-008, annex C), times *factor*."""
    found = bounded_number(value, -20, 30)
    return None if found is None else bounded_number(round(2 ** (found * factor), 9), least, most)


def _speed(value: object) -> int | None:
    found = bounded_number(value, 1, _MOST_ISO)
    return None if found is None or round(found) == _OVERFLOW else round(found)


def _named(name: str | None) -> str | None:
    if name is None or not any(mark.isalnum() for mark in name) or name.lower() in _NO_NAME:
        return None
    return name


def _camera(make: str | None, model: str | None) -> str | None:
    if make is None or model is None:
        return model or make
    return model if model.lower().startswith(make.split()[0].lower()) else f"{make} {model}"
