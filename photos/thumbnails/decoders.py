"""A bounded pool of decoder processes, with the limits of indexing, that end when nothing asks for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from indexer import NoReaders
from indexer.workers.bounded_calls import BoundedCalls, CallFailed
from indexer.workers.pool import LONGEST, MOST_MEMORY

A = TypeVar("A")
R = TypeVar("R")

#: Seconds without a call after which a process ends. It holds about as much memory as an interpreter with Pillow.
_IDLE: Final = 30.0


@dataclass(frozen=True, slots=True)
class AllBusy:
    """No process became free in time."""


class Decoders:
    """Calls functions in up to *count* processes at once. Threads may share it; the others wait for their turn."""

    def __init__(
        self, count: int, *, longest: float = LONGEST, most_memory: int = MOST_MEMORY, idle: float = _IDLE
    ) -> None:
        self._turns = threading.BoundedSemaphore(count)
        self._longest = longest
        self._most_memory = most_memory
        self._idle_seconds = idle
        self._lock = threading.Lock()
        #: Idle processes, and since when: the one that was used last is at the end.
        self._idle: list[tuple[float, BoundedCalls]] = []
        self._busy: set[BoundedCalls] = set()
        self._clock: threading.Timer | None = None
        self._is_closed = False

    def call(self, function: Callable[[A], R], argument: A, patience: float) -> R | CallFailed | AllBusy:
        """Call *function*, of a module, in a process; `AllBusy` if none becomes free within *patience* seconds."""
        if not self._turns.acquire(timeout=patience):
            return AllBusy()
        try:
            calls = self._take()
            if calls is None:
                return AllBusy()
            try:
                return calls.call(function, argument)
            except NoReaders as error:
                return CallFailed(str(error))
            finally:
                self._give_back(calls)
        finally:
            self._turns.release()

    def close(self) -> None:
        """End all processes, also those that work, and start no more."""
        with self._lock:
            self._is_closed = True
            processes = [*self._busy, *(calls for _, calls in self._idle)]
            self._idle = []
            if self._clock is not None:
                self._clock.cancel()
        for calls in processes:
            calls.close()

    def _take(self) -> BoundedCalls | None:
        with self._lock:
            if self._is_closed:
                return None
            if self._idle:
                _, calls = self._idle.pop()
            else:
                calls = BoundedCalls(longest=self._longest, most_memory=self._most_memory)
            self._busy.add(calls)
        return calls

    def _give_back(self, calls: BoundedCalls) -> None:
        with self._lock:
            self._busy.discard(calls)
            is_late = self._is_closed
            if not is_late:
                self._idle.append((time.monotonic(), calls))
                self._start_clock()
        if is_late:
            calls.close()

    def _start_clock(self) -> None:
        if self._clock is None:
            self._clock = threading.Timer(self._idle_seconds, self._end_idle)
            self._clock.daemon = True
            self._clock.start()

    def _end_idle(self) -> None:
        """End the processes that have been idle for long."""
        before = time.monotonic() - self._idle_seconds
        with self._lock:
            self._clock = None
            old = [calls for since, calls in self._idle if since <= before]
            self._idle = [pair for pair in self._idle if pair[0] > before]
            if self._idle and not self._is_closed:
                self._start_clock()
        for calls in old:
            calls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
