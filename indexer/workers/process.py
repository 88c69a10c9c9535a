"""The reader process: it reads and decodes files for the main process, so that no file can harm that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from store import Outcome

from .file_reader import Decision, ReadRequest, RefusedFile, read_requested_file

if TYPE_CHECKING:
    from indexer.models.protocols import Preprocessor


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


def serve(pipe: Connection[object, object], preprocessing: Preprocessor, beside: Preprocessor | None = None) -> None:
    """Answer each `ReadRequest` from *pipe* with a reading, until it is closed."""
    context = _RemoteContext(pipe)
    while True:
        try:
            file = pipe.recv()
        except (EOFError, OSError):
            return
        assert isinstance(file, ReadRequest)
        try:
            reading = read_requested_file(file, preprocessing, context, beside)
        except (EOFError, BrokenPipeError):
            return
        except Exception as error:  # noqa: BLE001 - any error costs one file
            reason = f"reading it went wrong ({type(error).__name__})"
            reading = RefusedFile(file, file.stamp, Outcome.FAILED, reason, tried=context.hashed)
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
