"""Ridges, hills and water, shared by the places."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from photos.demo.draw.painter import Painter, Point
from photos.demo.draw.palette import WHITE, Colour, mix
from photos.demo.draw.sky import Sky

#: Sunlight or moonlight on water.
_GLITTER: dict[str, Colour] = {
    "sunrise": (255, 236, 200),
    "day": WHITE,
    "sunset": (255, 190, 100),
    "night": (190, 196, 212),
}


@dataclass(frozen=True, slots=True)
class Land:
    """Heights between which things stand with their feet, and boats float; `water` is None where none can."""

    ground: tuple[float, float]
    water: tuple[float, float] | None = None


def hills(painter: Painter, y: float, height: float, colour: Colour) -> list[Point]:
    """Rolling hills about *y*, filled to the bottom. Returns their outline."""
    random = painter.random
    waves = [(height / part, random.uniform(0.6, 1.6) * part, random.uniform(0, math.tau)) for part in (1, 2, 3)]
    outline = []
    for step in range(41):
        along = step / 40
        rise = sum(size * math.sin(along * math.pi * turns + start) for size, turns, start in waves)
        outline.append((along * painter.width, y + rise))
    painter.polygon([*outline, (painter.width, 100), (0, 100)], colour)
    return outline


def ridge(painter: Painter, y: float, height: float, peaks: int, colour: Colour) -> list[Point]:
    """Jagged mountains that rise *height* above *y*, filled to the bottom. Returns their outline."""
    random = painter.random
    tops = [
        (random.uniform(0.55, 1.0) if number % 2 else random.uniform(-0.25, 0.25)) * -height
        for number in range(peaks + 1)
    ]
    places = np.linspace(0, painter.width, peaks + 1)
    along = np.linspace(0, painter.width, peaks * 8 + 1)
    rough = np.interp(along, places, tops) + painter.noise.uniform(-1, 1, len(along)) * height * 0.07
    outline = [(float(x), y + float(rise)) for x, rise in zip(along, rough, strict=True)]
    painter.polygon([*outline, (painter.width, 100), (0, 100)], colour)
    return outline


def water(painter: Painter, sky: Sky, top: float, bottom: float, deep: Colour, shallow: Colour) -> None:
    """Open water with waves, and the light's path on it."""
    far = mix(painter.land(deep), sky.colours[2], 0.4)
    near = mix(painter.land(shallow), sky.colours[0], 0.22)
    painter.gradient(top, bottom, (far, mix(far, near, 0.6), near))
    ripples(painter, sky, top, bottom, far, near)


def ripples(painter: Painter, sky: Sky, top: float, bottom: float, far: Colour, near: Colour) -> None:
    """Waves between *top* and *bottom*, brighter under the sun or the moon."""
    random, time = painter.random, painter.scene.time
    clear = painter.scene.weather in {"clear", "cloudy"}
    for _ in range(64):
        y = top + (bottom - top) * random.random() ** 1.3
        near_share = (y - top) / (bottom - top)
        length, x = (2 + 9 * near_share) * random.uniform(0.5, 1.5), random.uniform(0, painter.width)
        base = near if random.random() < 0.5 else far
        on_path, drift = random.random() < 0.55, random.gauss(0, 1)
        if time != "day" and on_path:
            x = sky.light_x + drift * (3 + 8 * near_share)
            colour = mix(far, _GLITTER[time], 0.65 if clear else 0.18)
        else:
            colour = mix(base, (90, 100, 140) if time == "night" else WHITE, 0.26)
        painter.line([(x - length, y), (x + length, y)], colour, 0.25 + 0.5 * near_share)


def snow_caps(painter: Painter, outline: list[Point], depth: float, *, below: float = 100.0) -> None:
    """Snow along an outline, about *depth* thick, where the outline is higher than the height *below*."""
    random = painter.random
    lower = [(x, y + min(depth * random.uniform(0.5, 1.2), max(0.0, below - y))) for x, y in outline]
    painter.polygon([*outline, *lower[::-1]], painter.snow())
