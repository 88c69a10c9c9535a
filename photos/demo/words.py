"""Words of captions, by the fact that they assert."""

from __future__ import annotations

from typing import Final

#: The first name of each place, time, weather and kind is the one that labels use.
PLACE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "beach": ("beach", "sandy beach", "seaside", "sea shore"),
    "mountains": ("mountains", "mountain", "mountain landscape", "alps"),
    "forest": ("forest", "woods", "woodland"),
    "street": ("city street", "street", "street in the city", "road in a city"),
    "desert": ("desert", "sand dunes", "sandy desert"),
    "lake": ("lake", "lake shore", "lakeside"),
    "meadow": ("meadow", "green meadow", "grassy field", "green hills"),
    "snowfield": ("snowy field", "snow field", "winter field", "snow-covered field"),
    "harbour": ("harbour", "harbor", "port"),
    "skyline": ("city skyline", "skyline", "skyscrapers", "downtown"),
    "waterfall": ("waterfall", "cascade", "falls"),
    "farmland": ("farmland", "farm", "farm field", "crop field"),
}
PLACE_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "beach": ("on the beach", "at the beach", "on a beach", "by the seaside", "on a sandy beach"),
    "mountains": ("in the mountains", "in front of mountains", "below the mountains", "over the mountains"),
    "forest": ("in the forest", "in a forest", "in the woods"),
    "street": ("on a city street", "on the street", "in the street", "on a street in the city"),
    "desert": ("in the desert", "in a desert", "among sand dunes"),
    "lake": ("by the lake", "at the lake", "on a lake", "by a lake", "on the lake"),
    "meadow": ("in a meadow", "in the meadow", "on a grassy field", "on green hills", "over a meadow"),
    "snowfield": ("in a snowy field", "on a snowy field", "in a winter field"),
    "harbour": ("in the harbour", "in a harbor", "at the port", "at the harbour"),
    "skyline": ("in front of a city skyline", "with a city skyline", "in front of skyscrapers", "over a city skyline"),
    "waterfall": ("by a waterfall", "in front of a waterfall", "at the waterfall"),
    "farmland": ("on a farm", "on farmland", "on a farm field", "over farmland"),
}
TIME_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "sunrise": ("sunrise", "dawn", "early morning", "morning"),
    "day": ("daytime", "day", "daylight"),
    "sunset": ("sunset", "dusk", "evening"),
    "night": ("night", "nighttime", "dark night"),
}
TIME_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "sunrise": ("at sunrise", "at dawn", "in the early morning", "in the morning"),
    "day": ("by day", "during the day", "in daylight", "in the daytime"),
    "sunset": ("at sunset", "at dusk", "in the evening"),
    "night": ("at night", "by night", "in the dark"),
}
WEATHER_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "clear": ("clear sky", "clear weather", "cloudless sky"),
    "cloudy": ("cloudy sky", "cloudy", "overcast", "clouds", "cloudy weather"),
    "rain": ("rain", "rainy", "raining", "rainy weather", "rainy day"),
    "snow": ("snowfall", "snowing", "falling snow"),
    "fog": ("fog", "foggy", "mist", "misty", "foggy weather"),
}
WEATHER_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "clear": ("under a clear sky", "in clear weather"),
    "cloudy": ("under a cloudy sky", "in cloudy weather", "under clouds"),
    "rain": ("in the rain", "in rainy weather", "in rain"),
    "snow": ("while it is snowing", "in falling snow", "in snowfall"),
    "fog": ("in the fog", "in mist", "in foggy weather", "in fog"),
}
WEATHER_ADJECTIVES: Final[dict[str, tuple[str, ...]]] = {
    "clear": ("clear",),
    "cloudy": ("cloudy", "overcast"),
    "rain": ("rainy",),
    "fog": ("foggy", "misty"),
}
SNOWY_NAMES: Final = ("snow", "snowy", "winter", "snow-covered", "snowy landscape", "winter landscape")
SNOWY_PHRASES: Final = ("in the snow", "in winter", "in a snowy landscape")

KIND_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "boat": ("boat", "sailing boat", "sailboat"),
    "car": ("car", "automobile"),
    "house": ("house", "cottage"),
    "tree": ("tree",),
    "palm": ("palm tree", "palm"),
    "cactus": ("cactus",),
    "dog": ("dog",),
    "cat": ("cat", "kitten"),
    "bird": ("bird", "seagull"),
    "balloon": ("hot air balloon", "balloon", "hot-air balloon"),
    "umbrella": ("umbrella", "parasol"),
    "person": ("person",),
    "bicycle": ("bicycle", "bike"),
    "flowers": ("flower",),
    "lighthouse": ("lighthouse",),
    "tent": ("tent",),
    "windmill": ("windmill",),
    "airplane": ("airplane", "plane", "aeroplane"),
}
PLURALS: Final = {"person": "people", "cactus": "cacti"}
COUNTS: Final[dict[int, tuple[str, ...]]] = {1: ("one", "a single"), 2: ("two",), 3: ("three",)}

#: Words for several places or kinds at once.
PLACE_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "city": ("street", "skyline", "harbour"),
    "water": ("beach", "lake", "harbour", "skyline", "waterfall"),
    "countryside": ("meadow", "farmland"),
}
KIND_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "animal": ("dog", "cat", "bird"),
    "vehicle": ("car", "bicycle", "boat"),
    "building": ("house", "lighthouse", "windmill"),
}
GROUP_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "city": ("city", "town", "urban scene"),
    "water": ("water",),
    "countryside": ("countryside", "rural landscape"),
    "animal": ("animal", "animals", "pet or bird"),
    "vehicle": ("vehicle", "vehicles"),
    "building": ("building", "buildings"),
}
GROUP_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "city": ("in the city", "in a city", "in town"),
    "water": ("by the water", "on the water", "near water"),
    "countryside": ("in the countryside",),
}

#: Beginnings of texts, including every template that the program uses.
OPENINGS: Final = (
    "",
    "",
    "",
    "",
    "a photo of ",
    "a photo of ",
    "this is a photo of ",
    "this is a photo of ",
    "a picture of ",
    "an image of ",
    "a drawing of ",
)


def plural(name: str) -> str:
    """*name* in the plural."""
    return PLURALS.get(name, name + "s")


def with_article(phrase: str) -> str:
    """*phrase* with "a" or "an" before it."""
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase
