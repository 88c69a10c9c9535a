"""The ASGI application: access control around the API and the page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from .access.access_control import AccessControl, AccessRules
from .endpoints.open_gallery import OpenEndpoint
from .endpoints.socket_searches import SocketSearches
from .error_boundary import ErrorBoundary
from .service import Service


def application(service: Service, access: AccessRules | None = None, opening: OpenEndpoint | None = None) -> ASGIApp:
    """Return the application that answers for a service.

    With *opening*, the owner's programs can ask for addresses of the gallery.
    """
    owners = [*([] if opening is None else opening.routes()), *SocketSearches(service).routes()]
    routes = [*owners, Mount("", OnDemand(service, lambda: _api(service)))]
    controlled = AccessControl(
        Starlette(routes=routes), service.credentials, access or AccessRules(), service.settings.library
    )
    return ErrorBoundary(controlled, service.log)


class OnDemand:
    """An application that is made for its first request: a daemon that only answers the command line loads less."""

    def __init__(self, service: Service, make: Callable[[], ASGIApp]) -> None:
        self._service = service
        self._make = make
        self._made: ASGIApp | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with self._making:
            # Once: limits are kept in what is made. In a thread: other requests go on while it is loaded.
            if self._made is None:
                self._made = await self._service.picture_threads.run(self._make)
        await self._made(scope, receive, send)


def _api(service: Service) -> ASGIApp:
    from .api import api  # noqa: PLC0415 - see `OnDemand`

    return api(service)
