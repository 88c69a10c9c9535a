"""Buildings and things that stand."""

from __future__ import annotations

import math

from .painter import Painter
from .palette import LAMP, Colour, darker, lighter, mix


def draw_house(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A house, 25 units high and 32 wide."""
    wall = painter.named(colour)
    roof = (
        painter.snow()
        if painter.scene.snowy
        else painter.thing((72, 76, 86) if colour in {"brown", "red"} else (98, 60, 50))
    )
    lamp = painter.scene.time in {"night", "sunset"}
    painter.shadow(x, y, 35 * unit)
    painter.box(x - 13 * unit, y - 14 * unit, x + 13 * unit, y, wall)
    painter.box(x + 5 * unit, y - 14 * unit, x + 13 * unit, y, darker(wall, 0.12))
    painter.box(x + 6 * unit, y - 25 * unit, x + 9 * unit, y - 17 * unit, painter.thing((120, 72, 62)))
    painter.polygon(
        [
            (x - 16 * unit, y - 13.5 * unit),
            (x + 16 * unit, y - 13.5 * unit),
            (x + 8 * unit, y - 23 * unit),
            (x - 8 * unit, y - 23 * unit),
        ],
        roof,
    )
    frame = painter.thing((242, 242, 238))
    pane: Colour = (255, 222, 140) if lamp else painter.thing((150, 186, 208))
    for middle in (-8, 7.8):
        painter.box(x + (middle - 2.8) * unit, y - 11 * unit, x + (middle + 2.8) * unit, y - 5.2 * unit, frame)
        painter.box(x + (middle - 2.2) * unit, y - 10.4 * unit, x + (middle + 2.2) * unit, y - 5.8 * unit, pane)
        painter.box(x + (middle - 0.2) * unit, y - 10.4 * unit, x + (middle + 0.2) * unit, y - 5.8 * unit, frame)
    painter.box(x - 2.4 * unit, y - 9 * unit, x + 2.4 * unit, y, painter.thing((92, 60, 40)))
    if painter.scene.time == "night":
        painter.glow(x, y - 8 * unit, 20 * unit, (255, 214, 130), 0.22)


def draw_lighthouse(painter: Painter, x: float, y: float, unit: float, _colour: str | None) -> None:
    """A lighthouse with red and white bands, 43 units high and 12 wide."""
    painter.shadow(x, y, 18 * unit)
    for band in range(6):
        low, high = band / 6, (band + 1) / 6
        low_half, high_half = (6 - 2 * low) * unit, (6 - 2 * high) * unit
        paint = painter.thing((206, 42, 46) if band % 2 else (246, 246, 242))
        painter.polygon(
            [
                (x - low_half, y - 34 * unit * low),
                (x + low_half, y - 34 * unit * low),
                (x + high_half, y - 34 * unit * high),
                (x - high_half, y - 34 * unit * high),
            ],
            paint,
        )
    painter.box(x - 4.9 * unit, y - 35.3 * unit, x + 4.9 * unit, y - 34 * unit, (42, 42, 48))
    painter.box(x - 2.7 * unit, y - 39.6 * unit, x + 2.7 * unit, y - 35.3 * unit, (255, 236, 150))
    painter.polygon(
        [(x - 3.7 * unit, y - 39.5 * unit), (x + 3.7 * unit, y - 39.5 * unit), (x, y - 43 * unit)],
        painter.thing((190, 38, 42)),
    )
    if painter.scene.time in {"night", "sunset"}:
        painter.glow(x, y - 37.4 * unit, 14 * unit, (255, 240, 170), 0.8)


def draw_tent(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A ridge tent, 15 units high and 27 wide."""
    cloth = painter.named(colour)
    painter.shadow(x, y, 29 * unit)
    painter.polygon(
        [(x - 4 * unit, y - 15 * unit), (x + 6 * unit, y - 14.6 * unit), (x + 14 * unit, y - unit), (x + 4 * unit, y)],
        darker(cloth, 0.22),
    )
    painter.polygon([(x - 13 * unit, y), (x - 4 * unit, y - 15 * unit), (x + 4 * unit, y)], cloth)
    door: Colour = (255, 220, 140) if painter.scene.time == "night" else darker(cloth, 0.62)
    painter.polygon([(x - 7.4 * unit, y), (x - 4 * unit, y - 9.4 * unit), (x - 0.8 * unit, y)], door)


def draw_umbrella(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A parasol, 24 units high and 26 wide."""
    cloth = painter.named(colour)
    other = lighter(cloth, 0.6) if painter.random.random() < 0.25 else darker(cloth, 0.15)
    painter.shadow(x, y, 22 * unit)
    painter.box(x - 0.55 * unit, y - 19 * unit, x + 0.55 * unit, y, painter.thing((230, 226, 216)))
    rim, reach, panels = y - 13.4 * unit, 13 * unit, 6
    arc = [math.pi / 2 * step / 7 for step in range(8)]
    ribs = [
        [(x + reach * (2 * rib / panels - 1) * math.cos(angle), rim - reach * 0.78 * math.sin(angle)) for angle in arc]
        for rib in range(panels + 1)
    ]
    for panel in range(panels):
        paint = cloth if panel % 2 else other
        painter.polygon(ribs[panel] + ribs[panel + 1][::-1], paint)
        middle = (ribs[panel][0][0] + ribs[panel + 1][0][0]) / 2
        painter.ellipse(middle, rim, reach / panels * 0.98, reach / panels * 0.5, darker(paint, 0.12))
    painter.box(x - 0.5 * unit, rim - reach * 0.92, x + 0.5 * unit, rim - reach * 0.74, painter.thing((230, 226, 216)))


def draw_windmill(painter: Painter, x: float, y: float, unit: float, _colour: str | None) -> None:
    """A tower mill with four sails, 42 units high and 32 wide."""
    painter.shadow(x, y, 20 * unit)
    wall = painter.thing((226, 216, 198))
    painter.polygon(
        [(x - 8 * unit, y), (x + 8 * unit, y), (x + 5 * unit, y - 25 * unit), (x - 5 * unit, y - 25 * unit)], wall
    )
    painter.polygon(
        [(x + 1.5 * unit, y), (x + 8 * unit, y), (x + 5 * unit, y - 25 * unit), (x + unit, y - 25 * unit)],
        darker(wall, 0.1),
    )
    cap = painter.snow() if painter.scene.snowy else painter.thing((112, 66, 52))
    painter.polygon([(x - 6 * unit, y - 24.6 * unit), (x + 6 * unit, y - 24.6 * unit), (x, y - 33 * unit)], cap)
    painter.box(x - 2 * unit, y - 6.5 * unit, x + 2 * unit, y, painter.thing((92, 60, 40)))
    pane: Colour = LAMP if painter.scene.time in {"night", "sunset"} else painter.thing((120, 150, 172))
    painter.box(x - 1.5 * unit, y - 16 * unit, x + 1.5 * unit, y - 12.6 * unit, pane)
    hub_x, hub_y, turn = x, y - 26 * unit, painter.random.uniform(0.3, 1.2)
    spar = painter.thing((84, 62, 46))
    cloth = mix(painter.thing((246, 242, 230)), spar, 0.12)
    for sail in range(4):
        angle = turn + sail * math.pi / 2
        along_x, along_y = math.cos(angle), math.sin(angle)
        tip = (hub_x + 16 * unit * along_x, hub_y + 16 * unit * along_y)
        corners = []
        for distance, offset in ((4, 0), (16, 0), (16, 3.6), (4, 3.6)):
            corners.append(
                (
                    hub_x + unit * (distance * along_x - offset * along_y),
                    hub_y + unit * (distance * along_y + offset * along_x),
                )
            )
        painter.polygon(corners, cloth)
        painter.line([(hub_x, hub_y), tip], spar, 0.9 * unit)
    painter.ellipse(hub_x, hub_y, 1.3 * unit, 1.3 * unit, spar)


def building(painter: Painter, x0: float, x1: float, y0: float, y1: float, colour: Colour, lamps: float) -> None:
    """A block with rows of windows, of which the share *lamps* is lit."""
    random = painter.random
    painter.box(x0, y0, x1, y1, colour)
    across, down = max(2, int((x1 - x0) / 3.2)), max(2, int((y1 - y0) / 4.6))
    wide, high = (x1 - x0) / across, (y1 - y0) / down
    dark = mix(colour, (20, 26, 40), 0.5 if painter.scene.time == "night" else 0.4)
    for column in range(across):
        for row in range(down):
            lit: Colour = (255, random.uniform(200, 228), random.uniform(110, 160))
            pane = lit if random.random() < lamps else dark
            left, top = x0 + wide * column, y0 + high * row
            painter.box(left + wide * 0.25, top + high * 0.25, left + wide * 0.72, top + high * 0.7, pane)
