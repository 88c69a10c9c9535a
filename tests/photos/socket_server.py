"""The daemon's server within a test, with a function that answers searches."""

from __future__ import annotations

from contextlib import contextmanager

from photos.http.app import application
from photos.http.connections import Limits
from photos.http.server import serving as serving_app


@contextmanager
def serving(library, search, log, patience=5.0):
    """Answer searches with *search*. Gives whether there is a socket."""
    limits = Limits(patience)
    with serving_app(library, application(library, search, log, limits), log, limits) as server:
        yield server is not None
