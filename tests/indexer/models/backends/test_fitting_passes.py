"""Passes that fit into memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from indexer.models.backends.fitting_passes import FittingPasses, MemoryTooSmall


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
