"""Models that do not fit into the memory of a device: passes are halved, and at last the CPU goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer.models.device_names import CPU

from .accelerators import empty_cache, is_memory_full

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Name of a text encoder in the notice of `CpuFallback`.
TEXT_ENCODER: Final = "the text encoder"


class MemoryTooSmall(MemoryError):
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


class CpuFallback:
    """The device of a model: the given one, and the CPU from the time on at which the memory of that one is too small.

    *load* loads the model onto a device, at once and when it moves; then *on_notice* is called with a sentence, in
    which the model is called *model*. Raises the errors of *load*.
    """

    def __init__(
        self,
        device: str,
        load: Callable[[str], None],
        on_notice: Callable[[str], None],
        model: str = "this model",
    ) -> None:
        self.device = device
        self._load = load
        self._on_notice = on_notice
        self._model = model
        self._lock = threading.Lock()
        try:
            load(device)
        except RuntimeError as error:
            if not self._can_move(error):
                raise
        else:
            return
        self._move()

    def call(self, compute: Callable[[], Result]) -> Result:
        """The result of *compute*, with the model on the CPU if that needs too much memory elsewhere."""
        # On another device than the CPU one thread at a time, so that none computes while the model moves.
        with nullcontext() if self.device == CPU else self._lock:
            try:
                return compute()
            except (RuntimeError, MemoryTooSmall) as error:
                if not self._can_move(error):
                    raise
            self._move()
        return compute()

    def _can_move(self, error: Exception) -> bool:
        return self.device != CPU and (isinstance(error, MemoryTooSmall) or is_memory_full(error))

    def _move(self) -> None:
        self._on_notice(f"The memory of {self.device} is too small for {self._model}. The CPU is used instead.")
        device = self.device
        self._load(CPU)
        self.device = CPU
        # The model there is gone only now.
        empty_cache(device)
