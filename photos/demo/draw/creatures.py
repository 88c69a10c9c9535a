"""People and animals."""

from __future__ import annotations

from .painter import Painter
from .palette import Colour, darker, lighter


def _second(colour: str | None, coat: Colour) -> Colour:
    """A shade that tells parts of one coat apart: lighter on black, darker on any other."""
    return lighter(coat, 0.14) if colour == "black" else darker(coat, 0.22)


def draw_dog(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A dog seen from the side, 14 units high and 20 wide."""
    coat = painter.named(colour)
    shade = _second(colour, coat)
    side = painter.random.choice((-1, 1))

    def at(offset: float) -> float:
        return x + side * offset * unit

    painter.shadow(x, y, 18 * unit)
    for leg, paint in ((-5.2, coat), (-3.4, shade), (3.0, shade), (4.6, coat)):
        painter.box(at(leg - 0.9), y - 5.5 * unit, at(leg + 0.9), y, paint)
    painter.box(at(-6.4), y - 9.2 * unit, at(5.8), y - 4 * unit, coat, rounded=2.3 * unit)
    painter.line([(at(-5.8), y - 7.8 * unit), (at(-9.2), y - 12.2 * unit)], coat, 1.6 * unit)
    painter.polygon(
        [(at(2.8), y - 7 * unit), (at(5.2), y - 12.4 * unit), (at(8.2), y - 9 * unit), (at(5.6), y - 4.6 * unit)], coat
    )
    painter.ellipse(at(7), y - 11.8 * unit, 2.8 * unit, 2.4 * unit, coat)
    painter.box(at(7.6), y - 12.3 * unit, at(11.4), y - 9.9 * unit, coat, rounded=0.8 * unit)
    painter.ellipse(at(11.4), y - 11.7 * unit, 0.85 * unit, 0.75 * unit, (14, 14, 16))
    painter.polygon([(at(4.4), y - 13.3 * unit), (at(6.4), y - 13.4 * unit), (at(4.6), y - 8.6 * unit)], shade)
    painter.ellipse(
        at(7.7), y - 12.3 * unit, 0.5 * unit, 0.5 * unit, (238, 238, 238) if colour == "black" else (10, 10, 10)
    )


def draw_cat(painter: Painter, x: float, y: float, unit: float, colour: str | None) -> None:
    """A cat that sits and looks at you, 15 units high and 13 wide."""
    coat = painter.named(colour)
    shade = _second(colour, coat)
    side = painter.random.choice((-1, 1))
    painter.shadow(x, y, 13 * unit)
    tail = [(3, -1), (6.8, -1.2), (7.8, -4.6), (6.4, -8)]
    painter.line([(x + side * tx * unit, y + ty * unit) for tx, ty in tail], coat, 1.7 * unit)
    painter.ellipse(x, y - 4.4 * unit, 4.4 * unit, 4.7 * unit, coat)
    painter.ellipse(x, y - 10.4 * unit, 3.8 * unit, 3.2 * unit, coat)
    for ear in (-1, 1):
        painter.polygon(
            [
                (x + ear * 3.6 * unit, y - 11 * unit),
                (x + ear * 3.3 * unit, y - 15.6 * unit),
                (x + ear * 0.8 * unit, y - 12.9 * unit),
            ],
            coat,
        )
        painter.ellipse(x + ear * 1.5 * unit, y - 10.8 * unit, 0.95 * unit, 0.85 * unit, (222, 232, 84))
        painter.ellipse(x + ear * 1.5 * unit, y - 10.8 * unit, 0.35 * unit, 0.7 * unit, (10, 10, 10))
        painter.box(
            x + ear * 1.6 * unit - 0.9 * unit,
            y - 4 * unit,
            x + ear * 1.6 * unit + 0.9 * unit,
            y,
            shade,
            rounded=0.6 * unit,
        )
    painter.polygon(
        [(x - 0.6 * unit, y - 9.5 * unit), (x + 0.6 * unit, y - 9.5 * unit), (x, y - 8.9 * unit)], (240, 140, 150)
    )


def draw_bird(painter: Painter, x: float, y: float, unit: float, _colour: str | None) -> None:
    """A gull on the wing, 7 units high and 15 wide; (x, y) is its middle."""
    dark = painter.scene.time != "night"
    body: Colour = painter.thing((34, 36, 44)) if dark else (204, 208, 218)
    lift, reach = painter.random.uniform(2.8, 4.4), painter.random.uniform(6.4, 7.6)
    for side in (-1, 1):
        wing = [(0, 0), (0.45 * reach, -lift), (reach, -lift * 0.5), (0.5 * reach, -lift * 0.45), (0, 1.6)]
        painter.polygon([(x + side * wx * unit, y + wy * unit) for wx, wy in wing], body)
    painter.ellipse(x, y + 0.4 * unit, 2 * unit, 1.2 * unit, body)


def draw_person(painter: Painter, x: float, y: float, unit: float, _colour: str | None) -> None:
    """A person who stands and faces you, 23 units high and 9 wide."""
    random = painter.random
    skin = painter.thing(random.choice(((236, 190, 160), (196, 140, 104), (124, 84, 60))))
    coat = painter.thing(
        random.choice(((176, 70, 66), (70, 96, 146), (226, 218, 202), (98, 132, 98), (74, 74, 82), (196, 160, 84)))
    )
    trousers = painter.thing(random.choice(((50, 56, 84), (42, 42, 46), (108, 90, 70))))
    hair = painter.thing(random.choice(((60, 40, 28), (30, 26, 26), (170, 130, 70))))
    stride = random.uniform(0.6, 1.6)
    painter.shadow(x, y, 11 * unit)
    for side in (-1, 1):
        foot = stride * 0.6
        leg = [(side * 2.3, -10), (-side * 0.1, -10), (side * foot, 0), (side * (foot + 2.1), 0)]
        painter.polygon([(x + lx * unit, y + ly * unit) for lx, ly in leg], trousers)
        painter.line(
            [(x + side * 2.7 * unit, y - 16.6 * unit), (x + side * (3.9 + stride * 0.4) * unit, y - 9.8 * unit)],
            darker(coat, 0.16),
            1.9 * unit,
        )
    painter.box(x - 3 * unit, y - 18 * unit, x + 3 * unit, y - 8.6 * unit, coat, rounded=1.4 * unit)
    painter.ellipse(x, y - 20.6 * unit, 2.4 * unit, 2.7 * unit, hair)
    painter.ellipse(x, y - 20.0 * unit, 2.1 * unit, 2.3 * unit, skin)
