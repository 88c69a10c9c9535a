"""Passes that fit into memory."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
import torch

from indexer.models.backends.fitting_passes import CpuFallback, FittingPasses, MemoryTooSmall
from tests.indexer.models.machines import OTHER

FULL = torch.OutOfMemoryError("CUDA out of memory.")


class Memory:
    """Room for a number of items; with more, the error of full memory. Records the numbers of items."""

    def __init__(self, room, error=None):
        self._room = room
        self._error = error or torch.OutOfMemoryError("CUDA out of memory.")
        self.calls = []

    def __call__(self, items):
        self.calls.append(len(items))
        if len(items) > self._room:
            raise self._error
        return np.array([[each, 1] for each in items], np.float32)


def test_passes_are_halved_until_they_fit_and_that_is_remembered():
    memory, emptied = Memory(5), []
    passes = FittingPasses(memory, 16, lambda: emptied.append(True))
    expected = np.array([[each, 1] for each in range(16)], np.float32)
    np.testing.assert_array_equal(passes(range(16)), expected)
    assert memory.calls == [16, 8, 4, 4, 4, 4]
    assert (passes.most, len(emptied)) == (4, 2)
    np.testing.assert_array_equal(passes(range(16)), expected)
    assert memory.calls[6:] == [4, 4, 4, 4]


def test_a_single_item_that_does_not_fit_is_said():
    passes = FittingPasses(Memory(0), 4)
    with pytest.raises(MemoryTooSmall):
        passes(range(4))


def test_other_errors_are_not_retried():
    memory = Memory(1, RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        FittingPasses(memory, 4)(range(4))
    assert memory.calls == [4]


class Model:
    """Holds its device. Elsewhere than on the CPU it raises *error*, when it is loaded or when it computes."""

    def __init__(self, error, *, is_at_load=False):
        self._error = error
        self._is_at_load = is_at_load
        self.loaded = []

    def load(self, device):
        self.loaded.append(device)
        if self._is_at_load and device != "cpu":
            raise self._error

    def compute(self):
        if self.loaded[-1] != "cpu":
            raise self._error
        return np.ones((1, 2), np.float32)


@pytest.mark.parametrize("is_at_load", [True, False])
@pytest.mark.parametrize("error", [FULL, RuntimeError("CUBLAS_STATUS_ALLOC_FAILED")])
def test_a_model_without_room_moves_to_the_cpu_once(error, is_at_load):
    model, told = Model(error, is_at_load=is_at_load), []
    fallback = CpuFallback(OTHER, model.load, told.append, "the text encoder")
    for _ in range(2):
        np.testing.assert_array_equal(fallback.call(model.compute), np.ones((1, 2), np.float32))
    assert (fallback.device, model.loaded) == ("cpu", [OTHER, "cpu"])
    assert told == [f"The memory of {OTHER} is too small for the text encoder. The CPU is used instead."]


@pytest.mark.parametrize("is_at_load", [True, False])
def test_a_model_with_another_fault_stays_where_it_is(is_at_load):
    model, told = Model(RuntimeError("shapes cannot be multiplied"), is_at_load=is_at_load), []
    with pytest.raises(RuntimeError, match="shapes"):
        CpuFallback(OTHER, model.load, told.append).call(model.compute)
    assert (model.loaded, told) == ([OTHER], [])


def test_a_cpu_without_room_has_no_substitute():
    def compute():
        raise MemoryTooSmall

    told, loaded = [], []
    with pytest.raises(MemoryError):
        CpuFallback("cpu", loaded.append, told.append).call(compute)
    assert (loaded, told) == (["cpu"], [])


def test_two_threads_that_run_out_of_memory_at_once_both_get_an_answer():
    loaded, both = [], threading.Barrier(2, timeout=5)
    fallback = CpuFallback("cuda:0", loaded.append, lambda _sentence: None)

    def compute():
        if fallback.device == "cpu":
            return np.ones((1, 2), np.float32)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with ThreadPoolExecutor(2) as pool:
        found = [future.result() for future in [pool.submit(fallback.call, compute) for _ in range(2)]]
    assert [each.shape for each in found] == [(1, 2), (1, 2)]
    assert loaded == ["cuda:0", "cpu"]
