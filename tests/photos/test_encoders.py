"""The cache of encoders."""

from __future__ import annotations

import os

import pytest

from indexer.models import open_checkpoint
from photos.encoders import CachedEncoders
from tests.photos.encoders import ColourEncoders, make_checkpoint

IDLE = 600


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def checkpoint(tmp_path):
    return open_checkpoint(make_checkpoint(tmp_path / "checkpoint"))


def test_an_encoder_is_cached_and_released_when_idle(checkpoint):
    made, clock = ColourEncoders(), Clock()
    cached = CachedEncoders(made, IDLE, clock)
    first = cached.image(checkpoint, None, "float32")
    clock.now = 500
    cached.release_idle()
    assert cached.image(checkpoint, None, "float32") is first
    clock.now = 1099
    cached.release_idle()
    assert cached.image(checkpoint, None, "float32") is first
    clock.now = 1699
    cached.release_idle()
    assert cached.image(checkpoint, None, "float32") is not first
    assert (made.images, made.texts) == (2, 0)


def test_weights_device_and_precision_are_the_key(checkpoint):
    made = ColourEncoders()
    cached = CachedEncoders(made, IDLE, Clock())
    assert cached.text(checkpoint, None) is cached.text(checkpoint, None)
    cached.text(checkpoint, "cuda")
    cached.image(checkpoint, None, "int8")
    cached.image(checkpoint, None, "float32")
    assert (made.images, made.texts) == (2, 2)
    os.utime(checkpoint.weights[0], ns=(1, 1))
    cached.text(checkpoint, None)
    assert made.texts == 3
