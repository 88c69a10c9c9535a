"""One request over HTTP, and its response."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast

from photos.daemon.protocol import CATALOG, PROGRAM, REFUSED, REQUESTS
from photos.errors import MissingFolder, PhotosError, UnreadablePicture
from photos.exits import explain
from photos.operations.requests import Request
from query import QueryError

if TYPE_CHECKING:
    from photos.daemon.server import Server

#: Bytes that a request may have.
_LARGEST = 1 << 20
_PART = 1 << 16


class _Wrong(Exception):
    """The request cannot be answered here."""

    def __init__(self, status: HTTPStatus, what: str) -> None:
        super().__init__(status, what)
        self.status = status
        self.what = what


class Handler(BaseHTTPRequestHandler):
    """Answers one request of a connection."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Let no read and no write take too long."""
        super().setup()
        self.connection.settimeout(self._server.patience)

    def do_POST(self) -> None:
        """Answer a request."""
        self.close_connection = True
        try:
            request = self._request()
            self._send(HTTPStatus.OK, self._answered(request))
        except (PhotosError, QueryError) as error:
            # The fault is the question's: it would be refused in the same words by whoever asks.
            sentence, status = explain(error)
            self._send(REFUSED, {"refused": sentence, "status": status})
        except _Wrong as wrong:
            self._send(wrong.status, {"error": wrong.what})
            self._hear_out()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Keep no log: what people search for is theirs."""

    @property
    def _server(self) -> Server:
        return cast("Server", self.server)

    def _request(self) -> Request:
        kind = REQUESTS.get(self.path)
        if kind is None:
            raise _Wrong(HTTPStatus.NOT_FOUND, f"there is {' and '.join(REQUESTS)}")
        asking = self.headers[PROGRAM]
        if asking is not None and not self._server.is_asked_by(asking):
            raise _Wrong(HTTPStatus.CONFLICT, "another program answers here, or another version of it")
        catalog = self.headers[CATALOG]
        if catalog is not None and not self._server.answers_from(catalog):
            raise _Wrong(HTTPStatus.CONFLICT, "the library that is answered from here is another")
        body = self._body()
        self._server.arrived(self.connection)
        try:
            return kind.of_record(json.loads(body))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise _Wrong(HTTPStatus.BAD_REQUEST, "this is no search") from error

    def _body(self) -> bytes:
        try:
            length = int(self.headers["Content-Length"])
        except (TypeError, ValueError):
            raise _Wrong(HTTPStatus.LENGTH_REQUIRED, "say how long it is") from None
        if not 0 <= length <= _LARGEST:
            raise _Wrong(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {_LARGEST} bytes")
        body = self.rfile.read(length)
        if len(body) < length:
            raise _Wrong(HTTPStatus.BAD_REQUEST, "its end is missing")
        return body

    def _answered(self, request: Request) -> Mapping[str, object]:
        with self._server.turn() as has_turn:
            if not has_turn:
                raise _Wrong(HTTPStatus.SERVICE_UNAVAILABLE, "too much to do")
            try:
                return self._server.answer(request).record()
            except (UnreadablePicture, MissingFolder) as error:
                # Who asks may be able to read a picture that we cannot, and otherwise says the same.
                raise _Wrong(HTTPStatus.FAILED_DEPENDENCY, str(error)) from error
            except (PhotosError, QueryError):
                raise
            except Exception as error:
                sentence, _ = explain(error)
                # The sentence may have words of the query in it, which are never logged.
                self._server.say_once(f"A search could not be answered here ({type(error).__name__}).")
                raise _Wrong(HTTPStatus.INTERNAL_SERVER_ERROR, sentence) from error

    def _hear_out(self) -> None:
        """Read what may still be coming: closed before, a connection cuts off the response that is on its way."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            left = _LARGEST
            while left > 0 and (heard := self.connection.recv(min(left, _PART))):
                left -= len(heard)

    def _send(self, status: int, record: Mapping[str, object]) -> None:
        # Paths that are no text keep their bytes as lone surrogates, which only escapes can hold.
        body = json.dumps(record).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
