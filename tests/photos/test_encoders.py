"""Encoders that are kept from use to use."""

from __future__ import annotations

import os

import pytest

from indexer.models import open_checkpoint
from photos.encoders import CachedEncoders

from .encoders import ColourEncoders, make_checkpoint

IDLE = 600


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def checkpoint(tmp_path):
    return open_checkpoint(make_checkpoint(tmp_path / "checkpoint"))


def test_a_tower_is_kept_between_uses_and_given_back_when_idle(checkpoint):
    made, clock = ColourEncoders(), Clock()
    towers = CachedEncoders(made, IDLE, clock)
    first = towers.image(checkpoint, None, "float32")
    clock.now = 500
    towers.rest()
    assert towers.image(checkpoint, None, "float32") is first
    clock.now = 1099
    towers.rest()
    assert towers.image(checkpoint, None, "float32") is first
    clock.now = 1699
    towers.rest()
    assert towers.image(checkpoint, None, "float32") is not first
    assert (made.images, made.texts) == (2, 0)


def test_weights_that_have_changed_another_device_and_another_precision_have_towers_of_their_own(checkpoint):
    made = ColourEncoders()
    towers = CachedEncoders(made, IDLE, Clock())
    assert towers.text(checkpoint, None) is towers.text(checkpoint, None)
    towers.text(checkpoint, "cuda")
    towers.image(checkpoint, None, "int8")
    towers.image(checkpoint, None, "float32")
    assert (made.images, made.texts) == (2, 2)
    os.utime(checkpoint.weights[0], ns=(1, 1))
    towers.text(checkpoint, None)
    assert made.texts == 3
