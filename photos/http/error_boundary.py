"""The outermost layer of the application: unfinished requests, clients that went away, and internal errors."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers.problems import MEDIA_TYPE, Problem, problem_body
from .server.connections import IGNORED

#: Called with a sentence to log.
Log = Callable[[str], None]

_INTERNAL = Problem(500, "internal_error", "Internal error; the log of the server names its kind.")


class ErrorBoundary:
    """Passes requests to *app*. Of an internal error only the kind is logged: its sentence may hold a query."""

    def __init__(self, app: ASGIApp, log: Log) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = _Answer(scope, receive, send)
        try:
            await self._app(scope, answer.receive, answer.send)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - nothing may reach uvicorn, which would log it
            self._log(f"A request could not be answered ({type(error).__name__}).")
            if not answer.has_begun:
                await answer.refuse(_INTERNAL)


class _Answer:
    """One answer. Its end waits for the end of the request.

    A connection that is closed before its client has sent everything cuts off the answer on its way.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_coming = any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in scope["headers"]
        )
        self.has_begun = False

    async def receive(self) -> Message:
        """Receive a part of the request."""
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._is_coming = False
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        self.has_begun = True
        if message["type"] == "http.response.body" and not message.get("more_body", False) and self._is_coming:
            await self._send({**message, "more_body": True})
            await self._ignore_rest()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        """Answer with *problem*."""
        body = problem_body(problem)
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def _ignore_rest(self) -> None:
        left = IGNORED
        while self._is_coming and left >= 0:
            left -= len((await self.receive()).get("body", b""))
