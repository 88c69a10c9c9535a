"""Answers of a daemon: its session, by the application, on the library's socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from photos.config import Settings
from photos.daemon.session import Session

from .app import application
from .server import serving
from .service import Service


@contextmanager
def answering(settings: Settings, session: Session, log: Callable[[str], None]) -> Iterator[bool]:
    """Answer requests with *session* until the block ends. Gives whether there is a socket; if not, it is logged.

    Only the process that holds the library's lock may call it.
    """
    service = Service(settings, session, log)
    with serving(settings.library, application(service), log, service.limits) as server:
        yield server is not None
        service.is_ending = True
