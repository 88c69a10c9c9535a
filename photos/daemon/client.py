"""Asks the process that keeps a library up to date, if there is one.

A warm search is little more than this, so it imports neither http.client nor what that imports: 20 ms.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photos.daemon.protocol import CATALOG, PROGRAM, REFUSED, catalog_of, path_of, program, reachable, socket_of
from photos.errors import Refused
from photos.operations.requests import Request, SearchAnswer

if TYPE_CHECKING:
    from socket import socket

#: Seconds after which it is quicker to answer oneself.
_PATIENCE = 10.0
_AT_ONCE = 1 << 16
_OK = 200


class Unanswered(Exception):
    """Nobody there, or not to be relied on. `reason` begins in small letters and has no full stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Asked:
    """A request on its way: there is time for something else until `answer` is called."""

    def __init__(self, connection: socket, until: float) -> None:
        self._connection = connection
        self._until = until

    def answer(self) -> SearchAnswer:
        """The answer. Raises `Refused`, with the sentence, if the question is refused, and `Unanswered`."""
        try:
            status, body = _parted(self._everything())
            if status == REFUSED:
                raise Refused(str(body["refused"]), int(body["status"]))
            if status != _OK:
                raise Unanswered(f"status {status}: {body.get('error', 'no reason given')}")
            return SearchAnswer.of_record(body)
        except OSError as error:
            raise Unanswered(_why(error)) from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise Unanswered("what came is no answer") from error

    def _everything(self) -> bytes:
        parts: list[bytes] = []
        with self._connection:
            while True:
                left = self._until - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._connection.settimeout(left)
                part = self._connection.recv(_AT_ONCE)
                if not part:
                    return b"".join(parts)
                parts.append(part)


def ask(library: Path, request: Request, patience: float = _PATIENCE) -> Asked:
    """Send *request* to the process that keeps *library*, which has *patience* seconds. Raises `Unanswered`."""
    if not os.path.exists(socket_of(library)):
        raise Unanswered("nobody is there")
    import socket  # noqa: PLC0415 - most libraries have nobody to ask

    until = time.monotonic() + patience
    try:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(patience)
            with reachable(library) as name:
                connection.connect(name)
            connection.sendall(_message(request, catalog_of(library)))
        except BaseException:
            connection.close()
            raise
    except OSError as error:
        raise Unanswered(_why(error)) from error
    return Asked(connection, until)


def _message(request: Request, catalog: str | None) -> bytes:
    body = json.dumps(request.record()).encode("ascii")
    asked = "" if catalog is None else f"{CATALOG}: {catalog}\r\n"
    return (
        f"POST {path_of(request)} HTTP/1.1\r\nHost: photos\r\n{PROGRAM}: {program()}\r\n{asked}Connection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode("ascii") + body


def _parted(message: bytes) -> tuple[int, dict[str, Any]]:
    """Status and body. Raises `ValueError` or `LookupError` for what is no whole answer."""
    head, gap, body = message.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if not gap or not version.startswith("HTTP/1.") or int(headers["content-length"]) != len(body):
        raise ValueError(first)
    content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError(content)
    return int(status), content


def _why(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
