"""Scenes: the content of drawn pictures, and random sampling of scenes.

A `Scene` is the exact truth of one picture. Everything else follows from it: the drawing (`draw/`),
the captions and their truth (`captions`), the capture facts (`capture`), and the benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

PLACES: Final = (
    "beach",
    "mountains",
    "forest",
    "street",
    "desert",
    "lake",
    "meadow",
    "snowfield",
    "harbour",
    "skyline",
    "waterfall",
    "farmland",
)
TIMES: Final = ("sunrise", "day", "sunset", "night")
WEATHERS: Final = ("clear", "cloudy", "rain", "snow", "fog")
FRAMINGS: Final = ("wide", "close")

#: Colour name to sRGB.
COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (214, 36, 40),
    "blue": (36, 92, 210),
    "green": (40, 150, 62),
    "yellow": (246, 208, 40),
    "white": (244, 244, 242),
    "black": (28, 28, 32),
    "orange": (244, 126, 26),
    "purple": (134, 58, 172),
    "pink": (240, 120, 170),
    "brown": (124, 78, 44),
}

#: Kind of thing to the colours it comes in; an empty tuple means that its colour is never named.
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "boat": ("red", "blue", "white", "yellow", "orange", "green"),
    "car": ("red", "blue", "green", "yellow", "white", "black", "orange", "purple"),
    "house": ("red", "white", "yellow", "blue", "brown"),
    "tree": (),
    "palm": (),
    "cactus": (),
    "dog": ("brown", "black", "white"),
    "cat": ("black", "orange", "white"),
    "bird": (),
    "balloon": ("red", "blue", "yellow", "orange", "purple", "green"),
    "umbrella": ("red", "blue", "yellow", "green", "pink", "purple"),
    "person": (),
    "bicycle": ("red", "blue", "green", "yellow", "black"),
    "flowers": ("red", "yellow", "purple", "pink", "white"),
    "lighthouse": (),
    "tent": ("red", "blue", "orange", "green", "yellow"),
    "windmill": (),
    "airplane": (),
}

#: Kinds of things by place.
FOUND_IN: Final[dict[str, tuple[str, ...]]] = {
    "beach": (
        "boat",
        "umbrella",
        "person",
        "dog",
        "bird",
        "lighthouse",
        "palm",
        "bicycle",
        "balloon",
        "cat",
        "car",
        "tent",
    ),
    "mountains": ("house", "tree", "tent", "person", "balloon", "bird", "dog", "car", "flowers", "bicycle", "airplane"),
    "forest": ("person", "dog", "tent", "bicycle", "house", "car", "cat", "umbrella", "flowers"),
    "street": ("car", "person", "bicycle", "dog", "cat", "tree", "umbrella", "bird", "balloon"),
    "desert": ("cactus", "car", "tent", "balloon", "person", "palm", "bird", "dog", "house", "umbrella", "airplane"),
    "lake": ("boat", "house", "tree", "person", "bird", "dog", "tent", "balloon", "bicycle", "car", "cat"),
    "meadow": (
        "flowers",
        "tree",
        "house",
        "balloon",
        "bicycle",
        "dog",
        "cat",
        "person",
        "car",
        "tent",
        "bird",
        "umbrella",
        "windmill",
    ),
    "snowfield": ("house", "tree", "dog", "person", "car", "cat", "bird", "balloon", "tent", "bicycle", "umbrella"),
    "harbour": ("boat", "lighthouse", "bird", "person", "cat", "car", "bicycle", "umbrella", "balloon", "dog"),
    "skyline": ("boat", "bird", "balloon", "person", "bicycle", "tree", "dog", "car", "airplane"),
    "waterfall": ("person", "dog", "tent", "bird", "tree", "flowers", "umbrella", "house"),
    "farmland": (
        "windmill",
        "house",
        "tree",
        "flowers",
        "car",
        "dog",
        "cat",
        "person",
        "balloon",
        "bird",
        "bicycle",
        "airplane",
    ),
}

#: Kinds that appear at most once in a picture.
SINGLE: Final = frozenset({"lighthouse", "windmill", "airplane"})
#: Kinds that do not stand in snow.
NO_SNOW: Final = frozenset({"flowers", "cactus", "palm"})

#: Places that can lie under snow in any weather but rain. `snowfield` always does, and meadow and farmland
#: never do: under snow they would be the same picture as a snowfield.
_CAN_BE_SNOWY: Final = frozenset({"mountains", "forest", "street"})
#: Places where it never snows.
_NEVER_SNOWS: Final = frozenset({"beach", "desert", "meadow", "farmland"})


@dataclass(frozen=True, slots=True)
class Thing:
    """A group of equal things: `Thing("car", "red", 2)` is two red cars."""

    kind: str
    colour: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """Content of one picture. `seed` varies the drawing, but nothing that a caption could state."""

    place: str
    time: str
    weather: str
    snowy: bool
    framing: str
    things: tuple[Thing, ...]
    seed: int


#: Combinations that never occur in training, by the name they are reported under. They test whether place, time,
#: weather and things are composed or memorised. Colours and kinds are not held out: training would learn that a
#: pair that never occurs does not exist.
HELD_OUT: Final = (
    "snowy mountains at night",
    "desert at sunrise",
    "foggy city street",
    "rainy harbour at sunset",
    "bicycle on the beach",
    "balloon over a city skyline",
    "cat in the snow",
    "tent by the lake",
)


def held_out(scene: Scene) -> str | None:
    """The held-out combination that *scene* shows, or None."""
    kinds = {thing.kind for thing in scene.things}
    place, time, weather = scene.place, scene.time, scene.weather
    shown = {
        "snowy mountains at night": place == "mountains" and scene.snowy and time == "night",
        "desert at sunrise": place == "desert" and time == "sunrise",
        "foggy city street": place == "street" and weather == "fog",
        "rainy harbour at sunset": place == "harbour" and weather == "rain" and time == "sunset",
        "bicycle on the beach": place == "beach" and "bicycle" in kinds,
        "balloon over a city skyline": place == "skyline" and "balloon" in kinds,
        "cat in the snow": place == "snowfield" and "cat" in kinds,
        "tent by the lake": place == "lake" and "tent" in kinds,
    }
    return next((name for name in HELD_OUT if shown[name]), None)


def sample_scene(random: Random, *, allow_held_out: bool = False) -> Scene:
    """A random scene. Without *allow_held_out* it shows no held-out combination."""
    while True:
        scene = _sample(random)
        if allow_held_out or held_out(scene) is None:
            return scene


def _sample(random: Random) -> Scene:
    place = random.choice(PLACES)
    time = random.choices(TIMES, (1.0, 1.5, 1.2, 1.2))[0]
    weather = random.choices(WEATHERS, (3.0, 1.5, 1.0, 1.0, 1.0))[0]
    while weather == "snow" and place in _NEVER_SNOWS:
        weather = random.choices(WEATHERS, (3.0, 1.5, 1.0, 1.0, 1.0))[0]
    snowy = (
        place == "snowfield"
        or weather == "snow"
        or (place in _CAN_BE_SNOWY and weather != "rain" and random.random() < 0.3)
    )
    framing = random.choices(FRAMINGS, (1.6, 1.0))[0]
    groups = 1 if framing == "close" else random.choices((0, 1, 2), (0.8, 3.0, 2.6))[0]
    candidates = [kind for kind in FOUND_IN[place] if not (snowy and kind in NO_SNOW)]
    things = tuple(_sample_thing(random, kind, framing) for kind in random.sample(candidates, groups))
    return Scene(place, time, weather, snowy, framing, things, random.getrandbits(32))


def _sample_thing(random: Random, kind: str, framing: str) -> Thing:
    colours = KINDS[kind]
    most = 1 if kind in SINGLE else 2 if framing == "close" else 3
    count = random.choices(range(1, most + 1), (4.0, 1.7, 1.2)[:most])[0]
    return Thing(kind, random.choice(colours) if colours else None, count)
