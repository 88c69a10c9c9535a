"""Questions for measuring retrieval, each with the facts that a right answer has."""

from __future__ import annotations

from typing import Final

from photos.demo.captions import Fact


def _place(name: str) -> Fact:
    return ("place", name)


def _time(name: str) -> Fact:
    return ("time", name)


def _thing(name: str) -> Fact:
    return ("thing", name)


def _coloured(kind: str, colour: str) -> Fact:
    return ("coloured", kind, colour)


_SNOWY: Fact = ("snowy",)

#: Whole scenes: questions that the checkpoint must answer well.
SCENES: Final[dict[str, tuple[Fact, ...]]] = {
    "beach at sunset": (_place("beach"), _time("sunset")),
    "snowy mountains": (_place("mountains"), _SNOWY),
    "starry night": (_time("night"), ("weather", "clear")),
    "foggy forest": (_place("forest"), ("weather", "fog")),
    "city street in the rain": (_place("street"), ("weather", "rain")),
    "snowy forest": (_place("forest"), _SNOWY),
    "harbour at sunrise": (_place("harbour"), _time("sunrise")),
    "city skyline at night": (_place("skyline"), _time("night")),
}
#: Things, colours, numbers, and things in places.
THINGS: Final[dict[str, tuple[Fact, ...]]] = {
    "red car": (_coloured("car", "red"),),
    "two boats on a lake": (("count", "boat", 2), _place("lake")),
    "hot air balloon in the mountains": (_thing("balloon"), _place("mountains")),
    "black cat": (_coloured("cat", "black"),),
    "lighthouse": (_thing("lighthouse"),),
    "dog on the beach": (_thing("dog"), _place("beach")),
    "yellow flowers in a meadow": (_coloured("flowers", "yellow"), _place("meadow")),
    "tent at night": (_thing("tent"), _time("night")),
    "three birds": (("count", "bird", 3),),
    "blue umbrella": (_coloured("umbrella", "blue"),),
    "house by the lake": (_thing("house"), _place("lake")),
    "people in the snow": (_thing("person"), _SNOWY),
    "white dog": (_coloured("dog", "white"),),
    "green car": (_coloured("car", "green"),),
    "palm tree on a beach at sunset": (_thing("palm"), _place("beach"), _time("sunset")),
    "bicycle in the city": (_thing("bicycle"), ("group", "city")),
    "animal in the desert": (("group", "animal"), _place("desert")),
}
#: Combinations that training never showed.
HELD_OUT: Final[dict[str, tuple[Fact, ...]]] = {
    "snowy mountains at night": (_place("mountains"), _SNOWY, _time("night")),
    "desert at sunrise": (_place("desert"), _time("sunrise")),
    "foggy city street": (_place("street"), ("weather", "fog")),
    "rainy harbour at sunset": (_place("harbour"), ("weather", "rain"), _time("sunset")),
    "bicycle on the beach": (_thing("bicycle"), _place("beach")),
    "hot air balloon over a city skyline": (_thing("balloon"), _place("skyline")),
    "cat in the snow": (_thing("cat"), _SNOWY),
    "tent by the lake": (_thing("tent"), _place("lake")),
}
#: Words that no drawing shows; the second row was not even used as a false text in training.
UNKNOWN: Final = ("elephant", "wedding", "guitar", "pizza", "laptop", "train", "kitchen", "screenshot")
NEVER_SEEN: Final = (
    "sausage dog",
    "saxophonist",
    "volleyball",
    "croissant",
    "tattoo",
    "ballroom",
    "ferris wheel",
    "squid",
)
