"""Layout: positions and sizes of the things in a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from photos.demo.scene import Thing

from .creatures import draw_bird, draw_cat, draw_dog, draw_person
from .painter import Painter
from .places import Land
from .plants import draw_cactus, draw_flowers, draw_palm, draw_tree
from .structures import draw_house, draw_lighthouse, draw_tent, draw_umbrella, draw_windmill
from .vehicles import draw_airplane, draw_balloon, draw_bicycle, draw_boat, draw_car

_Draw = Callable[[Painter, float, float, float, str | None], None]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Drawing of a kind: its function, its size in units, and the unit in a wide view."""

    draw: _Draw
    width: float
    height: float
    wide: float


_KINDS: dict[str, _Kind] = {
    "boat": _Kind(draw_boat, 20, 23, 1.25),
    "car": _Kind(draw_car, 30, 13, 1.35),
    "house": _Kind(draw_house, 32, 25, 1.2),
    "tree": _Kind(draw_tree, 24, 34, 1.15),
    "palm": _Kind(draw_palm, 27, 38, 1.1),
    "cactus": _Kind(draw_cactus, 15, 24, 1.4),
    "dog": _Kind(draw_dog, 21, 14, 1.55),
    "cat": _Kind(draw_cat, 14, 16, 1.6),
    "bird": _Kind(draw_bird, 15, 7, 1.45),
    "balloon": _Kind(draw_balloon, 20, 30, 1.15),
    "umbrella": _Kind(draw_umbrella, 26, 24, 1.2),
    "person": _Kind(draw_person, 10, 23, 1.5),
    "bicycle": _Kind(draw_bicycle, 26, 17, 1.4),
    "flowers": _Kind(draw_flowers, 20, 13, 1.5),
    "lighthouse": _Kind(draw_lighthouse, 12, 43, 1.1),
    "tent": _Kind(draw_tent, 28, 15, 1.45),
    "windmill": _Kind(draw_windmill, 34, 42, 1.05),
    "airplane": _Kind(draw_airplane, 36, 13, 1.1),
}
#: Kinds that stand at the far edge of the ground, being tall.
_FAR = frozenset({"house", "tree", "lighthouse", "palm", "windmill"})
_FLYING = frozenset({"bird", "balloon", "airplane"})


def draw_things(painter: Painter, land: Land) -> None:
    """Draw every thing of the scene, far ones first."""
    if painter.scene.framing == "close":
        for thing in painter.scene.things:
            _close(painter, land, thing)
        return
    for thing in painter.scene.things:
        if thing.kind in _FLYING:
            _in_the_air(painter, thing)
    for thing in painter.scene.things:
        if thing.kind == "boat":
            _on_water(painter, land, thing)
    _on_ground(
        painter, land, [thing for thing in painter.scene.things if thing.kind not in _FLYING and thing.kind != "boat"]
    )


def _slots(painter: Painter, count: int, slots: int) -> list[float]:
    """Middles of *count* of *slots* equal parts of the width, left to right."""
    chosen = sorted(painter.random.sample(range(slots), count))
    return [painter.width * (slot + 0.5) / slots for slot in chosen]


def _in_the_air(painter: Painter, thing: Thing) -> None:
    random, kind = painter.random, _KINDS[thing.kind]
    unit = kind.wide * {1: random.uniform(1.0, 1.3), 2: 1.0, 3: 0.85}[thing.count]
    for x in _slots(painter, thing.count, {"bird": 5, "balloon": 4, "airplane": 3}[thing.kind]):
        low, high = {"balloon": (kind.height * unit + 3, 50), "airplane": (12, 26), "bird": (9, 30)}[thing.kind]
        y = random.uniform(low, max(low + 1, high))
        kind.draw(painter, x + random.uniform(-2, 2), y, unit * random.uniform(0.93, 1.07), thing.colour)


def _on_water(painter: Painter, land: Land, thing: Thing) -> None:
    assert land.water is not None, "scenes put boats on water only"
    random, kind = painter.random, _KINDS["boat"]
    top, bottom = land.water
    unit = kind.wide * {1: 1.15, 2: 1.0, 3: 0.88}[thing.count]
    for x in _slots(painter, thing.count, 4):
        y = random.uniform(top + (bottom - top) * 0.35, bottom)
        kind.draw(painter, x + random.uniform(-2, 2), y, unit * random.uniform(0.93, 1.07), thing.colour)


def _on_ground(painter: Painter, land: Land, things: list[Thing]) -> None:
    random = painter.random
    placed = [thing for thing in things for _ in range(thing.count)]
    if not placed:
        return
    random.shuffle(things)
    placed.sort(key=things.index)
    gap = 4.0
    total = sum(_KINDS[thing.kind].width * _KINDS[thing.kind].wide + gap for thing in placed)
    fit = min(1.0, (painter.width - 4) / total)
    free = painter.width - total * fit
    x = 2 + free * random.random()
    standing = []
    for thing in placed:
        kind = _KINDS[thing.kind]
        width = (kind.width * kind.wide + gap) * fit
        depth = random.random() * (0.35 if thing.kind in _FAR else 1.0)
        y = land.ground[0] + (land.ground[1] - land.ground[0]) * depth
        standing.append((y, x + width / 2, kind.wide * fit * (0.94 + 0.14 * depth), thing))
        x += width
    for y, middle, unit, thing in sorted(standing, key=lambda item: item[0]):
        _KINDS[thing.kind].draw(painter, middle, y, unit * random.uniform(0.95, 1.04), thing.colour)


def _close(painter: Painter, land: Land, thing: Thing) -> None:
    """One or two of a kind, as large as the view allows."""
    random, kind = painter.random, _KINDS[thing.kind]
    height = random.uniform(46, 62) if thing.count == 1 else random.uniform(36, 46)
    unit = min(height / kind.height, (painter.width - 12) * 0.9 / (thing.count * (kind.width + 3)))
    if thing.kind == "boat":
        assert land.water is not None, "scenes put boats on water only"
        y = land.water[1]
    elif thing.kind in _FLYING:
        y = random.uniform(30, 40) if thing.kind != "balloon" else kind.height * unit + random.uniform(3, 9)
    else:
        y = random.uniform(90, 96)
    step = (kind.width + 5) * unit
    middle = painter.width / 2 + random.uniform(-0.5, 0.5) * (painter.width - step * thing.count) * 0.8
    for number in range(thing.count):
        x = middle + (number - (thing.count - 1) / 2) * step
        kind.draw(painter, x, y + random.uniform(-1, 1), unit * random.uniform(0.96, 1.0), thing.colour)
