"""The server of a daemon: answers on the library's socket by the session of the watcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from photos.config import Settings
from photos.daemon.session import Session

from .app import application
from .endpoints.open_gallery import OpenEndpoint
from .server.server import serving
from .service import Service


@contextmanager
def serving_daemon(settings: Settings, session: Session, log: Callable[[str], None]) -> Iterator[bool]:
    """Answer requests with *session* until the block ends. Gives whether there is a socket; if not, it is logged.

    Only the process that holds the library's lock may call it.
    """
    service = Service(settings, session, log)
    opening = OpenEndpoint(service)
    with serving(settings.library, application(service, opening=opening), log, service.limits) as server:
        if server is not None:
            opening.use(server)
            opening.listen_again()
        try:
            yield server is not None
        finally:
            service.close()
