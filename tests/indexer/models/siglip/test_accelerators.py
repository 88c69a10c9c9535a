"""Encoders and towers on another device than the CPU, and a card whose memory is full."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from indexer.models import open_checkpoint
from indexer.models.backends.linear import JOINED, PLAIN
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from indexer.models.siglip.towers import TextTower, VisionTower
from tests.indexer.models.machines import OTHER, one_card

KINDS = ["v1", "v1 of 16 tokens", "v2", "v2 of two widths", "v2 of odd sizes", "naflex"]


class SmallCard:
    """Makes true towers; those on the accelerator have room for a number of pictures, or not for their weights."""

    def __init__(self, room, *, holds_weights=True):
        self._room = room
        self._holds_weights = holds_weights
        self.calls = []

    def __call__(self, checkpoint, device, precision, layers):
        if device != OTHER:
            return VisionTower(checkpoint, device, precision, layers)
        if not self._holds_weights:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        tower = VisionTower(checkpoint, device, precision, layers)

        def limited(pixels):
            self.calls.append(len(pixels))
            if len(pixels) > self._room:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return tower(pixels)

        return limited


def encoder_on(card, checkpoint, told):
    return SiglipImageEncoder(
        checkpoint,
        OTHER,
        "float32",
        machine=one_card(),
        on_notice=told.append,
        make_tower=card,
    )


def noise(checkpoint, count):
    size = checkpoint.image_size
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.mark.parametrize("room", [64, 9, 1])
def test_a_card_of_little_memory_makes_the_same_vectors(checkpoints, room):
    checkpoint, told = open_checkpoint(checkpoints["v2"]), []
    card = SmallCard(room)
    encoder = encoder_on(card, checkpoint, told)
    pixels = noise(checkpoint, 40)
    found = encoder.encode(pixels)
    np.testing.assert_allclose(found, SiglipImageEncoder(checkpoint, "cpu", "float32").encode(pixels), atol=1e-5)
    assert (encoder.device, told) == (OTHER, [])
    assert encoder.batch_size == {64: 64, 9: 5, 1: 1}[room]
    before = len(card.calls)
    encoder.encode(pixels)
    assert max(card.calls[before:]) <= room


@pytest.mark.parametrize(("room", "holds_weights"), [(0, True), (9, False)])
def test_the_cpu_goes_on_where_not_even_one_picture_fits(checkpoints, room, holds_weights):
    checkpoint, told = open_checkpoint(checkpoints["v2"]), []
    encoder = encoder_on(SmallCard(room, holds_weights=holds_weights), checkpoint, told)
    pixels = noise(checkpoint, 20)
    found = encoder.encode(pixels)
    np.testing.assert_array_equal(found, SiglipImageEncoder(checkpoint, "cpu", "float32").encode(pixels))
    assert (encoder.device, encoder.batch_size) == ("cpu", 8 * torch.get_num_threads())
    assert told == [f"The memory of {OTHER} is too small for this model. The CPU is used instead."]
    encoder.encode(pixels)
    assert len(told) == 1


def test_an_accelerator_computes_one_pass_at_a_time(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    names = set()

    class Card(SmallCard):
        def __call__(self, *arguments):
            limited = super().__call__(*arguments)

            def named(pixels):
                names.add(threading.current_thread().name)
                return limited(pixels)

            return named

    encoder_on(Card(64), checkpoint, []).encode(noise(checkpoint, 200))
    assert len(names) == 1


def test_texts_are_encoded_on_an_accelerator(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    found = TorchTextEncoder(checkpoint, OTHER, machine=one_card()).encode_text(["snow"])
    np.testing.assert_allclose(found, TorchTextEncoder(checkpoint, "cpu").encode_text(["snow"]), atol=1e-6)


@pytest.mark.parametrize(("room", "holds_weights"), [(32, True), (5, True), (0, True), (9, False)])
def test_texts_fit_into_a_card_of_little_memory(checkpoints, room, holds_weights):
    calls, told = [], []

    def make(checkpoint, device):
        tower = TextTower(checkpoint, device)
        if device != OTHER:
            return tower
        if not holds_weights:
            raise torch.OutOfMemoryError("CUDA out of memory.")

        def limited(ids):
            calls.append(len(ids))
            if len(ids) > room:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return tower(ids)

        return limited

    checkpoint = open_checkpoint(checkpoints["v2"])
    texts = [f"{count} cats" for count in range(40)]
    encoder = TorchTextEncoder(checkpoint, OTHER, machine=one_card(), on_notice=told.append, make_tower=make)
    exact = TorchTextEncoder(checkpoint, "cpu").encode_text(texts)
    np.testing.assert_allclose(encoder.encode_text(texts), exact, atol=1e-6)
    assert encoder.encode_text([]).shape == (0, checkpoint.dimension)
    if holds_weights and room:
        before = len(calls)
        encoder.encode_text(texts)
        assert max(calls[before:]) == {32: 32, 5: 4}[room]
        assert (encoder.device, told) == (OTHER, [])
        return
    encoder.encode_text(texts)
    assert encoder.device == "cpu"
    assert told == [f"The memory of {OTHER} is too small for the text encoder. The CPU is used instead."]


class OnOneDevice(TorchDispatchMode):
    """Fails at operations that take tensors of two devices. `meta` itself refuses only some of these."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        devices = {each.device.type for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)}
        assert len(devices) < 2 or func is torch.ops.aten._to_copy.default, f"{func} on {devices}"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kit", [PLAIN, JOINED], ids=["apart", "joined"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_weights_of_a_tower_are_on_its_device(checkpoints, kind, precision, kit):
    checkpoint = open_checkpoint(checkpoints[kind])
    dtype = getattr(torch, precision)
    rows, columns = (checkpoint.grid, checkpoint.grid) if checkpoint.patches is None else (14, 18)
    side = checkpoint.patch_size
    with torch.inference_mode():
        tower = VisionTower(checkpoint, "meta", precision, kit)
        pixels = torch.empty(3, rows * side, columns * side, 3, dtype=dtype, device="meta")
        with OnOneDevice():
            found = tower(pixels)
    assert (found.device.type, found.dtype, tuple(found.shape)) == ("meta", dtype, (3, checkpoint.dimension))


@pytest.mark.parametrize("kind", KINDS)
def test_all_weights_of_a_text_tower_are_on_its_device(checkpoints, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    with torch.inference_mode():
        tower = TextTower(checkpoint, "meta")
        with OnOneDevice():
            found = tower(torch.zeros(2, checkpoint.text_length, dtype=torch.int64, device="meta"))
    assert (found.device.type, tuple(found.shape)) == ("meta", (2, checkpoint.dimension))


def test_a_weight_that_was_left_on_the_cpu_is_found():
    with pytest.raises(AssertionError, match="on"), OnOneDevice():
        torch.nn.functional.linear(torch.empty(2, 3, device="meta"), torch.ones(4, 3))
