"""The endpoint that opens the gallery: `POST /v1/open`, by which `photos open` gets an address from a daemon."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from photos.daemon.protocol import CATALOG, OPEN, PROGRAM, encode
from photos.daemon.version import program_id
from photos.errors import PhotosError, PortTaken
from photos.http.access.access_control import LOGIN
from photos.http.server.server import Server
from photos.http.server.tcp import listener
from photos.http.service import Service
from store.json_text import parse_json

_LARGEST = 1 << 16


class OpenEndpoint:
    """Answers with addresses at which the gallery can be opened once. The way through TCP opens with the first."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._program = program_id()
        self._server: Server | None = None
        self._base: str | None = None

    def routes(self) -> list[Route]:
        """The routes."""
        return [Route(OPEN, self._answer, methods=["POST"])]

    def use(self, server: Server, base: str | None = None) -> None:
        """Let *server* listen when it is asked to; with *base* it does already, at that address."""
        self._server, self._base = server, base

    def listen_again(self) -> None:
        """Let the server listen where the daemon before did, if browsers are still let in: their pages go on."""
        port = self._service.credentials.port_of_sessions()
        if port is None or self._server is None:
            return
        # If another program has it, the next `photos open` finds another port.
        with suppress(PortTaken):
            found = listener(port=port)
            self._server.listen(found.opened)
            self._base = found.base

    async def _answer(self, request: Request) -> Response:
        catalog = self._service.settings.catalog_place.identity()
        named = request.headers.get(PROGRAM, self._program), request.headers.get(CATALOG, catalog)
        if named != (self._program, catalog):
            return _said(HTTPStatus.CONFLICT, {"error": "another program answers here, or for another library"})
        length = request.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST:
            return _said(HTTPStatus.BAD_REQUEST, {"error": "the request has no length, or is too large"})
        try:
            asked = parse_json(await request.body())
        except ValueError:
            asked = None
        query = asked.get("query") if isinstance(asked, dict) else None
        if not isinstance(asked, dict) or not isinstance(query, str | None):
            return _said(HTTPStatus.BAD_REQUEST, {"error": "query: it must be a text or null"})
        try:
            base = await self._listening()
        except PhotosError as error:
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)})
        return _said(HTTPStatus.OK, {"address": address(base, self._service.credentials.make_code(), query)})

    async def _listening(self) -> str:
        if self._base is None:
            assert self._server is not None
            found = listener()
            self._base = found.base
            await self._server.listen_here(found.opened)
            self._service.credentials.keep_port(found.opened.getsockname()[1])
        return self._base


def _said(status: HTTPStatus, content: dict[str, object]) -> Response:
    return Response(encode(content), status, {"Connection": "close"}, "application/json")


def address(base: str, code: str, query: str | None = None) -> str:
    """Return the address that opens the gallery once, with *query* in its search box.

    *base* has no slash at its end.
    """
    page = "/" if not query else "/?" + urlencode({"q": query})
    return f"{base}{LOGIN}#" + urlencode({"code": code, "next": page})
