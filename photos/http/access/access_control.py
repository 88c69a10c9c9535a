"""Access control: the requests that are answered, and the headers that keep other pages out.

The Unix socket is its owner's alone, so all of its requests are answered. Through TCP a request needs a known Host,
against other names that point to this machine; a browser's session or a program's token; and for a change a proof that
it comes from the gallery's own page. Requests from other machines, or for another name than this machine's own, may
change something only if that was allowed.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from photos.http.answers.problems import Problem, problem_response
from photos.http.server.connections import CHANNEL, OWNER
from photos.http.server.tcp import is_loopback

from .credentials import Credentials

CONTENT_SECURITY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
#: Headers of every answer. One that has such a header already keeps it.
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: Paths of requests with a body that change nothing in the library.
_READING: Final = frozenset({"/api/v1/archives"})
#: The path that needs no credentials.
LOGIN: Final = "/login"
_BEARER: Final = "bearer "
_NO_KEY: Final = "Open the gallery with `photos open`, or send the token of `photos token`."
#: Paths for the owner's own programs, through the socket: their answers name files.
_OWNERS: Final = "/v1/"


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Rules for requests through TCP, in addition to those of this machine's own browsers and programs.

    With `is_remote`, other machines may ask. `hosts` are further names of this machine, such as a proxy's. Changes by
    other machines, or by such a name, are refused unless `allow_edits`. Pages of `origins` may read answers, with a
    token.
    """

    is_remote: bool = False
    hosts: tuple[str, ...] = ()
    allow_edits: bool = False
    origins: tuple[str, ...] = ()
    password: str | None = None


class AccessControl:
    """Passes requests with access on to *app*, and refuses the others."""

    def __init__(self, app: ASGIApp, credentials: Credentials, access: AccessRules, library: Path) -> None:
        self._app = app
        self._credentials = credentials
        self._access = access
        self._cookie = cookie_name(library)
        authorised: ASGIApp = self._authorised
        if access.origins:
            authorised = CORSMiddleware(
                authorised,
                allow_origins=access.origins,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type"],
            )
        # Of two Hosts it would judge the first; h11 refuses them.
        self._hosts = TrustedHostMiddleware(authorised, [*_LOOPBACK, *access.hosts], www_redirect=False)
        self._any_host = authorised

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope.get("state", {}).get(CHANNEL) == OWNER:
            await self._app(scope, receive, _with_headers(send))
            return
        # Another name can be made to point here, an address cannot.
        is_address = self._access.is_remote and _is_address(Headers(scope=scope).get("host", ""))
        checked = self._any_host if is_address else self._hosts
        await checked(scope, receive, _with_headers(send))

    async def _authorised(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:  # noqa: PLR0911 - a line for each rule
        has_token = self._has_token(headers)
        is_safe = scope["method"] in _SAFE
        path = scope["path"]
        if path.startswith(_OWNERS):
            return _refused(HTTPStatus.NOT_FOUND, "not_found", "This is only for the library's own socket.")
        if not is_safe and not has_token and not is_same_origin(headers):
            return _refused(HTTPStatus.FORBIDDEN, "cross_site", "A change must come from the gallery's own page.")
        if path == LOGIN or path.startswith(f"{LOGIN}/"):
            return None
        if not has_token and not self._has_session(headers):
            if path == "/" and is_safe:
                return RedirectResponse(LOGIN, HTTPStatus.SEE_OTHER)
            return _refused(
                HTTPStatus.UNAUTHORIZED,
                "no_key",
                _NO_KEY,
            )
        is_change = not is_safe and path not in _READING
        if is_change and not self._access.allow_edits and not _is_local(scope, headers):
            return _refused(HTTPStatus.FORBIDDEN, "read_only", "From other machines nothing can be changed here.")
        return None

    def _has_token(self, headers: Headers) -> bool:
        given = headers.get("authorization", "")
        return given[: len(_BEARER)].lower() == _BEARER and self._credentials.is_token(given[len(_BEARER) :].strip())

    def _has_session(self, headers: Headers) -> bool:
        key = cookie_parser(headers.get("cookie", "")).get(self._cookie)
        return key is not None and self._credentials.is_session(key)


def cookie_name(library: Path) -> str:
    """Return the name of the cookie of *library*. Cookies know no ports, and other libraries have servers, too."""
    return f"photos-{hashlib.sha256(bytes(library)).hexdigest()[:8]}"


def is_same_origin(headers: Headers) -> bool:
    """Return whether a browser states that a request comes from a page of ours; False without such a statement."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        return False
    return site is not None or origin is not None


def _is_local(scope: Scope, headers: Headers) -> bool:
    """Return whether a request is of this machine, and for its own name: a proxy here passes on those of others."""
    client = scope.get("client")
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    names = {name.strip("[]") for name in _LOOPBACK}
    return client is not None and is_loopback(client[0]) and host in names


def _is_address(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refused(status: HTTPStatus, code: str, sentence: str) -> Response:
    response = problem_response(Problem(status, code, sentence))
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
