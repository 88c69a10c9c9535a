"""Searches for the command line, through the Unix socket: `POST /v1/search` and `/v1/similar`; see `photos.daemon`.

A path that is no UTF-8 keeps its bytes here, as lone surrogates in ASCII JSON, which `/api/v1` does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from photos.daemon.protocol import CATALOG, PROGRAM, REFUSED, REQUESTS, BadRequest, decode_request, encode
from photos.daemon.version import UpgradeCheck, program_id
from photos.errors import MissingFolder, PhotosError, UnreadablePicture
from photos.exits import sentence_and_status
from photos.http.server.worker_threads import NoFreeThread
from photos.http.service import Service
from photos.operations.searching.requests import Request as Query
from photos.records.photos import SearchRecord
from query.errors import QueryError

#: Bytes that a request may have.
_LARGEST = 1 << 20


class _Rejected(Exception):
    """The request cannot be answered here."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class SocketSearches:
    """Answers the searches of the command line."""

    def __init__(self, service: Service) -> None:
        self._place = service.settings.catalog_place
        self._search = service.session.search
        self._log = service.log
        self._threads = service.threads
        self._program, self._upgrade_check = program_id(), UpgradeCheck()

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            *(Route(path, self._answer, methods=["POST"]) for path in REQUESTS),
            Route("/v1/{rest:path}", _unanswered, methods=list(HTTPMethod)),
        ]

    async def _answer(self, request: Request) -> Response:
        try:
            query = await self._request(request)
            return _json(HTTPStatus.OK, await self._threads.run(lambda: self._found(query)))
        except (PhotosError, QueryError) as error:
            # An error in the request: the client's own process would refuse it in the same words.
            sentence, status = sentence_and_status(error)
            return _json(REFUSED, {"refused": sentence, "status": status, "code": error.code})
        except NoFreeThread:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "too many requests"})
        except _Rejected as rejected:
            return _json(rejected.status, {"error": rejected.reason})

    async def _request(self, request: Request) -> Query:
        program = request.headers.get(PROGRAM)
        if program is not None and not self._serves_program(program):
            raise _Rejected(HTTPStatus.CONFLICT, "another program answers here, or another version of it")
        catalog = request.headers.get(CATALOG)
        # It is another one after the library was moved.
        if catalog is not None and catalog != self._place.identity():
            raise _Rejected(HTTPStatus.CONFLICT, "the daemon here serves another library")
        body = await self._body(request)
        try:
            return decode_request(request.url.path, body)
        except BadRequest as error:
            raise _Rejected(HTTPStatus.BAD_REQUEST, str(error)) from error

    def _serves_program(self, program: str) -> bool:
        """True if *program* is the one that runs here, and no upgrade has replaced it."""
        if self._upgrade_check.is_upgraded():
            self._log("The program was upgraded after this process started; the new one answers searches itself.")
            return False
        return program == self._program

    async def _body(self, request: Request) -> bytes:
        try:
            length = int(request.headers["Content-Length"])
        except (KeyError, ValueError):
            raise _Rejected(HTTPStatus.LENGTH_REQUIRED, "the request has no length") from None
        if not 0 <= length <= _LARGEST:
            raise _Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {_LARGEST} bytes")
        return await request.body()

    def _found(self, query: Query) -> SearchRecord:
        try:
            return self._search(query)
        except (UnreadablePicture, MissingFolder) as error:
            # The client may be able to read the picture, and otherwise raises the same error.
            raise _Rejected(HTTPStatus.FAILED_DEPENDENCY, str(error)) from error
        except (PhotosError, QueryError):
            raise
        except Exception as error:
            sentence, _ = sentence_and_status(error)
            # Without the sentence: it may hold what was searched for, and queries are private.
            self._log(f"A search could not be answered here ({type(error).__name__}).")
            raise _Rejected(HTTPStatus.INTERNAL_SERVER_ERROR, sentence) from error


async def _unanswered(request: Request) -> Response:
    if request.url.path in REQUESTS:
        return _json(HTTPStatus.METHOD_NOT_ALLOWED, {"error": "only POST is answered"})
    return _json(HTTPStatus.NOT_FOUND, {"error": f"there is {' and '.join(REQUESTS)}"})


def _json(status: int, content: Mapping[str, object]) -> Response:
    headers = {"Connection": "close"}
    return Response(encode(content), status, headers, media_type="application/json")
