"""Calls of functions in a process with limits of memory and time: files that they read harm that process alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Self, TypeVar

from .confined_process import ConfinedProcess

A = TypeVar("A")
R = TypeVar("R")

#: Seconds for a call. The largest sidecars take 10 on slow machines.
_LONGEST = 60.0
#: Bytes. A file of the largest size that is read, and room for what is in it.
_MOST_MEMORY = 2 << 30


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call without a result, and the reason as a clause: "it took more than 60 seconds"."""

    reason: str


class BoundedCalls:
    """Calls functions in a process of its own, which starts at the first call, and anew after a call that ended it."""

    def __init__(self, *, longest: float = _LONGEST, most_memory: int = _MOST_MEMORY) -> None:
        self._longest = longest
        self._most_memory = most_memory
        self._running: ConfinedProcess | None = None

    def call(self, function: Callable[[A], R], argument: A) -> R | CallFailed:
        """Call *function*, of a module, with *argument*; both are pickled, and so is the result.

        Raises `NoReaders` if no process can be started.
        """
        process = self._running = self._running or ConfinedProcess("photos-reader", self._most_memory, serve)
        try:
            process.pipe.send((function, argument))
            if not process.pipe.poll(self._longest):
                self.close()
                return CallFailed(f"it took more than {self._longest:g} seconds")
            result: R | CallFailed = process.pipe.recv()
        except (EOFError, OSError):
            self.close()
            return CallFailed(process.ending())
        except BaseException:
            self.close()
            raise
        return result

    def close(self) -> None:
        """End the process, also one that works on a call."""
        if self._running is not None:
            process, self._running = self._running, None
            process.pipe.close()
            process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def serve(pipe: Connection[object, object]) -> None:
    """Answer each call from *pipe*, until it is closed."""
    with suppress(EOFError, OSError):
        while True:
            request = pipe.recv()
            assert isinstance(request, tuple)
            pipe.send(_result(*request))


def _result(function: Callable[[A], R], argument: A) -> R | CallFailed:
    try:
        return function(argument)
    except MemoryError:
        return CallFailed("there was not enough memory for it")
    except Exception as error:  # noqa: BLE001 - any error costs one file
        return CallFailed(f"reading it went wrong ({type(error).__name__})")
