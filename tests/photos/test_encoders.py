"""The cache of encoders."""

from __future__ import annotations

import logging
import os

import numpy as np
import pytest

from indexer.models import open_checkpoint
from indexer.models.backends.accelerators import Accelerator
from photos.cli import Invocation
from photos.daemon.watcher import log_notice
from photos.encoders import CachedEncoders
from photos.library import SiglipEncoders
from tests.checkpoints import make_v2

from .encoders import ColourEncoders, make_checkpoint

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


class BrokenMachine:
    """A machine with a card that does not work."""

    def accelerators(self):
        return (Accelerator("cuda:0", "An old card", (5, 0)),)

    def fault(self, _accelerator, _precision):
        return "its driver is too old"


SENTENCE = "An old card (cuda:0) cannot be used in float32: its driver is too old. The CPU is used instead."


def test_a_card_that_does_not_work_is_told_once(tmp_path):
    told = []
    encoders = SiglipEncoders(tmp_path / "cache", on_notice=told.append, machine=BrokenMachine())
    small = open_checkpoint(make_v2(tmp_path / "v2"))
    black = np.zeros((1, small.image_size, small.image_size, 3), np.uint8)
    for device in (None, "auto"):
        assert encoders.image(small, device, None).encode(black).shape == (1, small.dimension)
    assert told == [SENTENCE]


def test_sentences_are_for_people_or_for_the_log_of_the_daemon(tmp_path, capsys, caplog):
    with Invocation(library=tmp_path, environment={}).open_library() as library:
        library.on_notice(SENTENCE)
    assert " ".join(capsys.readouterr().err.split()) == SENTENCE
    with Invocation(library=tmp_path, environment={}).open_library(on_notice=log_notice) as library:
        library.on_notice(SENTENCE)
    assert capsys.readouterr().err == ""
    assert caplog.record_tuples == [("photos.daemon.watcher", logging.WARNING, SENTENCE)]
