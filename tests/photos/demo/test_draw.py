"""Drawing: the same scene is the same picture, and scenes with other words look different."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from photos.demo.draw import draw_scene, draw_training
from photos.demo.scene import COLOURS, FOUND_IN, KINDS, PLACES, TIMES, WEATHERS, Scene, Thing, held_out
from photos.demo.splits import held_out_scenes, scene_at

PLAIN = Scene("meadow", "day", "clear", snowy=False, framing="wide", things=(), seed=11)


def picture(scene, width=160, height=120):
    return np.asarray(draw_scene(scene, width, height), np.int16)


def difference(one, other):
    return float(np.abs(picture(one) - picture(other)).mean())


def test_the_same_scene_is_the_same_picture_in_every_process():
    scene = replace(PLAIN, things=(Thing("car", "red", 2),))
    script = (
        "import hashlib; from photos.demo.draw import draw_scene; from photos.demo.scene import Scene, Thing;"
        f"print(hashlib.sha256(draw_scene({scene!r}, 160, 120).tobytes()).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


@pytest.mark.parametrize("index", range(4))
def test_a_scene_is_the_same_picture_at_every_size(index):
    scene = scene_at("test", index)
    small, large = draw_scene(scene, 160, 120), draw_scene(scene, 640, 480).resize((160, 120))
    assert np.abs(np.asarray(small, np.int16) - np.asarray(large, np.int16)).mean() < 9


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_drawn_at_every_time_in_every_weather(place):
    for time, weather in zip(TIMES * 2, (*WEATHERS, *WEATHERS), strict=False):
        for framing in ("wide", "close"):
            kind = FOUND_IN[place][0]
            thing = Thing(kind, KINDS[kind][0] if KINDS[kind] else None)
            scene = Scene(place, time, weather, snowy=weather == "snow", framing=framing, things=(thing,), seed=5)
            assert picture(scene).std() > 5


def test_every_kind_changes_the_picture_and_so_does_its_colour():
    for kind, colours in KINDS.items():
        place = next(place for place in PLACES if kind in FOUND_IN[place])
        bare = replace(PLAIN, place=place)
        close = replace(bare, framing="close", things=(Thing(kind, colours[0] if colours else None),))
        assert difference(bare, close) > 3, kind
        if colours:
            assert difference(close, replace(close, things=(Thing(kind, colours[1]),))) > 0.8, kind


def test_places_times_and_weathers_differ_visibly():
    for field, values in (("place", PLACES), ("time", TIMES), ("weather", WEATHERS)):
        scenes = [replace(PLAIN, **{field: value}) for value in values]
        for number, one in enumerate(scenes):
            for other in scenes[number + 1 :]:
                assert difference(one, other) > 4, (one, other)
    assert difference(replace(PLAIN, place="forest"), replace(PLAIN, place="forest", snowy=True)) > 15


def test_named_colours_stay_readable_at_night():
    house = replace(PLAIN, place="street", time="night", framing="close", things=(Thing("car", "red"),))
    pixels = picture(house).reshape(-1, 3)
    red = (pixels[:, 0] > 90) & (pixels[:, 0] > 2 * pixels[:, 1]) & (pixels[:, 0] > 2 * pixels[:, 2])
    assert red.mean() > 0.03


def test_training_pictures_match_the_preprocessing():
    scene = scene_at("train", 3)
    squashed = np.asarray(draw_scene(scene, 640, 480).resize((96, 96)), np.int16)
    trained_on = draw_training(scene)
    assert trained_on.shape == (96, 96, 3)
    assert trained_on.dtype == np.uint8
    assert np.abs(trained_on - squashed).mean() < 9


def test_held_out_scenes_are_in_the_test_and_not_in_training():
    assert all(held_out(scene_at("train", index)) is None for index in range(3000))
    found = held_out_scenes(30)
    assert all(held_out(scene) for scene in found)
    assert len({held_out(scene) for scene in found}) >= 5


def test_splits_share_no_scene():
    scenes = {split: {scene_at(split, index) for index in range(300)} for split in ("train", "test", "library")}
    assert not scenes["train"] & scenes["test"]
    assert not scenes["train"] & scenes["library"]
    assert not scenes["test"] & scenes["library"]


def test_scenes_contain_only_things_of_their_place():
    for index in range(500):
        scene = scene_at("test", index)
        assert all(thing.kind in FOUND_IN[scene.place] for thing in scene.things)
        assert all(thing.colour is None or thing.colour in COLOURS for thing in scene.things)
        assert scene.snowy or scene.weather != "snow"
