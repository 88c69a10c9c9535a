"""Towns: street, harbour, skyline."""

from __future__ import annotations

from photos.demo.draw.painter import Painter
from photos.demo.draw.palette import Colour, darker, lighter, mix
from photos.demo.draw.sky import Sky
from photos.demo.draw.structures import building

from .land import Land, hills, ripples

_LAMPS = {"sunrise": 0.12, "day": 0.0, "sunset": 0.3, "night": 0.58}
_FACADES: tuple[Colour, ...] = (
    (196, 96, 74),
    (222, 178, 104),
    (112, 140, 160),
    (206, 196, 180),
    (140, 110, 92),
    (92, 108, 124),
)
_QUAY: tuple[Colour, ...] = (
    (214, 98, 82),
    (236, 190, 96),
    (120, 170, 178),
    (226, 216, 196),
    (226, 146, 96),
    (150, 176, 132),
)


def draw_street(painter: Painter, sky: Sky) -> Land:
    """Houses on both sides of a road that runs away from you."""
    random, time = painter.random, painter.scene.time
    vanish = painter.width * random.uniform(0.42, 0.58)
    level = sky.horizon + 4
    ground = painter.snow() if painter.scene.snowy else painter.land((150, 146, 142))
    painter.gradient(level, 100, (ground, ground))
    for side in (-1, 1):
        for depth in range(4):
            nearness = (0, 0.3, 0.6, 0.95)[depth]
            inner = vanish + side * (9 + 15 * depth)
            outer = vanish + side * (26 + 17 * depth + 14 * nearness)
            roof = level - random.uniform(12, 19) - 9 * depth
            wall = sky.haze(painter.land(random.choice(_FACADES), 14), 0.32 - 0.1 * depth)
            foot = level + 1 + 3.2 * depth
            building(painter, min(inner, outer), max(inner, outer), roof, foot, wall, _LAMPS[time])
            if painter.scene.snowy:
                painter.box(inner, roof - 1.3, outer, roof + 0.5, painter.snow())
    road = painter.land((206, 212, 222)) if painter.scene.snowy else painter.land((84, 86, 92))
    if painter.scene.weather == "rain":
        road = mix(road, sky.colours[1], 0.22)
    painter.polygon([(vanish - 3, level), (vanish + 3, level), (vanish + 66, 100), (vanish - 66, 100)], road)
    mark = painter.land((224, 220, 206))
    for dash in range(6):
        near, far = (dash + 0.55) / 6, dash / 6
        y0, y1 = level + (100 - level) * far**1.6, level + (100 - level) * near**1.6
        painter.polygon(
            [
                (vanish - 0.2 - 1.3 * far, y0),
                (vanish + 0.2 + 1.3 * far, y0),
                (vanish + 0.2 + 1.3 * near, y1),
                (vanish - 0.2 - 1.3 * near, y1),
            ],
            mark,
        )
    post = painter.land((52, 54, 60))
    for side in (-1, 1):
        x = vanish + side * 36
        painter.line([(x, level + 16), (x, level - 20), (x - side * 5, level - 22)], post, 0.9)
        if time in {"night", "sunset"}:
            painter.glow(x - side * 5, level - 21, 7, (255, 224, 150), 0.75)
            painter.ellipse(x - side * 5, level - 21.4, 1.1, 0.8, (255, 240, 190))
    painter.texture(level + 10, 0.04, 22, 0.8)
    return Land((80, 95))


def draw_harbour(painter: Painter, sky: Sky) -> Land:
    """Gabled houses along a quay, their reflection, and a wooden pier."""
    random, time = painter.random, painter.scene.time
    level, x = sky.horizon + 3, -2.0
    hills(painter, sky.horizon - 4, 3, sky.haze(painter.land((96, 128, 104)), 0.4))
    while x < painter.width:
        wide, high = random.uniform(9, 13), random.uniform(11, 17)
        wall = sky.haze(painter.land(random.choice(_QUAY), 10), 0.1)
        building(painter, x, x + wide, level - high, level, wall, _LAMPS[time])
        roof = painter.snow() if painter.scene.snowy else painter.land((152, 76, 58))
        painter.polygon(
            [(x - 0.4, level - high), (x + wide + 0.4, level - high), (x + wide / 2, level - high - wide * 0.45)], roof
        )
        x += wide
    painter.box(0, level, painter.width, level + 1.8, painter.land((128, 122, 116)))
    bottom = random.uniform(76, 79)
    tone = mix(painter.land((46, 108, 140)), sky.colours[0], 0.25)
    painter.mirror(level + 1.8, bottom + 4, tone, 0.55)
    ripples(painter, sky, level + 3, bottom, tone, lighter(tone, 0.08))
    plank = painter.snow() if painter.scene.snowy else painter.land((146, 116, 84))
    painter.gradient(bottom + 2, 100, (plank, darker(plank, 0.12)))
    for board in range(-8, 9):
        near = painter.width / 2 + board * 18
        painter.line([(painter.width / 2 + board * 12, bottom + 2), (near, 100)], darker(plank, 0.24), 0.4)
    painter.box(0, bottom + 1, painter.width, bottom + 2.6, darker(plank, 0.35))
    for bollard in range(4):
        at = painter.width * (bollard + 0.5) / 4
        painter.box(at - 1.2, bottom - 2.2, at + 1.2, bottom + 2, painter.land((58, 56, 60)), rounded=0.7)
    return Land((84, 96), (level + 10, bottom - 2))


def draw_skyline(painter: Painter, sky: Sky) -> Land:
    """Towers across the water, and a promenade in front."""
    random, time = painter.random, painter.scene.time
    level = sky.horizon + 5
    for layer, (share, low, high) in enumerate(((0.5, 16, 30), (0.2, 12, 40))):
        x = -3.0
        while x < painter.width:
            wide = random.uniform(6, 11)
            tall = random.uniform(low, high) * (1.0 if random.random() < 0.7 else 0.55)
            wall = sky.haze(
                painter.land(random.choice(((90, 108, 132), (112, 122, 138), (76, 90, 112), (136, 130, 128))), 8), share
            )
            building(painter, x, x + wide, level - tall, level, wall, _LAMPS[time] * (0.6 if layer == 0 else 1))
            if random.random() < 0.25:
                painter.line([(x + wide / 2, level - tall), (x + wide / 2, level - tall - 6)], wall, 0.5)
            x += wide + random.uniform(-0.5, 2.5)
    bottom = random.uniform(77, 80)
    tone = mix(painter.land((40, 84, 122)), sky.colours[0], 0.3)
    painter.mirror(level, bottom + 3, tone, 0.5)
    ripples(painter, sky, level + 2, bottom, tone, lighter(tone, 0.08))
    paving = painter.snow() if painter.scene.snowy else painter.land((126, 124, 128))
    painter.gradient(bottom + 2, 100, (darker(paving, 0.1), paving))
    rail = painter.land((46, 50, 60))
    painter.line([(0, bottom - 2.2), (painter.width, bottom - 2.2)], rail, 0.6)
    for post in range(15):
        x = painter.width * (post + 0.5) / 15
        painter.box(x - 0.3, bottom - 2.4, x + 0.3, bottom + 2.2, rail)
    painter.texture(bottom + 3, 0.03, 22, 0.8)
    return Land((84, 96), (level + 9, bottom - 3))
