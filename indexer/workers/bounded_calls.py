"""Calls of functions in a process with limits of memory and time: files that they read harm that process alone."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Self, TypeVar

from indexer.errors import NoReaders

from .process import limit_resources, silence_stderr

A = TypeVar("A")
R = TypeVar("R")

#: Seconds for a call. The largest sidecars take 10 on slow machines.
_LONGEST = 60.0
#: Bytes. A file of the largest size that is read, and room for what is in it.
_MOST_MEMORY = 2 << 30
#: Seconds to wait for the process to end.
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call without a result, and the reason as a clause: "it took more than 60 seconds"."""

    reason: str


class BoundedCalls:
    """Calls functions in a process of its own, which starts at the first call, and anew after a call that ended it."""

    def __init__(self, *, longest: float = _LONGEST, most_memory: int = _MOST_MEMORY) -> None:
        self._longest = longest
        self._most_memory = most_memory
        self._running: tuple[BaseProcess, Connection[object, object]] | None = None

    def call(self, function: Callable[[A], R], argument: A) -> R | CallFailed:
        """Call *function*, of a module, with *argument*; both are pickled, and so is the result.

        Raises `NoReaders` if no process can be started.
        """
        process, pipe = self._running or self._start()
        try:
            pipe.send((function, argument))
            if not pipe.poll(self._longest):
                self._kill()
                return CallFailed(f"it took more than {self._longest:g} seconds")
            result: R | CallFailed = pipe.recv()  # type: ignore[assignment]  # what the function returned
        except (EOFError, OSError):
            self._kill()
            code = process.exitcode or 0
            return CallFailed("the process that read it ended" + (f" (signal {-code})" if code < 0 else ""))
        except BaseException:
            self._kill()
            raise
        return result

    def _start(self) -> tuple[BaseProcess, Connection[object, object]]:
        context = process_context()
        try:
            pipe, remote = context.Pipe()
            process = context.Process(target=serve, args=(remote, self._most_memory), name="photos-reader", daemon=True)
            process.start()
        except (OSError, EOFError) as error:
            raise NoReaders(str(error) or type(error).__name__) from error
        remote.close()
        self._running = process, pipe
        return self._running

    def _kill(self) -> None:
        if self._running is not None:
            process, pipe = self._running
            self._running = None
            pipe.close()
            process.kill()
            process.join(_PATIENCE)

    def close(self) -> None:
        """End the process."""
        self._kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def serve(pipe: Connection[object, object], memory: int) -> None:
    """Answer each call from *pipe*, until it is closed. *memory* is the bytes that calls may take in addition."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_resources(memory)
    silence_stderr()
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


def process_context() -> SpawnContext | ForkServerContext:
    """Context to start processes in, without what this process has: forking it, which has threads, is not safe."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["indexer.workers.preload"])
    return context
