"""Captions, and the facts that they assert.

A caption asserts a set of facts, and is true of a scene exactly if all of them are facts of the scene. So the truth
of every text about every picture is known: there are no false negatives in training, and no doubt in the benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from . import words
from .scene import COLOURS, FOUND_IN, KINDS, NO_SNOW, PLACES, TIMES, WEATHERS, Scene, Thing, held_out

#: A fact: its subject, then the value. `("coloured", "car", "red")`, `("place", "beach")`, `("snowy",)`.
Fact = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and the facts that it asserts."""

    text: str
    facts: frozenset[Fact]

    def is_true_of(self, scene: Scene) -> bool:
        """True if the scene shows every asserted fact."""
        return self.facts <= facts_of(scene)


def all_facts() -> list[Fact]:
    """All possible facts, in a fixed order."""
    facts: list[Fact] = [("place", place) for place in PLACES]
    facts += [("time", time) for time in TIMES]
    facts += [("weather", weather) for weather in WEATHERS]
    facts += [("snowy",)]
    facts += [("group", group) for group in words.GROUP_NAMES]
    for kind, colours in KINDS.items():
        facts += [("thing", kind), ("several", kind), *(("count", kind, count) for count in (1, 2, 3))]
        facts += [("coloured", kind, colour) for colour in colours]
    facts += [("colour", colour) for colour in COLOURS]
    return facts


def facts_of(scene: Scene) -> frozenset[Fact]:
    """Everything that a caption may truly assert of *scene*."""
    facts: set[Fact] = {("place", scene.place), ("time", scene.time), ("weather", scene.weather)}
    if scene.snowy:
        facts.add(("snowy",))
    facts.update(("group", group) for group, places in words.PLACE_GROUPS.items() if scene.place in places)
    for thing in scene.things:
        facts |= {("thing", thing.kind), ("count", thing.kind, thing.count)}
        if thing.count > 1:
            facts.add(("several", thing.kind))
        if thing.colour:
            facts |= {("coloured", thing.kind, thing.colour), ("colour", thing.colour)}
        facts.update(("group", group) for group, kinds in words.KIND_GROUPS.items() if thing.kind in kinds)
    return frozenset(facts)


def name_of(kind: str, *, count: int = 1) -> str:
    """The word that labels use for a kind."""
    name = words.KIND_NAMES[kind][0]
    return words.plural(name) if count > 1 or kind == "flowers" else name


def thing_phrase(random: Random, thing: Thing, *, full: bool = False) -> Caption:
    """A phrase such as "two red cars". A *full* one states colour and number."""
    group = next((group for group, kinds in words.KIND_GROUPS.items() if thing.kind in kinds), None)
    if group is not None and not full and random.random() < 0.1:
        return _one(words.with_article(words.GROUP_NAMES[group][0]), ("group", group))
    facts: set[Fact] = set()
    colour = ""
    if thing.colour and (full or random.random() < 0.7):
        colour = thing.colour + " "
        facts.add(("coloured", thing.kind, thing.colour))
    else:
        facts.add(("thing", thing.kind))
    name = words.KIND_NAMES[thing.kind][0]
    if random.random() < 0.45:
        name = random.choice(words.KIND_NAMES[thing.kind])
    if thing.kind == "flowers":
        return Caption(random.choice(("", "some ")) + colour + "flowers", frozenset(facts))
    lot = random.random()
    if thing.count > 1 and (full or lot < 0.6):
        facts.add(("count", thing.kind, thing.count))
        return Caption(f"{random.choice(words.COUNTS[thing.count])} {colour}{words.plural(name)}", frozenset(facts))
    if thing.count > 1 and lot < 0.85:
        facts.add(("several", thing.kind))
        return Caption(random.choice(("", "several ", "some ")) + colour + words.plural(name), frozenset(facts))
    if thing.count == 1 and (full or lot < 0.1):
        facts.add(("count", thing.kind, 1))
        if not full:
            return Caption(f"{random.choice(words.COUNTS[1])} {colour}{name}", frozenset(facts))
    phrase = colour + name
    return Caption(words.with_article(phrase) if random.random() < 0.6 else phrase, frozenset(facts))


def label(random: Random, scene: Scene) -> Caption:  # noqa: PLR0911 - one return for each kind of label
    """A label, in the style of a tag, that is true of *scene*."""
    lot = random.random()
    if lot < 0.15:
        return _one(random.choice(words.PLACE_NAMES[scene.place]), ("place", scene.place))
    if lot < 0.26:
        names = words.TIME_NAMES[scene.time] + words.TIME_PHRASES[scene.time]
        return _one(random.choice(names), ("time", scene.time))
    if lot < 0.37:
        return _one(random.choice(words.WEATHER_NAMES[scene.weather]), ("weather", scene.weather))
    if lot < 0.50:
        return _general_label(random, scene)
    if not scene.things:
        return _one(random.choice(words.PLACE_NAMES[scene.place]), ("place", scene.place))
    thing = random.choice(scene.things)
    if lot < 0.54 and thing.colour:
        colour = thing.colour
        return _one(random.choice((colour, f"something {colour}", f"{colour} object")), ("colour", colour))
    if lot < 0.70:
        name = random.choice(words.KIND_NAMES[thing.kind])
        forms = ("flowers", "flower") if thing.kind == "flowers" else (name, name, words.with_article(name))
        return _one(random.choice(forms), ("thing", thing.kind))
    return thing_phrase(random, thing)


def _general_label(random: Random, scene: Scene) -> Caption:
    """A label of a wider kind: snow, city, animal, a sunny day, a starry night."""
    choices = [
        _one(random.choice(words.GROUP_NAMES[str(fact[1])]), fact)
        for fact in sorted(facts_of(scene))
        if fact[0] == "group"
    ]
    if scene.snowy:
        choices.append(_one(random.choice(words.SNOWY_NAMES + words.SNOWY_PHRASES), ("snowy",)))
    both = frozenset({("time", scene.time), ("weather", scene.weather)})
    if scene.weather == "clear" and scene.time == "day":
        choices.append(Caption(random.choice(("sunny day", "sunny", "sunshine", "a sunny day", "blue sky")), both))
    if scene.weather == "clear" and scene.time == "night":
        choices.append(
            Caption(random.choice(("starry night", "night sky with stars", "stars", "a starry night")), both)
        )
    if not choices:
        return _one(random.choice(words.PLACE_NAMES[scene.place]), ("place", scene.place))
    return random.choice(choices)


def _one(text: str, fact: Fact) -> Caption:
    return Caption(text, frozenset({fact}))


def caption(random: Random, scene: Scene) -> Caption:
    """A text that is true of *scene*: a label, or a sentence about some of its facts."""
    if random.random() < 0.32:
        bare = label(random, scene)
    else:
        things = random.sample(scene.things, min(len(scene.things), random.choices((0, 1, 2), (0.8, 2.4, 1.0))[0]))
        time, weather = random.random() < 0.5, random.random() < 0.35
        place = random.random() < 0.7 or not (time or weather or things)
        bare = _sentence(random, scene, things, place=place, time=time, weather=weather, full=False)
    return finished(random, bare)


def full_caption(random: Random, scene: Scene) -> Caption:
    """A text that states place, time, weather, snow, and everything with its colour and number."""
    things = random.sample(scene.things, len(scene.things))
    bare = _sentence(random, scene, things, place=True, time=True, weather=True, full=True)
    facts = set(bare.facts)
    return Caption(bare.text, frozenset(facts))


def finished(random: Random, bare: Caption) -> Caption:
    """*bare* in one of the forms that the program or a person may use."""
    opening = random.choice(words.OPENINGS) if len(bare.text.split()) < 16 else ""
    return Caption(opening + bare.text + ("." if random.random() < 0.25 else ""), bare.facts)


def _sentence(
    random: Random, scene: Scene, things: list[Thing], *, place: bool, time: bool, weather: bool, full: bool
) -> Caption:
    phrases = [thing_phrase(random, thing, full=full) for thing in things]
    facts: set[Fact] = set().union(*(phrase.facts for phrase in phrases))
    group = next((group for group, places in words.PLACE_GROUPS.items() if scene.place in places), None)
    if group is not None and things and not (full or time or weather) and random.random() < 0.25:
        text = " and ".join(phrase.text for phrase in phrases)
        return Caption(f"{text} {random.choice(words.GROUP_PHRASES[group])}", frozenset(facts | {("group", group)}))
    snowy = scene.snowy and place and scene.place != "snowfield" and (full or random.random() < 0.6)
    facts |= {("place", scene.place)} if place else set()
    facts |= {("time", scene.time)} if time else set()
    facts |= {("weather", scene.weather)} if weather else set()
    facts |= {("snowy",)} if snowy else set()
    texts = [phrase.text for phrase in phrases]
    lot = random.random()
    if place and lot < 0.45:
        text = _with_place_phrase(random, scene, texts, snowy=snowy, time=time, weather=weather)
    elif place and lot < 0.8:
        text = _with_place_first(random, scene, texts, snowy=snowy, time=time, weather=weather)
    else:
        text = _list(random, scene, texts, place=place, snowy=snowy, time=time, weather=weather)
    return Caption(text, frozenset(facts))


def _place_name(random: Random, scene: Scene, *, snowy: bool) -> str:
    names = words.PLACE_NAMES[scene.place]
    return ("snowy " if snowy else "") + (names[0] if random.random() < 0.55 else random.choice(names))


def _with_place_phrase(
    random: Random, scene: Scene, things: list[str], *, snowy: bool, time: bool, weather: bool
) -> str:
    """A caption such as "two red cars on the street at night in the rain"."""
    parts = [" and ".join(things)] if things else [_place_name(random, scene, snowy=snowy)]
    if things and snowy:
        parts.append(f"in {'the ' if scene.place == 'mountains' else 'a '}snowy {words.PLACE_NAMES[scene.place][0]}")
    elif things:
        parts.append(random.choice(words.PLACE_PHRASES[scene.place]))
    if time:
        parts.append(random.choice(words.TIME_PHRASES[scene.time]))
    if weather:
        parts.append(random.choice(words.WEATHER_PHRASES[scene.weather]))
    return " ".join(parts)


def _with_place_first(
    random: Random, scene: Scene, things: list[str], *, snowy: bool, time: bool, weather: bool
) -> str:
    """A caption such as "a foggy forest at dawn with a brown dog"."""
    adjectives = words.WEATHER_ADJECTIVES.get(scene.weather)
    text = _place_name(random, scene, snowy=snowy)
    if weather and adjectives:
        text = f"{random.choice(adjectives)} {text}"
    if random.random() < 0.4 and not text.endswith("s"):
        text = words.with_article(text)
    if time:
        text += " " + random.choice(words.TIME_PHRASES[scene.time])
    if weather and not adjectives:
        text += " " + random.choice(words.WEATHER_PHRASES[scene.weather])
    return text + (" with " + " and ".join(things) if things else "")


def _list(
    random: Random, scene: Scene, things: list[str], *, place: bool, snowy: bool, time: bool, weather: bool
) -> str:
    """A caption such as "harbour, sunset, white boat"."""
    parts = [_place_name(random, scene, snowy=snowy)] if place else []
    if time:
        parts.append(random.choice(words.TIME_NAMES[scene.time]))
    if weather:
        parts.append(random.choice(words.WEATHER_NAMES[scene.weather]))
    parts += things
    if random.random() < 0.5:
        random.shuffle(parts)
    return random.choice((" ", ", ")).join(parts)


def mutated(random: Random, scene: Scene) -> Scene:
    """*scene* with one attribute changed: its captions are hard negatives.

    Never a held-out combination, since training would teach that it is always false.
    """
    while True:
        changed = (
            _mutated_thing(random, scene) if scene.things and random.random() < 0.6 else _mutated_place(random, scene)
        )
        if changed != scene and held_out(changed) is None:
            return changed


def _mutated_thing(random: Random, scene: Scene) -> Scene:
    things = list(scene.things)
    at = random.randrange(len(things))
    thing = things[at]
    lot = random.random()
    if lot < 0.5 and thing.colour:
        things[at] = replace(thing, colour=random.choice(KINDS[thing.kind]))
    elif lot < 0.65:
        things[at] = replace(thing, count=random.choice((1, 2, 3)))
    else:
        others = [kind for kind in FOUND_IN[scene.place] if not (scene.snowy and kind in NO_SNOW)]
        kind = random.choice(others)
        colours = KINDS[kind]
        colour = thing.colour if thing.colour in colours else random.choice(colours) if colours else None
        things[at] = Thing(kind, colour, thing.count)
    return replace(scene, things=tuple(things))


def _mutated_place(random: Random, scene: Scene) -> Scene:
    which = random.choice(("place", "time", "weather"))
    if which == "place":
        place = random.choice(PLACES)
        return replace(scene, place=place, snowy=scene.snowy or place == "snowfield")
    if which == "time":
        return replace(scene, time=random.choice(TIMES))
    return replace(scene, weather=random.choice(WEATHERS))
