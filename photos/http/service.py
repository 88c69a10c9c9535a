"""Service: everything that the requests of one server share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from photos.config import Settings
from photos.daemon.session import Session
from photos.errors import safe
from photos.library import OpenLibrary
from photos.operations.searching.rankings import Rankings
from photos.thumbnails import Thumbnails

from .access.credentials import Credentials
from .jobs import Jobs
from .prepared_archives import PreparedArchives
from .server.connections import Limits
from .server.worker_threads import WorkerThreads
from .strip_cache import StripCache

if TYPE_CHECKING:
    from photos.operations.tagging.vocabulary_reports import SuggestResult

#: Answers that are worked on at once, changes that are made at once, and pictures that are read at once.
_ANSWERS, _CHANGES, _PICTURES = 2, 2, 6
#: Seconds that a picture waits for a thread: large ones take seconds to make.
_PICTURE_PATIENCE = 30.0


class OnceLog:
    """Logs each sentence once. Threads may share it."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._logged: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, sentence: str) -> None:
        """Log *sentence*, unless it was logged before."""
        with self._lock:
            is_new = sentence not in self._logged
            self._logged.add(sentence)
        if is_new:
            self._log(safe(sentence))


class Service:
    """The library of a server by its *session*, its jobs, and the threads of its requests."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        log: Callable[[str], None],
        limits: Limits | None = None,
        password: str | None = None,
    ) -> None:
        self.settings = settings
        self.session = session
        self.limits = limits or Limits()
        self.log = OnceLog(log)
        self.threads = WorkerThreads(_ANSWERS, self.limits.patience)
        #: A change may wait for another process, and who only reads need not.
        self.change_threads = WorkerThreads(_CHANGES, self.limits.patience)
        self.picture_threads = WorkerThreads(_PICTURES, _PICTURE_PATIENCE)
        self.thumbnails = Thumbnails(settings, session.catalog, patience=_PICTURE_PATIENCE, on_problem=self.log)
        self.credentials = Credentials(settings.library, password)
        self.jobs = Jobs()
        self.strips = StripCache()
        self.rankings = Rankings()
        self.archives = PreparedArchives()
        #: What the last job that looked for gaps of the vocabulary found.
        self.gaps: SuggestResult | None = None
        #: True from the beginning of the end on: streams of events end.
        self.is_ending = False

    def close(self) -> None:
        """End streams of events, jobs at their next step, and processes that make pictures."""
        self.is_ending = True
        self.jobs.stop_all()
        self.thumbnails.close()

    def library(self) -> OpenLibrary:
        """Return the library for one request."""
        return self.session.library()
