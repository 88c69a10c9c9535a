"""Login: a one-time code or a password becomes the cookie of a session."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from photos.http.access.access_control import LOGIN, cookie_name
from photos.http.access.credentials import SESSION_SECONDS
from photos.http.answers.problems import Problem, not_found, problem_response
from photos.http.service import Service

from .calls import JSON, read_body

_FOLDER: Final = Path(__file__).parent / "login_page"
_FILES: Final = {"login.css": "text/css", "login.js": "text/javascript"}
_WRONG = "This code was used, or is older than a minute; run `photos open` again."


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A one-time code, or the password."""

    code: Annotated[str, Meta(max_length=200)] | None = None
    password: Annotated[str, Meta(max_length=1000)] | None = None


class Login:
    """The page that a browser is let in by, and what it sends."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._cookie = cookie_name(service.settings.library)

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route(LOGIN, self._page),
            Route(LOGIN, self._enter, methods=["POST"]),
            Route(f"{LOGIN}/ways", self._ways),
            Route(f"{LOGIN}/{{name}}", self._file),
            Route("/logout", self._leave, methods=["POST"]),
        ]

    async def _page(self, _: Request) -> Response:
        return FileResponse(_FOLDER / "login.html", media_type="text/html")

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            return problem_response(not_found("There is nothing here."))
        return FileResponse(_FOLDER / name, media_type=_FILES[name])

    async def _ways(self, _: Request) -> Response:
        return Response(msgspec.json.encode({"password": self._service.credentials.has_password}), media_type=JSON)

    async def _enter(self, request: Request) -> Response:
        try:
            entry = await read_body(request, Entry)
        except Problem as problem:
            return problem_response(problem)
        key = self._service.credentials.open_session(entry.code, entry.password)
        if key is None:
            sentence = _WRONG if entry.password is None else "This is not the password, or it was tried too often."
            return problem_response(Problem(HTTPStatus.UNAUTHORIZED, "wrong_key", sentence))
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        response.set_cookie(
            self._cookie,
            key,
            max_age=int(SESSION_SECONDS),
            httponly=True,
            samesite="strict",
            # Behind a proxy that adds TLS.
            secure=request.headers.get("origin", "").startswith("https:"),
        )
        return response

    async def _leave(self, request: Request) -> Response:
        self._service.credentials.end_session(request.cookies.get(self._cookie, ""))
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        response.delete_cookie(self._cookie, httponly=True, samesite="strict")
        return response
