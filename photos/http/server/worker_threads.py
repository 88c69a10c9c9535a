"""Worker threads: a few requests are worked on at once, each in a thread of its own, and the others wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class NoFreeThread(Exception):
    """Too many requests are waiting: no thread was free in time."""


class WorkerThreads:
    """Runs blocking work for requests, at most *most* at once. Work that waits *patience* seconds is not done."""

    def __init__(self, most: int, patience: float) -> None:
        self._free = asyncio.Semaphore(most)
        self._patience = patience

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result of *work*, or raise its exception. Raises `NoFreeThread`.

        Work whose request went away is not stopped, and keeps its thread until it ends.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise NoFreeThread from None
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            self._free.release()
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]  # None only where T is

        def work_here() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001 - it is raised where the result is awaited
                error = raised
            # The server may have ended meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, result, error)

        # A daemon's thread: the process ends while it works.
        threading.Thread(target=work_here, daemon=True).start()
        return await done
