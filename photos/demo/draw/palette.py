"""Colours, and their light by time and weather."""

from __future__ import annotations

from typing import Final

Colour = tuple[float, float, float]

WHITE: Final[Colour] = (255.0, 255.0, 255.0)
BLACK: Final[Colour] = (0.0, 0.0, 0.0)
SNOW: Final[Colour] = (236.0, 241.0, 249.0)
LAMP: Final[Colour] = (255.0, 218.0, 134.0)

#: Sky from the zenith to the horizon.
SKY: Final[dict[str, tuple[Colour, Colour, Colour]]] = {
    "sunrise": ((128, 146, 212), (240, 186, 204), (255, 228, 176)),
    "day": ((58, 128, 214), (126, 182, 236), (208, 230, 246)),
    "sunset": ((72, 46, 114), (216, 80, 80), (255, 162, 58)),
    "night": ((7, 9, 30), (16, 24, 64), (38, 50, 98)),
}
#: Colour of the sky under cloud, and the share of it that covers the clear sky.
OVERCAST: Final[dict[str, Colour]] = {
    "sunrise": (206, 194, 202),
    "day": (176, 184, 194),
    "sunset": (150, 102, 110),
    "night": (22, 26, 42),
}
COVER: Final[dict[str, float]] = {"clear": 0.0, "cloudy": 0.5, "rain": 0.75, "snow": 0.68, "fog": 0.6}

#: Light on the land, and the milder light on things: their colours must stay readable.
LAND_LIGHT: Final[dict[str, Colour]] = {
    "sunrise": (1.0, 0.87, 0.86),
    "day": (1.0, 1.0, 1.0),
    "sunset": (0.98, 0.70, 0.56),
    "night": (0.31, 0.36, 0.55),
}
THING_LIGHT: Final[dict[str, Colour]] = {
    "sunrise": (1.0, 0.95, 0.94),
    "day": (1.0, 1.0, 1.0),
    "sunset": (0.99, 0.87, 0.80),
    "night": (0.68, 0.70, 0.80),
}
SNOW_LIGHT: Final[dict[str, Colour]] = {
    "sunrise": (1.0, 0.92, 0.95),
    "day": (1.0, 1.0, 1.0),
    "sunset": (0.98, 0.81, 0.80),
    "night": (0.44, 0.52, 0.76),
}
#: Brightness of the land under cloud, relative to a clear sky.
DIMMED: Final[dict[str, float]] = {"clear": 1.0, "cloudy": 0.88, "rain": 0.68, "snow": 0.95, "fog": 0.95}


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """*one*, with *share* of it (0 to 1) replaced by *other*."""
    return (
        one[0] + (other[0] - one[0]) * share,
        one[1] + (other[1] - one[1]) * share,
        one[2] + (other[2] - one[2]) * share,
    )


def darker(colour: Colour, share: float) -> Colour:
    """*colour*, mixed with black."""
    return mix(colour, BLACK, share)


def lighter(colour: Colour, share: float) -> Colour:
    """*colour*, mixed with white."""
    return mix(colour, WHITE, share)


def lit(colour: Colour, light: Colour) -> Colour:
    """*colour* under *light*."""
    return (colour[0] * light[0], colour[1] * light[1], colour[2] * light[2])


def rgb(colour: Colour) -> tuple[int, int, int]:
    """*colour* as whole numbers from 0 to 255."""
    red, green, blue = (int(max(0.0, min(255.0, channel))) for channel in colour)
    return red, green, blue
