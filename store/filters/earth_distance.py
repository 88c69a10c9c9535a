"""Distances on the earth, as a sphere of its mean radius (IUGG)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_RADIUS = 6_371_008.8
_ALL_AROUND = [(-180.0, 180.0)]
#: Metres by which a box is larger than the circle in it, so that no rounding leaves anything out.
_MARGIN = 1.0


def around(latitude: float, longitude: float, metres: float) -> tuple[float, float, list[tuple[float, float]]]:
    """The southern and the northern bound of a circle, and the spans of longitude, degrees, that it lies in.

    There are two where it crosses the date line; it lies in all where it takes in a pole.
    """
    angle = (metres + _MARGIN) / _RADIUS
    south, north = latitude - math.degrees(angle), latitude + math.degrees(angle)
    if south <= -90 or north >= 90:  # noqa: PLR2004 - the poles
        return max(south, -90.0), min(north, 90.0), _ALL_AROUND
    # Where the meridians touch the circle, which is not where it is widest.
    half = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(latitude)))))
    west, east = longitude - half, longitude + half
    if west < -180:  # noqa: PLR2004 - the date line
        return south, north, [(west + 360, 180.0), (-180.0, east)]
    if east > 180:  # noqa: PLR2004 - the date line
        return south, north, [(west, 180.0), (-180.0, east - 360)]
    return south, north, [(west, east)]


def distances(
    latitude: float, longitude: float, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Metres from a place to others, float64 (n,), by the haversine formula (Sinnott, 1984)."""
    from_south, to_south = math.radians(latitude), np.radians(latitudes)
    across = np.sin((to_south - from_south) / 2) ** 2
    along = np.sin(np.radians(longitudes - longitude) / 2) ** 2
    chord = across + math.cos(from_south) * np.cos(to_south) * along
    metres: NDArray[np.float64] = 2 * _RADIUS * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return metres
