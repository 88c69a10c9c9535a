"""A process that reads and decodes files for another one, so that no file can harm that."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from indexer.decode import Squarer
from store import Outcome

from .file_reader import Refused, Verdict, Wanted, read_file

#: Steps of niceness.
_BEHIND = 5


@dataclass(frozen=True, slots=True)
class Hashed:
    """Asks what is to be done with a content."""

    content_hash: bytes


@dataclass(frozen=True, slots=True)
class TurnWanted:
    """Asks for the turn of the large; answered when it has come."""


@dataclass(frozen=True, slots=True)
class TurnOver:
    """Gives it back. Not answered."""


def serve(pipe: Connection[object, object], preprocessing: Squarer, memory: int) -> None:
    """Answer each file that comes through *pipe* with a reading, until it is closed.

    *memory*: bytes of address space that decoding may take beyond what the process has by now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _confine(memory)
    _hush()
    desk = _RemoteDesk(pipe)
    while True:
        try:
            file = pipe.recv()
        except (EOFError, OSError):
            return
        assert isinstance(file, Wanted)
        try:
            reading = read_file(file, preprocessing, desk)
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one file
            reason = f"reading it went wrong ({type(error).__name__})"
            reading = Refused(file, file.stamp, Outcome.FAILED, reason, tried=desk.hashed)
        desk.hashed = None
        pipe.send(reading)


class _RemoteDesk:
    """Puts what is asked through the pipe."""

    def __init__(self, pipe: Connection[object, object]) -> None:
        self._pipe = pipe
        self.hashed: bytes | None = None

    def decide(self, content_hash: bytes) -> Verdict:
        self.hashed = content_hash
        self._pipe.send(Hashed(content_hash))
        verdict = self._pipe.recv()
        assert isinstance(verdict, Verdict)
        return verdict

    def turn(self) -> AbstractContextManager[object]:
        return self._turn()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._pipe.send(TurnWanted())
        self._pipe.recv()
        try:
            yield
        finally:
            self._pipe.send(TurnOver())


def _confine(memory: int) -> None:
    """Step back behind the encoder, make allocations beyond *memory* fail here, and let crashes leave no core files.

    A failure here costs one file.
    """
    if sys.platform == "win32":
        return
    # Windows has no such limits, and Python there no such module.
    import resource  # noqa: PLC0415

    # Encoding, in the process that waits for these, is what takes longest: threads of it that lose their turn to a
    # decoder keep the others waiting.
    os.nice(_BEHIND)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    now = _address_space()
    if now is not None:
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _address_space() -> int | None:
    """Bytes that are mapped by now; None where the system does not say, and does not hold to such a limit either."""
    try:
        with open("/proc/self/statm", "rb") as pages:
            return int(pages.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _hush() -> None:
    """Decoders written in C print warnings of their own; what matters is in the reading."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
