"""Readers of files: in threads of this process, or in processes with limits of memory and time."""

from __future__ import annotations

import os
import queue
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from indexer.errors import NoReaders
from store import Outcome

from .confined_process import ConfinedProcess
from .file_reader import (
    Decoded,
    KnownPhoto,
    ReadContext,
    Reading,
    ReadRequest,
    RefusedFile,
    Stated,
    read_requested_file,
)
from .process import Hashed, LockRelease, LockRequest, serve

if TYPE_CHECKING:
    from indexer.models.protocols import Preprocessor

_MOST_READERS = 8

#: Seconds for reading one file and decoding its picture. The largest accepted pictures take 12 on two cores of 2020;
#: disks and processors ten times as slow must not lose a photo.
LONGEST = 120.0
#: Bytes. The largest pictures that are decoded, of 205 megapixels, need up to 2.8 GB.
MOST_MEMORY = 4 << 30


class Readers(Protocol):
    """Reads files, up to `count` of them at once, each call on a thread of its own."""

    @property
    def count(self) -> int:
        """The number of files that can be read at once."""
        ...

    def read(self, file: ReadRequest, context: ReadContext) -> Reading:
        """Read *file*. Raises nothing because of the file."""
        ...

    def abandon(self) -> None:
        """Stop waiting for files that are being read. Calls in progress end soon."""
        ...


class ThreadReaders:
    """Reads in the calling thread. A decoder that crashes or takes all memory ends the whole process."""

    def __init__(
        self, preprocessing: Preprocessor, count: int | None = None, beside: Preprocessor | None = None
    ) -> None:
        self._preprocessing = preprocessing
        self._beside = beside
        self.count = count or default_count()

    def read(self, file: ReadRequest, context: ReadContext) -> Reading:
        """Read *file*."""
        return read_requested_file(file, self._preprocessing, context, self._beside)

    def abandon(self) -> None:
        """Do nothing: reading soon ends by itself."""


def default_count() -> int:
    """One reader a core, up to eight: more take memory and wait for the disk."""
    return min(_MOST_READERS, os.cpu_count() or 1)


class ProcessReaders:
    """Reads in processes, so that no file can harm this process. They start when there is something to read."""

    def __init__(
        self,
        preprocessing: Preprocessor,
        count: int | None = None,
        beside: Preprocessor | None = None,
        *,
        longest: float = LONGEST,
        most_memory: int = MOST_MEMORY,
    ) -> None:
        self.count = count or default_count()
        self._preprocessings = preprocessing, beside
        self._longest = longest
        self._most_memory = most_memory
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._busy: set[_Worker] = set()
        self._is_closed = False
        self._lock = threading.Lock()

    def read(self, file: ReadRequest, context: ReadContext) -> Reading:
        """Read *file*; `RefusedFile` as failed if that takes too long or ends the process.

        Raises `NoReaders` and the errors of *context*.
        """
        worker = self._take()
        try:
            reading = worker.read(file, context, self._longest)
        except BaseException:
            worker.kill()
            raise
        finally:
            with self._lock:
                self._busy.discard(worker)
        self._give_back(worker)
        return reading

    def abandon(self) -> None:
        """Kill the processes that are reading."""
        with self._lock:
            busy = list(self._busy)
        for worker in busy:
            worker.kill()

    def close(self) -> None:
        """End all processes and start no more. None is left if this is interrupted."""
        idle: list[_Worker] = []
        try:
            with self._lock:
                self._is_closed = True
                while not self._idle.empty():
                    idle.append(self._idle.get_nowait())
            self.abandon()
            for worker in idle:
                worker.close()
        except BaseException:
            # This process would wait for them at its own end, and they ignore SIGTERM.
            self.abandon()
            for worker in idle:
                worker.kill()
            raise

    def _take(self) -> _Worker:
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker(self._preprocessings, self._most_memory)
        with self._lock:
            is_late = self._is_closed
            if not is_late:
                self._busy.add(worker)
        if is_late:
            # Nothing else would end it, and this process would wait for it: it ignores SIGTERM.
            worker.kill()
            raise NoReaders("they were closed")
        return worker

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            is_late = self._is_closed
            if worker.is_alive and not is_late:
                self._idle.put(worker)
        if is_late:
            worker.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One process that reads files."""

    def __init__(self, preprocessings: tuple[Preprocessor, Preprocessor | None], most_memory: int) -> None:
        self._process = ConfinedProcess("photos-decoder", most_memory, serve, *preprocessings)
        self.is_alive = True
        self._hashed: bytes | None = None

    def read(self, file: ReadRequest, context: ReadContext, longest: float) -> Reading:
        try:
            with ExitStack() as memory_lock:
                return self._converse(file, context, longest, memory_lock)
        except TimeoutError:
            reason = f"it could not be read within {longest:g} seconds"
            self.kill()
        except (EOFError, OSError):
            self.kill()
            reason = self._process.ending()
        return RefusedFile(file, file.stamp, Outcome.FAILED, reason, tried=self._hashed)

    def _converse(self, file: ReadRequest, context: ReadContext, longest: float, memory_lock: ExitStack) -> Reading:
        self._hashed = None
        pipe = self._process.pipe
        pipe.send(file)
        while True:
            if not pipe.poll(longest):
                raise TimeoutError
            match pipe.recv():
                case Hashed() as message:
                    self._hashed = message.content_hash
                    pipe.send(context.decide(message.content_hash))
                case LockRequest():
                    memory_lock.enter_context(context.memory_lock())
                    pipe.send(None)
                case LockRelease():
                    memory_lock.close()
                case RefusedFile() | KnownPhoto() | Decoded() | Stated() as reading:
                    return reading
                case other:
                    raise AssertionError(other)

    def close(self) -> None:
        """Let the process end."""
        self.is_alive = False
        self._process.close()

    def kill(self) -> None:
        self.is_alive = False
        self._process.kill()
