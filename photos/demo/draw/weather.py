"""Weather in front of the land: fog, rain and snowfall."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .painter import GRID, Painter
from .palette import Colour, rgb

_FOG: dict[str, Colour] = {
    "sunrise": (240, 220, 218),
    "day": (224, 228, 232),
    "sunset": (228, 172, 152),
    "night": (72, 80, 102),
}


def draw_fog(painter: Painter, strength: float) -> None:
    """A layer of fog, thickest about the horizon. *strength* is 0 to 1."""
    rows = np.linspace(0, 1, GRID[0], dtype=np.float32)[:, None]
    layer = np.exp(-(((rows - 0.52) / 0.34) ** 2)) * 0.85 + 0.15
    painter.wash(_FOG[painter.scene.time], layer * (0.75 + 0.5 * (painter.clouds(3, 3, 1.0) - 0.5)) * strength)


def draw_behind_things(painter: Painter) -> None:
    """Draw the weather between the land and the things on it."""
    if painter.scene.weather == "fog":
        draw_fog(painter, 0.95)
    elif painter.scene.weather in {"rain", "snow"}:
        draw_fog(painter, 0.26)


def draw_before_things(painter: Painter) -> None:
    """Draw the weather in front of everything."""
    if painter.scene.weather == "fog":
        draw_fog(painter, 0.3)
    elif painter.scene.weather == "rain":
        _rain(painter)
    elif painter.scene.weather == "snow":
        _snowfall(painter)


def _rain(painter: Painter) -> None:
    random, scale = painter.random, painter.scale
    veil = Image.new("L", painter.image.size, 0)
    draw = ImageDraw.Draw(veil)
    slant = random.uniform(-0.35, 0.35)
    for _ in range(random.randint(170, 250)):
        x, y = random.uniform(-0.1, 1.1) * painter.width, random.uniform(-10, 100)
        length, strength = random.uniform(5, 12), random.randint(80, 160)
        draw.line(
            [(x * scale, y * scale), ((x + slant * length) * scale, (y + length) * scale)],
            fill=strength,
            width=max(1, round(0.42 * scale)),
        )
    colour = (150, 160, 185) if painter.scene.time == "night" else (208, 216, 228)
    painter.image.paste(Image.new("RGB", veil.size, colour), (0, 0), veil)


def _snowfall(painter: Painter) -> None:
    random, scale = painter.random, painter.scale
    veil = Image.new("L", painter.image.size, 0)
    draw = ImageDraw.Draw(veil)
    for _ in range(random.randint(180, 280)):
        x, y = random.uniform(0, painter.width) * scale, random.uniform(0, 100) * scale
        radius = random.choice((0.4, 0.55, 0.55, 0.85, 1.2)) * scale
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=random.randint(175, 250))
    colour: Colour = (206, 212, 230) if painter.scene.time == "night" else (250, 251, 255)
    painter.image.paste(Image.new("RGB", veil.size, rgb(colour)), (0, 0), veil)
