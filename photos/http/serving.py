"""Serving in the foreground: the gallery and the API through TCP, and through the socket if nobody else has it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from photos.daemon.protocol import has_unix_sockets
from photos.daemon.session import Session
from photos.encoders import CachedEncoders
from photos.errors import OpenToAll
from photos.library import OpenLibrary
from photos.lock import running_daemon

from .access.access_control import AccessRules
from .access.credentials import read_token
from .app import application
from .endpoints.open_gallery import OpenEndpoint, address
from .server.server import Server, serving
from .server.tcp import LOOPBACK, Listener, is_loopback, listener
from .service import Service

_log = logging.getLogger(__name__)
#: Seconds between two looks for encoders that nobody uses.
_LOOK = 60.0


@dataclass(frozen=True, slots=True)
class ServeRequest:
    """The address and the port to listen at, and who may come in. `query` is in the search box at first."""

    address: str = LOOPBACK
    port: int | None = None
    query: str | None = None
    access: AccessRules = field(default_factory=AccessRules)


@dataclass(frozen=True, slots=True)
class Ready:
    """The server answers: at `base`, and once without a key at `once`."""

    base: str
    once: str


def serve(library: OpenLibrary, request: ServeRequest, on_ready: Callable[[Ready], object]) -> None:
    """Serve *library* until interrupted. Calls *on_ready* as soon as requests are answered.

    Raises `EmptyLibrary` without a catalog, `PortTaken`, and `OpenToAll` for other machines without a key.
    """
    settings = library.settings
    if library.is_new:
        raise library.empty_error()
    if not is_loopback(request.address) and request.access.password is None and read_token(settings.library) is None:
        raise OpenToAll(request.address)
    opened = listener(request.address, request.port)
    encoders = CachedEncoders(library.encoders, settings.idle_minutes * 60)
    with closing(Session(settings, encoders)) as session:
        service = Service(settings, session, _log.warning, password=request.access.password)
        opening = OpenEndpoint(service)
        app = application(service, request.access, opening)
        with ExitStack() as stack:
            server = None
            if has_unix_sockets() and running_daemon(settings.library) is None:
                server = stack.enter_context(serving(settings.library, app, _log.warning, service.limits))
            if server is None:
                server = Server(app, service.limits)
                stack.callback(server.end)
            # Streams of events end first, so that the server need not wait for them.
            stack.callback(service.close)
            _run(server, opened, opening, service, request, on_ready, encoders)


def _run(
    server: Server,
    opened: Listener,
    opening: OpenEndpoint,
    service: Service,
    request: ServeRequest,
    on_ready: Callable[[Ready], object],
    encoders: CachedEncoders,
) -> None:
    server.listen(opened.opened)
    opening.use(server, opened.base)
    threading.Thread(target=service.session.warm, name="preparing", daemon=True).start()
    on_ready(Ready(opened.base, address(opened.base, service.credentials.make_code(), request.query)))
    never = threading.Event()
    while not never.wait(_LOOK):
        encoders.release_idle()
