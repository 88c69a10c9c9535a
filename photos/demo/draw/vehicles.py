"""Things that drive, float or fly."""

from __future__ import annotations

from .painter import Painter
from .palette import Colour, darker, lighter, mix

_TYRE: Colour = (22, 22, 26)


def draw_boat(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A sailing boat, 23 units high and 20 wide; y is the waterline."""
    sail = painter.named(colour)
    side = painter.random.choice((-1, 1))
    hull = painter.thing((112, 70, 44))
    for _ in range(5):
        drop = painter.random.uniform(0.6, 3.4)
        start = painter.random.uniform(-8, -2)
        painter.line(
            [(x + start * unit, y + drop * unit), (x - start * unit, y + drop * unit)], darker(sail, 0.25), 0.5 * unit
        )
    painter.polygon(
        [(x - 10 * unit, y - 3.6 * unit), (x + 10 * unit, y - 3.6 * unit), (x + 7.2 * unit, y), (x - 7.2 * unit, y)],
        hull,
    )
    painter.box(x - 10 * unit, y - 3.9 * unit, x + 10 * unit, y - 2.9 * unit, sail)
    painter.box(x - 0.4 * unit, y - 23 * unit, x + 0.4 * unit, y - 3.6 * unit, painter.thing((90, 66, 46)))
    painter.polygon(
        [
            (x + side * 0.7 * unit, y - 22.4 * unit),
            (x + side * 0.7 * unit, y - 4.8 * unit),
            (x + side * 9.6 * unit, y - 4.8 * unit),
        ],
        sail,
    )
    painter.polygon(
        [
            (x - side * 0.7 * unit, y - 20 * unit),
            (x - side * 0.7 * unit, y - 4.8 * unit),
            (x - side * 7.4 * unit, y - 4.8 * unit),
        ],
        darker(sail, 0.12),
    )


def draw_car(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A saloon car, 13 units high and 30 wide."""
    body = painter.named(colour)
    night = painter.scene.time == "night"
    side = painter.random.choice((-1, 1))

    def at(offset: float) -> float:
        return x + side * offset * unit

    def shape(points: list[tuple[float, float]], paint: Colour) -> None:
        painter.polygon([(at(px), y - py * unit) for px, py in points], paint)

    painter.shadow(x, y, 31 * unit)
    shape([(-9.4, 6.8), (-6.2, 12.8), (4.4, 12.8), (9.6, 6.8)], body)
    shape([(-14.4, 2), (-14.4, 6.6), (-12, 8), (10, 8), (14.8, 5.8), (14.8, 2)], body)
    painter.box(at(-14.4), y - 3 * unit, at(14.8), y - 1.7 * unit, darker(body, 0.32))
    glass: Colour = (255, 226, 150) if night else painter.thing((150, 190, 212))
    shape([(-7.4, 7.4), (-5.2, 11.8), (-1, 11.8), (-1, 7.4)], glass)
    shape([(0.2, 7.4), (0.2, 11.8), (3.6, 11.8), (7.4, 7.4)], glass)
    for wheel in (-8.6, 8.6):
        painter.ellipse(at(wheel), y - 2.6 * unit, 3.2 * unit, 3.2 * unit, _TYRE)
        painter.ellipse(at(wheel), y - 2.6 * unit, 1.5 * unit, 1.5 * unit, painter.thing((172, 176, 182)))
    painter.ellipse(at(14), y - 5.4 * unit, unit, unit, (255, 244, 190))
    painter.box(at(-14.6), y - 6.4 * unit, at(-13.6), y - 4.8 * unit, (220, 40, 36))
    if night:
        painter.glow(at(17), y - 5 * unit, 6.5 * unit, (255, 240, 180), 0.6)
    if painter.scene.snowy:
        painter.box(at(-5.8), y - 13.6 * unit, at(4.2), y - 12.5 * unit, painter.snow())


def draw_bicycle(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A bicycle, 17 units high and 27 wide."""
    frame = painter.named(colour)
    side = painter.random.choice((-1, 1))

    def at(px: float, py: float) -> tuple[float, float]:
        return x + side * px * unit, y - py * unit

    painter.shadow(x, y, 25 * unit)
    for wheel in (-7.4, 7.4):
        wheel_x, wheel_y = at(wheel, 5.4)
        painter.ring(wheel_x, wheel_y, 5.4 * unit, 1.2 * unit, _TYRE)
        painter.ellipse(wheel_x, wheel_y, 0.8 * unit, 0.8 * unit, painter.thing((180, 180, 186)))
    rear, crank, seat, head, front = at(-7.4, 5.4), at(-0.6, 5.4), at(-2.8, 12.8), at(5.2, 12.6), at(7.4, 5.4)
    for start, end in ((rear, crank), (crank, seat), (seat, rear), (seat, head), (crank, head), (head, front)):
        painter.line([start, end], frame, 1.7 * unit)
    painter.line([seat, at(-3.2, 14.8)], (30, 30, 34), unit)
    painter.line([at(-5.4, 15), at(-1.2, 15)], (30, 30, 34), 1.6 * unit)
    painter.line([head, at(4.6, 16), at(7.4, 16.8)], (40, 40, 44), 1.1 * unit)


def draw_balloon(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A hot air balloon, 30 units high and 20 wide; y is the basket's floor."""
    skin = painter.named(colour)
    stripe = lighter(skin, 0.4) if painter.random.random() < 0.5 else darker(skin, 0.16)
    top = y - 19 * unit
    painter.ellipse(x, top, 10 * unit, 10.6 * unit, skin)
    painter.polygon(
        [
            (x - 9 * unit, top + 4.6 * unit),
            (x + 9 * unit, top + 4.6 * unit),
            (x + 2.4 * unit, top + 13.6 * unit),
            (x - 2.4 * unit, top + 13.6 * unit),
        ],
        skin,
    )
    painter.ellipse(x, top, 2.6 * unit, 10.6 * unit, stripe)
    painter.polygon(
        [
            (x - 2.4 * unit, top + 4.6 * unit),
            (x + 2.4 * unit, top + 4.6 * unit),
            (x + 0.8 * unit, top + 13.6 * unit),
            (x - 0.8 * unit, top + 13.6 * unit),
        ],
        stripe,
    )
    for side in (-1, 1):
        painter.line(
            [(x + side * 2.2 * unit, top + 13.6 * unit), (x + side * 1.7 * unit, top + 16.4 * unit)],
            painter.thing((70, 50, 40)),
            0.35 * unit,
        )
    painter.box(x - 2 * unit, top + 16 * unit, x + 2 * unit, top + 19 * unit, painter.thing((122, 82, 46)))


def draw_airplane(painter: Painter, x: float, y: float, unit: float, _colour: str | None) -> None:
    """An airliner in flight, 13 units high and 36 wide; (x, y) is its middle."""
    side = painter.random.choice((-1, 1))
    hull = painter.thing((240, 243, 248))
    wing = mix(hull, (96, 112, 140), 0.45)

    def shape(points: list[tuple[float, float]], paint: Colour) -> None:
        painter.polygon([(x + side * px * unit, y - py * unit) for px, py in points], paint)

    shape([(2, 0.6), (-5, 7.5), (-8, 7.5), (-4, 0.6)], wing)
    painter.box(x - 15 * unit, y - 2 * unit, x + 15 * unit, y + 2 * unit, hull, rounded=2 * unit)
    shape([(13, 2), (18, -0.4), (13, -2)], hull)
    shape([(-11, 1.6), (-17.4, 7.8), (-14.2, 7.8), (-7.6, 1.6)], (196, 52, 56))
    shape([(3, -0.8), (-7.4, -7.6), (-10.6, -7.6), (-4, -0.8)], wing)
    for window in range(9):
        painter.ellipse(x + side * (-9 + 2.4 * window) * unit, y - 0.7 * unit, 0.45 * unit, 0.5 * unit, (70, 90, 120))
