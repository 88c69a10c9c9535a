"""Reads files in processes of their own: with a limit of memory, a clock, and another one when one dies."""

from __future__ import annotations

import multiprocessing
import queue
import sys
import threading
from contextlib import ExitStack
from multiprocessing.context import ForkServerContext, SpawnContext
from types import TracebackType
from typing import Self

from indexer.decode import Squarer
from indexer.errors import NoReaders
from store import Outcome

from .file_reader import Decoded, Desk, Known, Reading, Refused, Wanted
from .process import Hashed, TurnOver, TurnWanted, serve
from .readers import usual_count

#: Seconds that one file may take to be read, and its picture to be decoded. The largest that are accepted take 12 on
#: two cores of 2020; disks and processors ten times as slow are not to lose a photo by it.
_LONGEST = 120.0
#: Bytes: 155 megapixels, the most that is decoded whole, at 20 bytes each, and room for the file itself.
_MOST_MEMORY = 4 << 30
#: Seconds until a process that was told to end is left alone: one that waits for a dead disk cannot be ended.
_PATIENCE = 5.0


class InProcesses:
    """Readers that nothing in a file can harm this process through. They start when there is something to read."""

    def __init__(
        self,
        preprocessing: Squarer,
        count: int | None = None,
        *,
        longest: float = _LONGEST,
        most_memory: int = _MOST_MEMORY,
    ) -> None:
        self.count = count or usual_count()
        self._preprocessing = preprocessing
        self._longest = longest
        self._most_memory = most_memory
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._busy: set[_Worker] = set()
        self._is_closed = False
        self._lock = threading.Lock()

    def read(self, file: Wanted, desk: Desk) -> Reading:
        """What *file* holds; `Refused` as failed if that took too long, or ended the process that read it.

        Raises `NoReaders`, and what *desk* raises.
        """
        worker = self._take()
        try:
            reading = worker.read(file, desk, self._longest)
        except BaseException:
            worker.kill()
            raise
        finally:
            with self._lock:
                self._busy.discard(worker)
        self._give_back(worker)
        return reading

    def abandon(self) -> None:
        """End the processes that are reading."""
        with self._lock:
            busy = list(self._busy)
        for worker in busy:
            worker.kill()

    def close(self) -> None:
        """End all processes; from now on none is made. None is left if this is interrupted."""
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
            # This process would wait for them at its own end, and they heed no polite request.
            self.abandon()
            for worker in idle:
                worker.kill()
            raise

    def _take(self) -> _Worker:
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            try:
                worker = _Worker(self._preprocessing, self._most_memory)
            except (OSError, EOFError) as error:
                raise NoReaders(str(error) or type(error).__name__) from error
        with self._lock:
            is_late = self._is_closed
            if not is_late:
                self._busy.add(worker)
        if is_late:
            # Nobody else would end it, and this process could not end before it: it heeds no request to.
            worker.kill()
            raise NoReaders("they were ended meanwhile")
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
    """One process, and this end of the pipe to it."""

    def __init__(self, preprocessing: Squarer, most_memory: int) -> None:
        # Forked from a process without threads: to fork this one, with its threads, is not safe.
        context: SpawnContext | ForkServerContext
        if sys.platform == "win32":
            context = multiprocessing.get_context("spawn")
        else:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["indexer.workers.preload"])
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, preprocessing, most_memory), name="photos-decoder", daemon=True
        )
        self._process.start()
        theirs.close()
        self.is_alive = True
        self._hashed: bytes | None = None

    def read(self, file: Wanted, desk: Desk, longest: float) -> Reading:
        try:
            with ExitStack() as turn:
                return self._converse(file, desk, longest, turn)
        except TimeoutError:
            reason = f"it could not be read within {longest:g} seconds"
            self.kill()
        except (EOFError, OSError):
            self.kill()
            code = self._process.exitcode or 0
            reason = "the process that read it ended" + (f" (signal {-code})" if code < 0 else "")
        return Refused(file, file.stamp, Outcome.FAILED, reason, tried=self._hashed)

    def _converse(self, file: Wanted, desk: Desk, longest: float, turn: ExitStack) -> Reading:
        self._hashed = None
        self._pipe.send(file)
        while True:
            if not self._pipe.poll(longest):
                raise TimeoutError
            match self._pipe.recv():
                case Hashed() as asked:
                    self._hashed = asked.content_hash
                    self._pipe.send(desk.decide(asked.content_hash))
                case TurnWanted():
                    turn.enter_context(desk.turn())
                    self._pipe.send(None)
                case TurnOver():
                    turn.close()
                case Refused() | Known() | Decoded() as reading:
                    return reading
                case other:
                    raise AssertionError(other)

    def close(self) -> None:
        """Let it end by itself."""
        self._pipe.close()
        self._process.join(_PATIENCE)
        self.kill()

    def kill(self) -> None:
        self.is_alive = False
        self._process.kill()
        self._process.join(_PATIENCE)
