"""Plants, far and near."""

from __future__ import annotations

import math

from .painter import Painter
from .palette import BLACK, Colour, darker, lighter, mix


def pine(painter: Painter, x: float, y: float, height: float, colour: Colour) -> None:
    """A conifer, with snow on it where it lies."""
    painter.box(x - height * 0.03, y - height * 0.15, x + height * 0.03, y, mix(colour, (60, 40, 25), 0.6))
    for tier in range(4):
        base = y - height * 0.1 - height * 0.9 * tier / 4.6
        half = height * 0.24 * (1 - tier / 4.6)
        shade = colour if tier % 2 else darker(colour, 0.12)
        painter.polygon([(x - half, base), (x + half, base), (x, base - height * 0.36)], shade)
        if painter.scene.snowy:
            top = base - height * 0.12
            painter.polygon([(x - half * 0.62, top), (x + half * 0.62, top), (x, base - height * 0.36)], painter.snow())


def leafy(painter: Painter, x: float, y: float, height: float, colour: Colour) -> None:
    """A broad-leaved tree."""
    random = painter.random
    trunk = painter.land((98, 68, 44))
    h = height
    painter.polygon(
        [(x - h * 0.05, y), (x + h * 0.05, y), (x + h * 0.025, y - h * 0.55), (x - h * 0.025, y - h * 0.55)], trunk
    )
    for side in (-1, 1):
        painter.line([(x, y - h * 0.4), (x + side * h * 0.14, y - h * 0.59)], trunk, h * 0.03)
    for number in range(10):
        angle, away = random.uniform(0, math.tau), random.uniform(0, 0.2) * h
        radius = h * random.uniform(0.13, 0.2)
        shade = darker(colour, 0.22 * (1 - number / 10)) if number < 5 else mix(colour, (255, 255, 200), 0.014 * number)
        painter.ellipse(
            x + away * math.cos(angle) * 1.15, y - h * 0.68 + away * math.sin(angle) * 0.9, radius, radius * 0.88, shade
        )
    if painter.scene.snowy:
        for _ in range(6):
            painter.ellipse(
                x + random.uniform(-0.2, 0.2) * h, y - h * random.uniform(0.76, 0.86), h * 0.1, h * 0.05, painter.snow()
            )


def draw_tree(painter: Painter, x: float, y: float, unit: float, _colour: str | None) -> None:
    """A tree, 34 units high."""
    painter.shadow(x, y, 22 * unit)
    wintry = painter.scene.place in {"snowfield", "mountains"}
    if painter.random.random() < (0.6 if wintry else 0.0):
        pine(painter, x, y, 35 * unit, painter.land((40, 92, 56)))
    else:
        leafy(painter, x, y, 34 * unit, painter.land((98, 106, 86) if painter.scene.snowy else (62, 128, 50)))


def draw_palm(painter: Painter, x: float, y: float, unit: float, _colour: str | None) -> None:
    """A palm, 38 units high."""
    random = painter.random
    side = random.choice((-1, 1))
    trunk = [(x + side * (step / 8) ** 2 * 6 * unit, y - step / 8 * 31 * unit) for step in range(9)]
    painter.shadow(x, y, 12 * unit)
    painter.line(trunk, painter.land((134, 98, 62)), 2.6 * unit)
    top_x, top_y = trunk[-1]
    green = painter.land((44, 124, 52))
    for frond in range(9):
        angle = -0.45 + frond * (math.pi + 0.9) / 8 + random.uniform(-0.1, 0.1)
        reach = 14 * unit
        spine = [
            (
                top_x + math.cos(angle) * reach * part,
                top_y - math.sin(angle) * reach * part * 0.75 + part * part * 7 * unit,
            )
            for part in (0, 0.35, 0.7, 1)
        ]
        edge = [(px, py + (2.3 if 0 < number < 3 else 0.3) * unit) for number, (px, py) in enumerate(spine)]
        painter.polygon(spine + edge[::-1], darker(green, 0.2 * (frond % 2)))
    painter.ellipse(top_x, top_y + 1.5 * unit, 1.4 * unit, 1.4 * unit, painter.land((112, 74, 40)))


def draw_cactus(painter: Painter, x: float, y: float, unit: float, _colour: str | None) -> None:
    """A saguaro, 24 units high."""
    random = painter.random
    green, height = painter.thing((50, 130, 70)), random.uniform(20, 24)
    painter.shadow(x, y, 14 * unit)
    painter.box(x - 2.4 * unit, y - height * unit, x + 2.4 * unit, y, green, rounded=2.4 * unit)
    for side in (-1, 1):
        at = random.uniform(8, 13)
        painter.box(x, y - (at + 1.4) * unit, x + side * 6 * unit, y - (at - 1.2) * unit, green, rounded=1.2 * unit)
        painter.box(
            x + side * 4.4 * unit,
            y - (at + 6.5) * unit,
            x + side * 7.4 * unit,
            y - (at - 1.2) * unit,
            green,
            rounded=1.5 * unit,
        )
    for rib in (-1, 0, 1):
        painter.line(
            [(x + rib * 1.2 * unit, y - (height - 2) * unit), (x + rib * 1.2 * unit, y)],
            lighter(green, 0.22),
            0.35 * unit,
        )


def draw_flowers(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A clump of flowers, about 13 units high and 20 wide."""
    random = painter.random
    petal_colour = painter.named(colour)
    heart = painter.thing((150, 90, 30) if colour == "yellow" else (250, 206, 60))
    for _ in range(7):
        lean = random.uniform(-8, 8)
        painter.line(
            [(x + lean * unit, y), (x + lean * 1.1 * unit, y - random.uniform(4, 7) * unit)],
            painter.land((44, 108, 42)),
            0.9 * unit,
        )
    for _ in range(13):
        at_x, at_y = x + random.uniform(-8.5, 8.5) * unit, y - random.uniform(3.5, 11.5) * unit
        size = 1.35 * unit * random.uniform(0.9, 1.3)
        painter.line([(at_x, at_y), (at_x, min(y, at_y + 4 * unit))], painter.land((48, 112, 44)), 0.5 * unit)
        petals = lighter(petal_colour, random.uniform(0, 0.1))
        for petal in range(5):
            angle = petal * math.tau / 5
            painter.ellipse(
                at_x + size * math.cos(angle), at_y + size * math.sin(angle), size * 0.82, size * 0.82, petals
            )
        painter.ellipse(at_x, at_y, size * 0.52, size * 0.52, heart)


def grass(painter: Painter, top: float, count: int, colour: Colour) -> None:
    """Blades of grass below *top*."""
    random = painter.random
    for _ in range(count):
        x, y = random.uniform(0, painter.width), random.uniform(top, 100)
        near = (y - top) / (100 - top)
        painter.line(
            [(x, y), (x + random.uniform(-1, 1), y - 1.2 - 2.2 * near)],
            mix(colour, BLACK, random.uniform(0, 0.25)),
            0.3 + 0.25 * near,
        )
