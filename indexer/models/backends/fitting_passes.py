"""Passes of a model that fit into the memory of a device: those that do not are halved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from .accelerators import is_memory_full

Item = TypeVar("Item")


class MemoryTooSmall(Exception):
    """A single item does not fit into the device's memory."""


class FittingPasses(Generic[Item]):
    """Calls *compute* with up to *most* items at once, and with half as many where memory does not suffice.

    What fitted is remembered in `most`. *empty_cache* is called when memory is full. One thread at a time.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Item]], NDArray[np.float32]],
        most: int,
        empty_cache: Callable[[], None] = lambda: None,
    ) -> None:
        self.most = most
        self._compute = compute
        self._empty_cache = empty_cache

    def __call__(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """The rows for *items*, at least one, in their order. Raises `MemoryTooSmall` if not even one fits."""
        made: list[NDArray[np.float32]] = []
        done = 0
        while done < len(items):
            some = items[done : done + self.most]
            rows = self._tried(some)
            if rows is not None:
                made.append(rows)
                done += len(some)
                continue
            # Only here: the error's traceback, which held tensors, is gone.
            self._empty_cache()
            if len(some) == 1:
                raise MemoryTooSmall
            self.most = len(some) // 2
        return np.concatenate(made)

    def _tried(self, items: Sequence[Item]) -> NDArray[np.float32] | None:
        try:
            return self._compute(items)
        except RuntimeError as error:
            if not is_memory_full(error):
                raise
            return None
