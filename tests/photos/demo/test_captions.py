"""Captions and their truth."""

from dataclasses import replace
from random import Random

import pytest

from photos.demo import words
from photos.demo.captions import all_facts, caption, facts_of, full_caption, label, mutated, name_of
from photos.demo.scene import KINDS, PLACES, TIMES, WEATHERS, Scene, Thing, held_out
from photos.demo.splits import scene_at

SCENES = [scene_at("test", index) for index in range(400)]
CARS = Scene("street", "night", "rain", snowy=False, framing="wide", things=(Thing("car", "red", 2),), seed=1)


def test_a_caption_is_true_of_its_scene():
    random = Random(1)
    for scene in SCENES:
        for said in (caption(random, scene), full_caption(random, scene), label(random, scene)):
            assert said.is_true_of(scene)
            assert said.facts
            assert said.text == said.text.lower()


def without_numbers_of_flowers(scene):
    """Full captions say "flowers" and not how many."""
    return replace(
        scene, things=tuple(replace(thing, count=1) if thing.kind == "flowers" else thing for thing in scene.things)
    )


def test_a_full_caption_is_false_of_any_changed_scene():
    random = Random(2)
    for scene in SCENES:
        said, other = full_caption(random, scene), mutated(random, scene)
        assert held_out(other) is None
        if without_numbers_of_flowers(other) != without_numbers_of_flowers(scene):
            assert not said.is_true_of(other), (said, other)


def test_facts_are_exact():
    facts = facts_of(CARS)
    assert {
        ("coloured", "car", "red"),
        ("count", "car", 2),
        ("several", "car"),
        ("group", "vehicle"),
        ("group", "city"),
    } <= facts
    assert ("count", "car", 1) not in facts
    assert ("snowy",) not in facts
    assert facts_of(replace(CARS, things=())) < facts
    assert facts <= set(all_facts())


def test_every_fact_is_listed_once():
    facts = all_facts()
    assert len(facts) == len(set(facts))
    assert {fact for scene in SCENES for fact in facts_of(scene)} <= set(facts)


def test_captions_state_numbers_and_colours_exactly():
    random = Random(3)
    texts = {full_caption(random, CARS).text for _ in range(60)}
    assert all("two red" in text for text in texts)
    assert len(texts) > 20


def test_captions_include_every_form_the_program_uses():
    random = Random(4)
    texts = [caption(random, scene).text for scene in SCENES for _ in range(10)]
    for form in ("a photo of ", "this is a photo of "):
        assert any(text.startswith(form) for text in texts)
    assert any(text.endswith(".") for text in texts)
    assert any(", " in text for text in texts)
    assert any(len(text.split()) == 1 for text in texts)


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (words.PLACE_NAMES, PLACES),
        (words.TIME_NAMES, TIMES),
        (words.WEATHER_NAMES, WEATHERS),
        (words.KIND_NAMES, KINDS),
    ],
)
def test_every_attribute_has_words(table, keys):
    assert set(table) == set(keys)


def test_labels_have_their_own_words():
    assert name_of("flowers") == "flowers"
    assert name_of("person", count=2) == "people"
    assert name_of("balloon") == "hot air balloon"
