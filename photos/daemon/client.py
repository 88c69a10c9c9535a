"""Client of the daemon's searches.

A warm search does little else, so this module does not import http.client, which takes 20 ms with its own imports.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photos.errors import DaemonRefused
from photos.operations.searching.requests import Request

from .protocol import (
    CATALOG,
    PROGRAM,
    REFUSED,
    SOCKET,
    catalog_id,
    connectable,
    decode_search,
    encode,
    endpoint,
)
from .version import program_id

if TYPE_CHECKING:
    from socket import socket

    from photos.records.photos import SearchRecord

#: Seconds after which this process searches faster itself.
_PATIENCE = 10.0
_CHUNK = 1 << 16
_OK = 200


class Unanswered(Exception):
    """There is no daemon, or no answer that can be used. `reason` begins in small letters and has no full stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def search_in_daemon(
    library: Path,
    request: Request,
    *,
    catalog: str | None = None,
    report: Callable[[str], None] | None = None,
    while_waiting: Callable[[], object] = lambda: None,
) -> SearchRecord | None:
    """Return the daemon's answer, or None if this process has to search. Raises `DaemonRefused`.

    *catalog* is the address of the library's catalog, if that is on a server. *while_waiting* is called while the
    daemon works. With *report*, for debugging, the reason for None is reported, and a refusal gives None too: this
    process then raises the error itself, with a traceback of its own.
    """
    try:
        pending = send(library, request, catalog=catalog)
        while_waiting()
        return pending.answer()
    except Unanswered as error:
        if report is not None:
            report(f"Answered by this process: {error.reason}.")
        return None
    except DaemonRefused:
        if report is None:
            raise
        return None


class PendingAnswer:
    """A request that was sent. `answer` waits for the response."""

    def __init__(self, connection: socket, until: float) -> None:
        self._connection = connection
        self._until = until

    def answer(self) -> SearchRecord:
        """Return the answer. Raises `Unanswered`, and `DaemonRefused` with the daemon's sentence."""
        try:
            status, body = _parse(self._receive())
            if status == REFUSED:
                raise DaemonRefused(str(body["refused"]), int(body["status"]), str(body["code"]))
            if status != _OK:
                raise Unanswered(f"status {status}: {body.get('error', 'no reason given')}")
            return decode_search(body)
        except OSError as error:
            raise Unanswered(_reason(error)) from error
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise Unanswered("the response is not valid") from error

    def _receive(self) -> bytes:
        parts: list[bytes] = []
        with self._connection:
            while True:
                left = self._until - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._connection.settimeout(left)
                part = self._connection.recv(_CHUNK)
                if not part:
                    return b"".join(parts)
                parts.append(part)


def send(library: Path, request: Request, patience: float = _PATIENCE, catalog: str | None = None) -> PendingAnswer:
    """Send *request* to the daemon of *library*, which has *patience* seconds. Raises `Unanswered`."""
    if not os.path.exists(os.path.join(library, SOCKET)):
        raise Unanswered("no daemon answers searches here")
    import socket  # noqa: PLC0415 - most libraries have no daemon

    until = time.monotonic() + patience
    try:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(patience)
            with connectable(library) as path:
                connection.connect(path)
            connection.sendall(_message(request, catalog_id(library, catalog)))
        except BaseException:
            connection.close()
            raise
    except OSError as error:
        raise Unanswered(_reason(error)) from error
    return PendingAnswer(connection, until)


def _message(request: Request, catalog: str | None) -> bytes:
    body = encode(request)
    of_catalog = "" if catalog is None else f"{CATALOG}: {catalog}\r\n"
    return (
        f"POST {endpoint(request)} HTTP/1.1\r\nHost: photos\r\n{PROGRAM}: {program_id()}\r\n{of_catalog}"
        f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode("ascii") + body


def _parse(message: bytes) -> tuple[int, dict[str, Any]]:
    """Return status and body. Raises `ValueError`, `TypeError` or `LookupError` for an incomplete response."""
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


def _reason(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
