"""The library that an assistant asks: the daemon answers searches if it is running, and this process otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from photos.config import Settings
from photos.daemon.client import search_in_daemon
from photos.operations.searching.requests import Request
from photos.records.photos import SearchRecord

if TYPE_CHECKING:
    from indexer.models.protocols import EncoderFactory
    from photos.daemon.session import Session
    from photos.encoders import CachedEncoders
    from photos.library import OpenLibrary
    from photos.thumbnails import Thumbnails


class AskedLibrary:
    """A library whose parts are loaded at their first use. Threads may share it; close it at the end.

    *encoders* are those of the program if they are None. *report* is called with sentences that a person should read.
    """

    def __init__(self, settings: Settings, encoders: EncoderFactory | None, report: Callable[[str], None]) -> None:
        self._settings = settings
        self._given = encoders
        self._report = report
        self._lock = threading.Lock()
        self._closing = ExitStack()
        self._encoders: CachedEncoders | None = None
        self._session: Session | None = None
        self._thumbnails: Thumbnails | None = None

    def search(self, request: Request) -> SearchRecord:
        """Answer *request*, as `photos search` and `photos similar` do. Raises as they do, and `DaemonRefused`."""
        found = search_in_daemon(self._settings.library, request, catalog=self._settings.catalog)
        return self._opened().search(request) if found is None else found

    def library(self) -> OpenLibrary:
        """Return the library for one call, which need not be closed."""
        return self._opened().library()

    def thumbnails(self) -> Thumbnails:
        """Return the small pictures of the library."""
        session = self._opened()
        with self._lock:
            if self._thumbnails is None:
                from photos.thumbnails import Thumbnails  # noqa: PLC0415 - few calls show pictures

                made = Thumbnails(self._settings, session.catalog, on_problem=self._report)
                self._thumbnails = self._closing.enter_context(made)
            return self._thumbnails

    def release_idle(self) -> None:
        """Drop encoders that were not used for some time."""
        if self._encoders is not None:
            self._encoders.release_idle()

    def close(self) -> None:
        """Close the catalog, and end the processes that make pictures."""
        with self._lock:
            self._closing.close()

    def _opened(self) -> Session:
        with self._lock:
            if self._session is None:
                # A session loads numpy, FAISS and SQLAlchemy; searches that the daemon answers need none of these.
                from photos.daemon.session import Session  # noqa: PLC0415
                from photos.encoders import CachedEncoders  # noqa: PLC0415
                from photos.library import OpenLibrary  # noqa: PLC0415

                made = OpenLibrary(self._settings, self._given, on_notice=self._report).encoders
                self._encoders = CachedEncoders(made, self._settings.idle_minutes * 60)
                self._session = self._closing.enter_context(closing(Session(self._settings, self._encoders)))
            return self._session
