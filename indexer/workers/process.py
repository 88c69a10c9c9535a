"""The reader process: it reads and decodes files for the main process, so that no file can harm that."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from store import Outcome

from .file_reader import Decision, ReadRequest, Refused, read_file

if TYPE_CHECKING:
    from indexer.models.protocols import Preprocessor

#: Steps of niceness.
_NICENESS = 5


@dataclass(frozen=True, slots=True)
class Hashed:
    """Message: the hash of a content. Answered with a `Decision`."""

    content_hash: bytes


@dataclass(frozen=True, slots=True)
class LockRequest:
    """Message: acquire the memory lock. Answered when it is held."""


@dataclass(frozen=True, slots=True)
class LockRelease:
    """Message: release the memory lock. Not answered."""


def serve(pipe: Connection[object, object], preprocessing: Preprocessor, memory: int) -> None:
    """Answer each `ReadRequest` from *pipe* with a reading, until it is closed.

    *memory* is the bytes of address space that decoding may take in addition to what the process has now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_resources(memory)
    silence_stderr()
    context = _RemoteContext(pipe)
    while True:
        try:
            file = pipe.recv()
        except (EOFError, OSError):
            return
        assert isinstance(file, ReadRequest)
        try:
            reading = read_file(file, preprocessing, context)
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:  # noqa: BLE001 - any error costs one file
            reason = f"reading it went wrong ({type(error).__name__})"
            reading = Refused(file, file.stamp, Outcome.FAILED, reason, tried=context.hashed)
        context.hashed = None
        pipe.send(reading)


class _RemoteContext:
    """A `ReadContext` that forwards requests through the pipe."""

    def __init__(self, pipe: Connection[object, object]) -> None:
        self._pipe = pipe
        self.hashed: bytes | None = None

    def decide(self, content_hash: bytes) -> Decision:
        self.hashed = content_hash
        self._pipe.send(Hashed(content_hash))
        decision = self._pipe.recv()
        assert isinstance(decision, Decision)
        return decision

    def memory_lock(self) -> AbstractContextManager[object]:
        return self._locked()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._pipe.send(LockRequest())
        self._pipe.recv()
        try:
            yield
        finally:
            self._pipe.send(LockRelease())


def limit_resources(memory: int) -> None:
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


def silence_stderr() -> None:
    """Discard what decoders written in C print; errors are in the reading."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
