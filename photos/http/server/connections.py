"""Connections with limits of time and number, over uvicorn's HTTP/1.1.

uvicorn bounds neither the time in which a request comes nor that in which an answer is taken, so a client that hangs
would keep its connection for ever.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from photos.http.answers.problems import Problem, problem_body

#: Bytes of a request's first line and headers. A query has to fit, so that the answer can say that it is too long.
_HEAD: Final = 1 << 18
#: Bytes that are read and ignored after an answer to a request that is not complete: a connection that is closed
#: before its client has sent everything cuts off the answer on its way.
IGNORED: Final = 1 << 20
#: Key of the channel in the state of a request, and its values.
CHANNEL: Final = "channel"
OWNER: Final = "owner"
NETWORK: Final = "network"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for clients.

    `patience` is in seconds: for a whole request to come, for each pause in which a client takes nothing of its answer,
    and for the rest of the answer to be taken. `connections` may be open at once.
    """

    patience: float = 5.0
    connections: int = 32


class BoundedConfig(Config):
    """uvicorn's settings for `Connection`, and the limits. Nothing is logged: queries are private."""

    def __init__(self, app: Any, limits: Limits) -> None:
        super().__init__(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            h11_max_incomplete_event_size=_HEAD,
        )
        self.limits = limits


class Connection(H11Protocol):
    """A connection of uvicorn's that is cut off where its client takes too long.

    The state of its requests has their channel: `OWNER` for the Unix socket, else `NETWORK`.
    """

    config: BoundedConfig

    def __init__(
        self,
        config: BoundedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, dict(app_state), _loop)
        self._limits = config.limits
        self._request_due = _Clock(self.loop, self._limits.patience)
        self._answer_due = _Clock(self.loop, self._limits.patience)
        #: Bytes to ignore before the connection is cut off; None while requests are read.
        self._ignored: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many connections."""
        assert isinstance(transport, asyncio.Transport)
        is_full = len(self.connections) >= self._limits.connections
        super().connection_made(transport)
        if is_full:
            transport.abort()
            return
        own = transport.get_extra_info("socket")
        is_local = own is not None and own.family == getattr(socket, "AF_UNIX", None)
        self.app_state[CHANNEL] = OWNER if is_local else NETWORK
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._request_due.stop()
        self._answer_due.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read a part of a request."""
        if self._ignored is None:
            super().data_received(data)
            return
        self._ignored -= len(data)
        if self._ignored < 0:
            self.transport.abort()

    def handle_events(self) -> None:
        """Answer what was read, and note whether a request is still coming."""
        super().handle_events()
        if self._ignored is not None:
            return
        if self.conn.their_state is h11.SEND_BODY or (self.conn.their_state is h11.IDLE and self._has_part()):
            self._await_request()
        else:
            self._request_due.stop()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and ignore the rest of it."""
        del msg
        status = 431 if len(self.conn.trailing_data[0]) >= _HEAD else 400
        why = "The request is too large." if status > 400 else "This is no HTTP request."  # noqa: PLR2004 - see above
        body = problem_body(Problem(status, "bad_request", why))
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._ignored = IGNORED
        self._await_request()

    def on_response_complete(self) -> None:
        """Give the client its time to take the end of the answer."""
        self._answer_due.restart(self._cut_if_untaken)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Note that the client does not take its answer as fast as it comes."""
        super().pause_writing()
        self._answer_due.restart(self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the client goes on."""
        super().resume_writing()
        self._answer_due.stop()
        if self.cycle is None or self.cycle.response_complete:
            self._answer_due.restart(self._cut_if_untaken)

    def _has_part(self) -> bool:
        return bool(self.conn.trailing_data[0])

    def _await_request(self) -> None:
        if not self._request_due.is_running:
            self._request_due.restart(self.transport.abort)

    def _cut_if_untaken(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()


class _Clock:
    """Calls a function after *seconds*, unless it is stopped before."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """True between a start and the call, or the stop."""
        return self._timer is not None

    def restart(self, call: Callable[[], object]) -> None:
        """Begin anew, and then call *call*."""
        self.stop()
        self._timer = self._loop.call_later(self._seconds, call)

    def stop(self) -> None:
        """Call nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
