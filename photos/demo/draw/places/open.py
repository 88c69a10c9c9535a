"""Open country: beach, desert, meadow, snowfield, farmland."""

from __future__ import annotations

import math

from photos.demo.draw.painter import Painter
from photos.demo.draw.palette import Colour, darker, mix
from photos.demo.draw.plants import grass, leafy, pine
from photos.demo.draw.sky import Sky

from .land import Land, hills, water


def draw_beach(painter: Painter, sky: Sky) -> Land:
    """Sea, surf and sand."""
    random = painter.random
    if random.random() < 0.4:
        hills(painter, sky.horizon + 1, 3, sky.haze(painter.land((92, 112, 112)), 0.5))
    shore = random.uniform(67, 72)
    water(painter, sky, sky.horizon, shore + 6, (22, 96, 160), (84, 194, 206))
    start, tilt = random.uniform(0, 6), random.uniform(-5, 5)
    edge = []
    for step in range(41):
        along = step / 40
        edge.append((along * painter.width, shore + math.sin(along * 5 + start) * 2.2 + tilt * (along - 0.5)))
    foam = mix(painter.land((250, 252, 252)), painter.land((120, 190, 200)), 0.15)
    for drop, colour in ((-1.7, foam), (0, painter.land((198, 168, 122))), (2.4, painter.land((236, 210, 158)))):
        painter.polygon([*((x, y + drop) for x, y in edge), (painter.width, 100), (0, 100)], colour)
    painter.texture(shore + 6, 0.05, 40)
    return Land((shore + 11, 96), (sky.horizon + 4, shore - 2))


def draw_desert(painter: Painter, sky: Sky) -> Land:
    """Dunes, one behind the other."""
    random = painter.random
    sand: Colour = (226, 172, 102)
    hills(painter, sky.horizon + 1, 3.5, sky.haze(painter.land((206, 146, 96)), 0.35))
    for level, share in ((6, 0.22), (14, 0.1)):
        crest = random.uniform(0.2, 0.8) * painter.width
        base = sky.horizon + level
        outline = hills(painter, base, 3, sky.haze(painter.land(sand), share))
        lee = darker(painter.land((196, 132, 80)), 0.08)
        painter.polygon(
            [(crest, base - 4), (crest + 34, base + 9), (crest - 10, base + 11), (crest - 4, base + 4)], lee
        )
        painter.polygon(
            [*outline[:1], *outline[-1:], (painter.width, base + 8), (0, base + 8)], sky.haze(painter.land(sand), share)
        )
    painter.gradient(sky.horizon + 20, 100, (painter.land(sand), painter.land((214, 154, 88))))
    painter.texture(sky.horizon + 8, 0.06, 14, 1.6)
    return Land((76, 95))


def draw_meadow(painter: Painter, sky: Sky) -> Land:
    """Green hills, and grass in front."""
    random = painter.random
    hills(painter, sky.horizon + 1, 4, sky.haze(painter.land((110, 140, 110)), 0.45))
    far = hills(painter, sky.horizon + 6, 3.5, sky.haze(painter.land((112, 158, 78)), 0.15))
    for _ in range(random.randint(0, 3)):
        x, y = random.choice(far)
        leafy(painter, x, y + 1.5, random.uniform(5, 8), sky.haze(painter.land((70, 112, 62)), 0.25))
    hills(painter, sky.horizon + 15, 2.5, painter.land((100, 162, 66)))
    painter.texture(sky.horizon + 13, 0.07, 18, 0.9)
    grass(painter, sky.horizon + 22, 110, painter.land((76, 140, 52)))
    return Land((77, 95))


def draw_snowfield(painter: Painter, sky: Sky) -> Land:
    """A field under snow, with a fence and a dark wood far off."""
    random = painter.random
    hills(painter, sky.horizon + 1, 4, sky.haze(painter.snow(), 0.35))
    far = hills(painter, sky.horizon + 6, 3, darker(sky.haze(painter.snow(), 0.1), 0.07))
    for _ in range(random.randint(4, 11)):
        x, y = random.choice(far)
        pine(painter, x + random.uniform(-3, 3), y + 2, random.uniform(5, 9), sky.haze(painter.land((52, 84, 72)), 0.2))
    hills(painter, sky.horizon + 15, 2, painter.snow())
    rail = painter.land((92, 76, 66))
    level = sky.horizon + 14
    if random.random() < 0.6:
        painter.line([(0, level), (painter.width, level + 1.5)], rail, 0.7)
        for post in range(9):
            x = painter.width * (post + 0.5) / 9
            painter.box(x - 0.5, level - 2.5, x + 0.5, level + 3, rail)
    painter.texture(sky.horizon + 17, 0.025, 12, 1.2)
    return Land((78, 95))


def draw_farmland(painter: Painter, sky: Sky) -> Land:
    """Ploughed rows that run to the horizon, a red barn and a silo."""
    random = painter.random
    hills(painter, sky.horizon + 1, 2.5, sky.haze(painter.land((116, 140, 96)), 0.4))
    level = sky.horizon + 5
    one, other = painter.land((196, 164, 70)), painter.land((126, 148, 58))
    painter.gradient(level, 100, (one, one))
    vanish, rows = painter.width * random.uniform(0.3, 0.7), 13
    for row in range(-rows, rows):
        if row % 2:
            near, next_near = vanish + row * 26, vanish + (row + 1) * 26
            far, next_far = vanish + row * 3.2, vanish + (row + 1) * 3.2
            painter.polygon([(far, level), (next_far, level), (next_near, 100), (near, 100)], other)
    barn = painter.width * (random.uniform(0.08, 0.3) if random.random() < 0.5 else random.uniform(0.7, 0.92))
    red, roof = painter.land((168, 52, 44)), painter.land((104, 92, 90))
    painter.box(barn - 6, level - 6, barn + 6, level + 1.5, red)
    painter.polygon(
        [(barn - 7, level - 5.6), (barn + 7, level - 5.6), (barn + 3.6, level - 10), (barn - 3.6, level - 10)], roof
    )
    painter.box(barn - 1.6, level - 3.6, barn + 1.6, level + 1.5, painter.land((236, 230, 222)))
    painter.box(barn + 8, level - 11, barn + 11, level + 1.5, painter.land((186, 190, 196)))
    painter.ellipse(barn + 9.5, level - 11, 1.5, 1.5, painter.land((170, 174, 182)))
    painter.texture(level + 4, 0.05, 16, 0.8)
    return Land((78, 95))
