"""Splits: training, test and sample libraries never share a scene."""

from __future__ import annotations

from random import Random
from typing import Literal

from .scene import Scene, held_out, sample_scene

Split = Literal["train", "test", "library"]

#: First seed of each split. A split has room for a thousand million scenes.
_FIRST_SEED: dict[Split, int] = {"train": 1_000_000_000, "test": 3_000_000_000, "library": 5_000_000_000}


def scene_at(split: Split, index: int, *, library: int = 0) -> Scene:
    """Scene *index* of a split, always the same. Training never shows a held-out combination.

    *library* is the number of a sample library; each has room for ten million pictures.
    """
    random = Random(_FIRST_SEED[split] + library * 10_000_000 + index)
    return sample_scene(random, allow_held_out=split != "train")


def held_out_scenes(count: int) -> list[Scene]:
    """The first *count* scenes of the test, beyond its first hundred thousand, that show a held-out combination."""
    found: list[Scene] = []
    index = 100_000
    while len(found) < count:
        scene = scene_at("test", index)
        if held_out(scene) is not None:
            found.append(scene)
        index += 1
    return found
