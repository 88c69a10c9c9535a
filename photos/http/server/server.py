"""Server of an ASGI application in threads of this process: on the library's Unix socket, and on TCP if asked.

Only the library's owner may use the socket. Requests are bounded in size, time and number, so that a client that hangs
or sends nonsense delays no other.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from uvicorn.server import ServerState

from photos.daemon.protocol import connectable, socket_path

from .connections import BoundedConfig, Connection, Limits

#: Seconds for unfinished answers at the end, and between two looks at them.
_LAST, _LOOK = 2.0, 0.02
#: Seconds for the thread to end after that.
_END = 1.0
_OWNER_ONLY: Final = 0o600
_BACKLOG: Final = 32


class Server:
    """Answers requests of any number of listening sockets, in one thread, until `end`."""

    def __init__(self, app: Any, limits: Limits | None = None) -> None:
        self._config = BoundedConfig(app, limits or Limits())
        self._config.load()
        self._state = ServerState()
        self._loop = asyncio.new_event_loop()
        self._listening: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._run, name="answering", daemon=True)
        self._thread.start()

    def listen(self, opened: socket.socket) -> None:
        """Answer on *opened*, a bound socket, from now on. May be called from any thread but the server's own."""
        asyncio.run_coroutine_threadsafe(self.listen_here(opened), self._loop).result()

    async def listen_here(self, opened: socket.socket) -> None:
        """Answer on *opened*, a bound socket, from now on. For callers in the server's own thread."""
        make = partial(Connection, self._config, self._state, {}, self._loop)
        self._listening.append(await self._loop.create_server(make, sock=opened, backlog=_BACKLOG))

    def end(self) -> None:
        """Accept no more requests, wait a moment for unfinished answers, and cut off the other connections."""
        ended = asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        with suppress(TimeoutError):
            ended.result(_LAST + _END)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_END)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    async def _end(self) -> None:
        for server in self._listening:
            server.close()
        connections = self._state.connections
        for connection in list(connections):
            connection.shutdown()
        until = time.monotonic() + _LAST
        while (connections or self._state.tasks) and time.monotonic() < until:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(_LOOK)
        for connection in list(connections):
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()
        # Once around, so that they end.
        await asyncio.sleep(_LOOK)


@contextmanager
def serving(
    library: Path, app: Any, log: Callable[[str], None], limits: Limits | None = None
) -> Iterator[Server | None]:
    """Answer requests to *app* on the socket of *library* until the block ends.

    Gives None if there can be no socket; the reason is logged. A socket that is there is replaced, so the caller holds
    the library's lock, or knows that nobody answers. Ends within seconds, also while an answer is worked on.
    """
    try:
        opened = bound(library)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        log(f"Searches are not answered from here, since there can be no socket in the library: {reason}.")
        yield None
        return
    server = Server(app, limits)
    own = os.stat(socket_path(library)).st_ino
    try:
        server.listen(opened)
        yield server
    finally:
        with suppress(OSError):
            # `photos serve` leaves the socket of a daemon that began after it.
            if os.stat(socket_path(library)).st_ino == own:
                os.unlink(socket_path(library))
        server.end()


def bound(library: Path) -> socket.socket:
    """Return the library's socket, for the owner alone, in place of one that is there. Raises `OSError`."""
    path = socket_path(library)
    # A killed process leaves its socket.
    with suppress(FileNotFoundError):
        os.unlink(path)
    opened = socket.socket(socket.AF_UNIX)
    try:
        with suppress(OSError):
            # On Linux the path gets the socket's own mode, so it is never accessible to others.
            os.fchmod(opened.fileno(), _OWNER_ONLY)
        with connectable(library) as name:
            opened.bind(name)
        os.chmod(path, _OWNER_ONLY)
    except BaseException:
        opened.close()
        raise
    return opened
