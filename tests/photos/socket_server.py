"""The daemon's server within a test, with a function that answers searches."""

from __future__ import annotations

from contextlib import contextmanager

from photos.config import load
from photos.daemon.session import Session
from photos.http.app import application
from photos.http.server.connections import Limits
from photos.http.server.server import serving as serving_app
from photos.http.service import Service

from .encoders import ColourEncoders


class FunctionSession(Session):
    """A session whose searches a function answers."""

    def __init__(self, library, search):
        super().__init__(load({"library": library}, {}), ColourEncoders())
        self.search = search


@contextmanager
def serving(library, search, log, patience=5.0):
    """Answer searches with *search*. Gives whether there is a socket."""
    session = FunctionSession(library, search)
    service = Service(load({"library": library}, {}), session, log, Limits(patience))
    with serving_app(library, application(service), log, service.limits) as server:
        yield server is not None
    session.close()
