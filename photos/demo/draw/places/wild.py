"""Wild country: mountains, forest, lake, waterfall."""

from __future__ import annotations

import numpy as np

from photos.demo.draw.painter import Painter
from photos.demo.draw.palette import WHITE, darker, lighter, mix
from photos.demo.draw.plants import grass, leafy, pine
from photos.demo.draw.sky import Sky

from .land import Land, hills, ridge, ripples, snow_caps


def draw_mountains(painter: Painter, sky: Sky) -> Land:
    """Two ranges, with snow on their tops or all over, and an alp in front."""
    random, snowy = painter.random, painter.scene.snowy
    base = sky.horizon + 4
    rock = sky.haze(painter.land((126, 130, 146)), 0.35)
    far = ridge(
        painter,
        base,
        random.uniform(24, 34),
        random.choice((6, 7, 8)),
        sky.haze(painter.snow(), 0.12) if snowy else rock,
    )
    if not snowy:
        snow_caps(painter, far, 3.5, below=base - 10)
    near = painter.land((96, 104, 112))
    outline = ridge(painter, base + 5, random.uniform(10, 16), random.choice((7, 9)), sky.haze(near, 0.15))
    if snowy:
        snow_caps(painter, outline, 7)
    floor = painter.snow() if snowy else painter.land((104, 146, 74))
    edge = hills(painter, base + 13, 2.5, floor)
    for _ in range(random.randint(6, 13)):
        x, y = random.choice(edge)
        pine(
            painter,
            x + random.uniform(-2, 2),
            y + 1.5,
            random.uniform(7, 12),
            sky.haze(painter.land((44, 88, 60)), 0.1),
        )
    painter.texture(base + 16, 0.03 if snowy else 0.07, 16, 0.9)
    return Land((78, 95))


def draw_forest(painter: Painter, sky: Sky) -> Land:
    """Trees behind trees, and a path."""
    random, snowy = painter.random, painter.scene.snowy
    floor = painter.snow() if snowy else painter.land((88, 122, 58))
    painter.gradient(sky.horizon, 100, (sky.haze(floor, 0.3), floor))
    leaf = (92, 104, 84) if snowy else (58, 112, 54)
    for depth, size in ((0, 26), (1, 38), (2, 50)):
        level = sky.horizon + 3 + 6 * depth
        for tree in range(9 - depth * 2):
            x = painter.width * (tree + random.uniform(0.1, 0.9)) / (9 - depth * 2)
            colour = sky.haze(painter.land(leaf), 0.42 - 0.17 * depth)
            draw = pine if random.random() < 0.5 else leafy
            draw(painter, x, level + random.uniform(-1, 1), size * random.uniform(0.8, 1.1), colour)
    lower = sky.horizon + 15
    painter.gradient(lower, 100, (floor, darker(floor, 0.08)))
    bend = random.uniform(0.35, 0.65) * painter.width
    path = painter.land((206, 206, 214)) if snowy else painter.land((176, 146, 104))
    painter.polygon([(bend - 2.5, lower), (bend + 2.5, lower), (bend + 24, 100), (bend - 20, 100)], path)
    painter.texture(lower, 0.04 if snowy else 0.08, 18, 0.8)
    bark = painter.land((84, 62, 46))
    for side in (random.uniform(-0.01, 0.06), random.uniform(0.94, 1.01)):
        x, half = side * painter.width, random.uniform(2.4, 3.6)
        painter.polygon([(x - half, 92), (x + half, 92), (x + half * 0.75, 0), (x - half * 0.75, 0)], bark)
        painter.polygon(
            [(x - half, 92), (x - half * 0.3, 92), (x - half * 0.2, 0), (x - half * 0.75, 0)], darker(bark, 0.25)
        )
    return Land((79, 95))


def draw_lake(painter: Painter, sky: Sky) -> Land:
    """Still water that mirrors hills and firs, and a bank in front."""
    random, snowy = painter.random, painter.scene.snowy
    hill = sky.haze(painter.snow(), 0.2) if snowy else sky.haze(painter.land((108, 126, 128)), 0.45)
    ridge(painter, sky.horizon + 1, random.uniform(8, 15), random.choice((5, 7)), hill)
    wood = painter.land((46, 84, 58))
    for _ in range(random.randint(12, 22)):
        x = random.gauss(random.choice((0.2, 0.5, 0.8)), 0.12) * painter.width
        pine(painter, x, sky.horizon + 1.5, random.uniform(4, 9), sky.haze(wood, 0.18))
    bottom = random.uniform(77, 80)
    tone = mix(painter.land((60, 120, 150)), sky.colours[0], 0.3)
    painter.mirror(sky.horizon + 1, bottom + 4, tone, 0.45)
    ripples(painter, sky, sky.horizon + 2, bottom, tone, lighter(tone, 0.08))
    bank = painter.snow() if snowy else painter.land((96, 150, 66))
    hills(painter, bottom, 1.2, bank)
    painter.texture(bottom + 2, 0.03 if snowy else 0.07, 18, 0.8)
    if not snowy:
        grass(painter, bottom - 1, 60, painter.land((74, 128, 54)))
    return Land((84, 96), (sky.horizon + 9, bottom - 3))


def draw_waterfall(painter: Painter, sky: Sky) -> Land:
    """A white fall over a dark cliff, into a pool."""
    random, snowy = painter.random, painter.scene.snowy
    cliff = painter.land((92, 90, 94))
    top = random.uniform(14, 22)
    middle, half = painter.width * random.uniform(0.38, 0.62), random.uniform(8, 12)
    outline = ridge(painter, top + 5, 6, 8, cliff)
    if snowy:
        snow_caps(painter, outline, 6)
    painter.texture(top - 4, 0.12, 10, 0.5)
    for _ in range(26):
        x, y = random.uniform(0, painter.width), random.uniform(top + 6, 70)
        painter.line([(x, y), (x + random.uniform(-3, 3), y + random.uniform(5, 14))], darker(cliff, 0.3), 0.7)
    moss = painter.snow() if snowy else painter.land((66, 118, 58))
    for _ in range(14):
        x = random.uniform(0, painter.width)
        painter.ellipse(x, top + random.uniform(-2, 6), random.uniform(4, 9), random.uniform(1.5, 3.5), moss)
    pool = 68.0
    white = mix(painter.snow(0), painter.land((150, 190, 214)), 0.22)
    painter.polygon(
        [
            (middle - half, top + 2),
            (middle + half, top + 2),
            (middle + half * 1.35, pool + 3),
            (middle - half * 1.35, pool + 3),
        ],
        white,
    )
    for _ in range(30):
        share = random.uniform(-1, 1)
        start = top + random.uniform(3, 30)
        shade = random.choice((lighter(white, 0.5), darker(white, 0.13)))
        painter.line(
            [(middle + share * half, start), (middle + share * half * 1.25, start + random.uniform(10, 26))], shade, 0.6
        )
    tone = painter.land((58, 128, 140))
    painter.gradient(pool, 84, (mix(tone, white, 0.4), tone))
    rows, columns = np.mgrid[-1:1:24j, -1:1:48j]
    mist = (1 - np.hypot(rows, (columns * painter.width / 2 + painter.width / 2 - middle) / (half * 2.6))).clip(
        0, 1
    ) * 0.85
    painter.wash(mix(white, WHITE, 0.2), mist.astype(np.float32), pool - 9, pool + 8)
    ripples(painter, sky, pool + 2, 82, tone, lighter(tone, 0.1))
    bank = painter.snow() if snowy else painter.land((92, 132, 62))
    hills(painter, 81, 1.4, bank)
    painter.texture(83, 0.03 if snowy else 0.08, 18, 0.8)
    for _ in range(7):
        x = random.uniform(0, painter.width)
        painter.ellipse(
            x,
            81 + random.uniform(-1, 1.5),
            random.uniform(2, 4.5),
            random.uniform(1.4, 2.6),
            painter.land((112, 110, 112)),
        )
    return Land((86, 96))
