"""The sky: its colours, the sun or the moon, stars and clouds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .painter import Painter
from .palette import COVER, OVERCAST, SKY, Colour, mix


@dataclass(frozen=True, slots=True)
class Sky:
    """Properties of the sky that the land depends on: height of the horizon, its colours, position of the light."""

    horizon: float
    colours: tuple[Colour, Colour, Colour]
    light_x: float

    def haze(self, colour: Colour, share: float) -> Colour:
        """*colour* at a distance, mixed with the colour of the horizon."""
        return mix(colour, self.colours[2], share)


def draw_sky(painter: Painter) -> Sky:
    """Paint the sky over the whole picture."""
    random = painter.random
    colours = _colours(painter)
    horizon = random.uniform(46, 56)
    painter.gradient(0, horizon + 0.5, colours)
    painter.gradient(horizon, 100, (colours[2], colours[2]))
    sky = Sky(horizon, colours, painter.width * random.uniform(0.14, 0.86))
    _stars(painter, horizon)
    _light(painter, sky)
    _clouds(painter)
    return sky


def _colours(painter: Painter) -> tuple[Colour, Colour, Colour]:
    time, weather = painter.scene.time, painter.scene.weather
    grey = OVERCAST[time]
    share = COVER[weather]
    if weather == "rain" and time != "night":
        grey = mix(grey, (66, 74, 88), 0.5)
    if weather == "snow" and time != "night":
        grey = mix(grey, (224, 228, 236), 0.45)
    if time in {"sunrise", "sunset"}:
        share *= 0.68
    brightness = painter.random.uniform(0.96, 1.04)
    zenith, middle, low = ((c[0] * brightness, c[1] * brightness, c[2] * brightness) for c in SKY[time])
    return mix(zenith, grey, share), mix(middle, grey, share), mix(low, grey, share)


def _stars(painter: Painter, horizon: float) -> None:
    if painter.scene.time != "night" or painter.scene.weather not in {"clear", "cloudy"}:
        return
    random = painter.random
    for _ in range(95 if painter.scene.weather == "clear" else 22):
        value = random.uniform(150, 255)
        size = random.uniform(0.22, 0.62)
        x, y = random.uniform(0, painter.width), random.uniform(0, horizon * 0.92)
        painter.ellipse(x, y, size, size, (value, value, min(255, value + 14)))


def _light(painter: Painter, sky: Sky) -> None:
    """The sun or the moon, with its glow; hidden by heavy weather in the daytime and at night."""
    time, weather, random = painter.scene.time, painter.scene.weather, painter.random
    height, red, seen = random.random(), random.random() < 0.5, random.random()
    low = time in {"sunrise", "sunset"}
    if weather in {"rain", "snow"} and not low:
        return
    if (time == "day" and seen > 0.6) or (time == "night" and (weather == "fog" or seen > 0.78)):
        return
    sunset_glow, sunset_disc = ((255, 118, 40), (255, 152, 70)) if red else ((255, 190, 70), (255, 228, 152))
    glow: Colour = {
        "sunrise": (255, 246, 190),
        "day": (255, 250, 220),
        "sunset": sunset_glow,
        "night": (232, 234, 222),
    }[time]
    disc: Colour = {
        "sunrise": (255, 252, 226),
        "day": (255, 255, 240),
        "sunset": sunset_disc,
        "night": (246, 245, 232),
    }[time]
    y = sky.horizon * ((0.7 + 0.22 * height) if low else (0.15 + 0.25 * height))
    radius = {"sunrise": 5.2, "day": 4.5, "sunset": 7.0, "night": 4.8}[time] * random.uniform(0.85, 1.2)
    painter.glow(sky.light_x, y, radius * (5.5 if low else 3.6), glow, 0.5 if time == "night" else 0.85)
    if weather != "fog":
        painter.ellipse(sky.light_x, y, radius, radius, disc)


def _clouds(painter: Painter) -> None:
    time, weather = painter.scene.time, painter.scene.weather
    some = 0.0 if painter.random.random() < 0.5 else 0.22
    density = {"clear": some, "cloudy": 0.64, "rain": 0.82, "snow": 0.7, "fog": 0.3}[weather]
    field, shade = painter.clouds(), painter.clouds(3, 4)
    if density == 0:
        return
    field = (field - field.min()) / (np.ptp(field) + 1e-6)
    mask = ((field - (1 - density)) / 0.28).clip(0, 1) * (0.8 if weather == "clear" else 0.93)
    mask *= np.linspace(1, 0.55, len(mask), dtype=np.float32)[:, None]
    bright: Colour = {
        "sunrise": (255, 214, 206),
        "day": (250, 251, 253),
        "sunset": (252, 132, 92),
        "night": (58, 64, 92),
    }[time]
    dark: Colour = {"sunrise": (186, 152, 182), "day": (166, 176, 192), "sunset": (112, 58, 96), "night": (22, 26, 48)}[
        time
    ]
    if weather == "rain":
        bright, dark = mix(bright, (104, 110, 122), 0.75), mix(dark, (60, 66, 78), 0.7)
    body = np.asarray(bright, np.float32) * (1 - shade[..., None]) + np.asarray(dark, np.float32) * shade[..., None]
    painter.wash((body * (0.8 if time == "night" else 1.0)).astype(np.float32), mask)
