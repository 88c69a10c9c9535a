"""Handler of one HTTP request."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Protocol, cast

from photos.errors import MissingFolder, PhotosError, UnreadablePicture
from photos.exits import sentence_and_status
from photos.operations.requests import Request
from photos.records.photos import SearchRecord
from query.errors import QueryError

from .protocol import CATALOG, PROGRAM, REFUSED, REQUESTS, BadRequest, decode_request, encode

#: Bytes that a request may have.
_LARGEST = 1 << 20
_CHUNK = 1 << 16


class Service(Protocol):
    """The server, as its handlers use it."""

    #: Seconds for each read and write, and for the wait for a turn.
    patience: float

    def search(self, request: Request) -> SearchRecord:
        """Answer a request."""
        ...

    def serves_program(self, program: str) -> bool:
        """True if clients of *program* may be answered."""
        ...

    def serves_catalog(self, catalog: str) -> bool:
        """True if *catalog* is the one that is searched here."""
        ...

    def turn(self) -> AbstractContextManager[bool]:
        """Wait for a turn, since only a few answers are worked on at once. Gives False if there was none in time."""
        ...

    def request_received(self, connection: socket.socket) -> None:
        """Note that the whole request of *connection* was received."""
        ...

    def answer_begins(self, connection: socket.socket) -> None:
        """Note that *connection* is being answered."""
        ...

    def log_once(self, sentence: str) -> None:
        """Log *sentence*, unless it was logged before."""
        ...


class _Rejected(Exception):
    """The request cannot be answered here."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class Handler(BaseHTTPRequestHandler):
    """Answers the request of one connection."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Set a timeout for every read and write."""
        super().setup()
        self.connection.settimeout(self._service.patience)

    def do_POST(self) -> None:
        """Answer a request."""
        self.close_connection = True
        try:
            request = self._request()
            self._send(HTTPStatus.OK, self._search(request))
        except (PhotosError, QueryError) as error:
            # An error in the request: the client's own process would refuse it in the same words.
            sentence, status = sentence_and_status(error)
            self._send(REFUSED, {"refused": sentence, "status": status})
        except _Rejected as rejected:
            self._send(rejected.status, {"error": rejected.reason})
            self._drain()

    def send_error(
        self,
        code: int,
        message: str | None = None,
        explain: str | None = None,  # noqa: ARG002 - http.server's name
    ) -> None:
        """Refuse a request that is no HTTP, or of another method: the client's mistake, never the server's."""
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, "only POST is answered"
        is_ours = code >= HTTPStatus.INTERNAL_SERVER_ERROR
        phrase = message or HTTPStatus(code).phrase.lower()
        self._send(HTTPStatus.BAD_REQUEST if is_ours else code, {"error": phrase})

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: queries are private."""

    @property
    def _service(self) -> Service:
        return cast("Service", self.server)

    def _request(self) -> Request:
        if self.path not in REQUESTS:
            raise _Rejected(HTTPStatus.NOT_FOUND, f"there is {' and '.join(REQUESTS)}")
        program = self.headers[PROGRAM]
        if program is not None and not self._service.serves_program(program):
            raise _Rejected(HTTPStatus.CONFLICT, "another program answers here, or another version of it")
        catalog = self.headers[CATALOG]
        if catalog is not None and not self._service.serves_catalog(catalog):
            raise _Rejected(HTTPStatus.CONFLICT, "the daemon here serves another library")
        body = self._body()
        self._service.request_received(self.connection)
        try:
            return decode_request(self.path, body)
        except BadRequest as error:
            raise _Rejected(HTTPStatus.BAD_REQUEST, str(error)) from error

    def _body(self) -> bytes:
        try:
            length = int(self.headers["Content-Length"])
        except (TypeError, ValueError):
            raise _Rejected(HTTPStatus.LENGTH_REQUIRED, "the request has no length") from None
        if not 0 <= length <= _LARGEST:
            raise _Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {_LARGEST} bytes")
        body = self.rfile.read(length)
        if len(body) < length:
            raise _Rejected(HTTPStatus.BAD_REQUEST, "its end is missing")
        return body

    def _search(self, request: Request) -> SearchRecord:
        with self._service.turn() as has_turn:
            if not has_turn:
                raise _Rejected(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests")
            try:
                return self._service.search(request)
            except (UnreadablePicture, MissingFolder) as error:
                # The client may be able to read the picture, and otherwise raises the same error.
                raise _Rejected(HTTPStatus.FAILED_DEPENDENCY, str(error)) from error
            except (PhotosError, QueryError):
                raise
            except Exception as error:
                sentence, _ = sentence_and_status(error)
                # Without the sentence: it may hold what was searched for, and queries are private.
                self._service.log_once(f"A search could not be answered here ({type(error).__name__}).")
                raise _Rejected(HTTPStatus.INTERNAL_SERVER_ERROR, sentence) from error

    def _drain(self) -> None:
        """Read the rest of the request: a connection that is closed before cuts off the response on its way."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            left = _LARGEST
            while left > 0 and (received := self.connection.recv(min(left, _CHUNK))):
                left -= len(received)

    def _send(self, status: int, content: Mapping[str, object]) -> None:
        body = encode(content)
        self._service.answer_begins(self.connection)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
