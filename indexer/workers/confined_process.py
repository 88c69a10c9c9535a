"""Processes with limits of memory, started so that files that they read harm them alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext

from indexer.errors import NoReaders

#: Steps of niceness.
_NICENESS = 5
#: Seconds to wait for a process to end: one that waits for a dead disk cannot be ended.
_PATIENCE = 5.0


class ConfinedProcess:
    """A process that runs *serve* with its end of a pipe and with *arguments*, and this end of the pipe.

    *memory* is the bytes of address space that it may take in addition to what it has at first. Raises `NoReaders` if
    it cannot be started.
    """

    def __init__(self, name: str, memory: int, serve: Callable[..., None], *arguments: object) -> None:
        context = _context()
        try:
            self.pipe, remote = context.Pipe()
            self._process = context.Process(
                target=_run, args=(memory, serve, remote, *arguments), name=name, daemon=True
            )
            self._process.start()
        except (OSError, EOFError) as error:
            raise NoReaders(str(error) or type(error).__name__) from error
        remote.close()

    def close(self) -> None:
        """Close the pipe, on which the process ends."""
        self.pipe.close()
        self._process.join(_PATIENCE)
        self.kill()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.join(_PATIENCE)

    def ending(self) -> str:
        """The end of the process as the reason for which a file was not read, a clause; call it after `kill`."""
        code = self._process.exitcode or 0
        return "the process that read it ended" + (f" (signal {-code})" if code < 0 else "")


def _context() -> SpawnContext | ForkServerContext:
    """Context to start processes in, without what this process has: forking it, which has threads, is not safe."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["indexer.workers.preload"])
    return context


def _run(memory: int, serve: Callable[..., None], pipe: Connection[object, object], *arguments: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_resources(memory)
    _silence_stderr()
    serve(pipe, *arguments)


def _limit_resources(memory: int) -> None:
    """Lower the priority, limit memory to *memory* more bytes, and turn off core files.

    An allocation that fails here costs one file.
    """
    if sys.platform == "win32":
        return
    # Windows has no such limits, and Python there no such module.
    import resource  # noqa: PLC0415

    # Encoding, in the main process, takes longest: if one of its threads loses the processor to a decoder, the others
    # wait for it.
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    now = _address_space()
    if now is not None:
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _address_space() -> int | None:
    """Bytes that are mapped now; None on systems without /proc, which do not enforce such a limit either."""
    try:
        with open("/proc/self/statm", "rb") as pages:
            return int(pages.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _silence_stderr() -> None:
    """Discard what decoders written in C print; errors are in the reading."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
