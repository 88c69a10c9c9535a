"""Watching: keep a library up to date by indexing the parts of folders where something changed."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from threading import Event, Thread
from typing import TYPE_CHECKING

from indexer import WHOLE, DirtyPaths, ImageEncoder, IndexReport, NoReaders, Subtree
from indexer.models.protocols import EncoderFactory
from indexer.watch.filesystem_events import FolderWatcher
from photos.config import Settings
from photos.daemon.describing import NewPhotos
from photos.daemon.quiet_hours import PausePolicy
from photos.daemon.with_workers import WithWorkers
from photos.encoders import CachedEncoders
from photos.errors import PhotosError, safe
from photos.library import OpenLibrary
from photos.lock import DaemonInfo, catalog_lock, library_lock, write_info
from photos.model_errors import TrialBusy
from photos.models import Model
from photos.operations.changes import check_writable
from photos.operations.folders import all_folders
from photos.operations.indexing.index import PassOptions, bring_up_to_date
from photos.operations.models.trials import continue_trial, running_trial
from photos.operations.progress import Progress
from photos.thumbnails import Backlog, Thumbnails
from store import CatalogUnreachable, Folder, Space, Trial
from store.errors import PASSING

if TYPE_CHECKING:
    from photos.daemon.session import Session

    #: Answers searches of a session until the block ends. Gives whether it does; if not, the reason is logged.
    Answer = Callable[[Settings, Session, Callable[[str], None]], AbstractContextManager[bool]]

#: Seconds between two checks of the listener, of the places of folders, and of the list of folders.
_CHECK = 60.0
#: Seconds between two looks at the queue while workers index files.
_QUEUE = 5.0
#: A wait that lasts this many seconds longer than requested means that the machine slept.
_SLEPT = 30.0
#: Seconds between two checks of the reason to pause.
_PAUSE = 5.0
#: Seconds after which describing makes way for other processes that describe.
_DESCRIBED = 15.0
#: Seconds before work is tried again that failed because of a full disk, a lock, or a server that does not answer.
_RETRY = 60.0

_log = logging.getLogger(__name__)

#: Parts to scan by the folder's id; None for everything.
Parts = Mapping[int, Sequence[Subtree]] | None
#: Called after each pass with its report and its seconds.
OnPass = Callable[[IndexReport, float], None]
#: Makes the receiver of one pass's events.
MakeProgress = Callable[[], AbstractContextManager[Progress]]


def watch(
    library: OpenLibrary, nice: int, on_pass: OnPass, make_progress: MakeProgress, answer: Answer | None = None
) -> None:
    """Hold the library's lock, answer searches by *answer*, and keep the library up to date until interrupted.

    *nice* lowers the priority of indexing, not of answers. Raises `AlreadyWatched`, `EmptyLibrary` if the library has
    no folder, and `DatabaseReadOnly`.
    """
    settings = library.settings
    if library.is_new:
        raise library.empty_error()
    # Otherwise it would go on until something is to be written.
    check_writable(library)
    with library_lock(settings.library), catalog_lock(library.catalog) as hold:
        model = library.choose_model(None)
        encoders = CachedEncoders(library.encoders, settings.idle_minutes * 60)
        where = settings.library if settings.catalog is None else settings.catalog_place.name
        _log.info("Watching %s; process %d.", safe(str(where)), os.getpid())
        with _answering(settings, encoders, answer) as prepare:
            if nice and hasattr(os, "nice"):
                os.nice(nice)

            def after_pass(report: IndexReport, seconds: float) -> None:
                on_pass(report, seconds)
                if prepare is not None:
                    prepare()

            thumbnails = Thumbnails.of(library)
            with (
                closing(Backlog(library, thumbnails)) as backlog,
                closing(thumbnails),
                closing(NewPhotos(library)) as new,
            ):
                watcher = Watcher(
                    library,
                    model,
                    encoders,
                    after_pass,
                    backlog=backlog,
                    new_photos=new if settings.describe_new else None,
                    answers=prepare is not None,
                    hold=hold,
                )
                watcher.run(make_progress)


def log_notice(sentence: str) -> None:
    """Log a sentence about a device, such as that a GPU cannot be used."""
    _log.warning("%s", safe(sentence))


class Watcher:
    """Keeps the folders of a library up to date until it is interrupted.

    The image encoder is one of *encoders*. While nothing changes, it makes the thumbnails of *backlog*, and then lets
    *new_photos* be described. *answers* is published in the library's `DaemonInfo`. Work that a full disk, a lock or a
    server kept from is tried again after *retry* seconds, and the queue is looked at every *look* seconds. *hold* is
    called before each pass, and raises if another machine keeps the library up to date by now.
    """

    def __init__(
        self,
        library: OpenLibrary,
        model: Model,
        encoders: CachedEncoders,
        on_pass: OnPass,
        pause: PausePolicy | None = None,
        *,
        backlog: Backlog | None = None,
        new_photos: NewPhotos | None = None,
        answers: bool = False,
        retry: float = _RETRY,
        look: float = _QUEUE,
        hold: Callable[[], None] = lambda: None,
    ) -> None:
        self._library = library
        self._hold = hold
        self._model = model
        self._encoders = encoders
        self._on_pass = on_pass
        settings = library.settings
        self._pause = pause or PausePolicy(settings)
        self._backlog = backlog
        self._new_photos = new_photos
        self._retry, self._look = retry, look
        self._hints = DirtyPaths(settings.quiet_seconds)
        self._listener = FolderWatcher(self._hints)
        now = time.time()
        self._info = DaemonInfo(os.getpid(), now, "indexing", now, answers=answers)
        self._full_due = self._poll_due = 0.0
        self._with_workers = WithWorkers(library)
        #: The trial that was gone on with as far as possible, until the whole pass that is due at that time.
        self._tried: tuple[Trial, float] | None = None

    def run(self, make_progress: MakeProgress) -> None:
        """Index until an exception ends it: an interruption, or an error that a retry cannot solve."""
        folders = all_folders(self._library)
        if not folders:
            raise self._library.empty_error()
        try:
            while True:
                try:
                    self._listen(folders)
                    self._follow_switch()
                    self._index(folders, self._parts(folders), make_progress)
                    self._wait(is_busy=self._go_on_trying(make_progress) or self._describe(make_progress))
                    folders = all_folders(self._library)
                except CatalogUnreachable as error:
                    # Events may be lost by now.
                    self._full_due = 0.0
                    self._retry_later(str(error), None)
        finally:
            self._listener.close()

    def _listen(self, folders: Sequence[Folder]) -> None:
        for each in self._listener.watch(folders):
            path, minutes = safe(os.fsdecode(each.folder.path)), self._library.settings.poll_minutes
            _log.warning("%s: %s. It is scanned every %g minutes.", path, each.reason, minutes)
        polled = tuple((safe(os.fsdecode(each.folder.path)), each.reason) for each in self._listener.unwatchable())
        self._info = replace(self._info, polled=polled)

    def _parts(self, folders: Sequence[Folder]) -> Parts:
        """The parts to scan now."""
        if (finished := self._with_workers.finished()) is None:
            # Until a whole pass succeeds.
            self._full_due = 0.0
        now = time.monotonic()
        if now >= self._full_due:
            self._hints.take()
            return None
        self._hint(finished)
        parts = dict(self._hints.take()) if self._hints.wait(0) else {}
        if now >= self._poll_due:
            self._poll_due = now + self._library.settings.poll_minutes * 60
            parts |= {each.folder.id: [WHOLE] for each in self._listener.unwatchable()}
        known = {folder.id for folder in folders}
        return {folder_id: some for folder_id, some in parts.items() if folder_id in known}

    def _index(self, folders: Sequence[Folder], parts: Parts, make_progress: MakeProgress) -> None:
        if parts is not None and not parts:
            return
        if self._wait_out_pause():
            # Hours may have passed.
            folders = all_folders(self._library)
        self._set_state("indexing")
        started = time.monotonic()
        chosen = [folder for folder in folders if parts is None or folder.id in parts]
        try:
            self._hold()
            with make_progress() as progress:
                report = bring_up_to_date(self._library, self._model, chosen, progress, self._options(parts))
        except (*PASSING, NoReaders) as error:
            if parts is None:
                self._full_due = 0.0
            self._retry_later(str(error), parts)
            return
        now = time.monotonic()
        is_done = self._with_workers.note(parts, report.queued)
        if is_done:
            _log.info("No file is in the queue for workers any more.")
        if parts is None:
            self._full_due = now + self._library.settings.rescan_minutes * 60
            self._info = replace(self._info, scanned_at=time.time())
        # Workers keep no thumbnails.
        if self._backlog is not None and (parts is None or is_done):
            self._backlog.refresh()
        if self._new_photos is not None:
            self._new_photos.refresh(is_whole=parts is None)
        for folder, path in report.too_recent:
            self._hints.add(folder.id, Subtree(os.path.dirname(path), is_deep=False))
        self._info = replace(self._info, problem=None)
        self._on_pass(report, now - started)

    def _follow_switch(self) -> None:
        """Go on with the model that answers now, and look for photos that it lacks."""
        space = self._library.space_if_any
        if space is not None and space.id != self._model.space.id:
            self._model = self._library.choose_model(None)
            _log.info("The model is %s now.", safe(self._model.reference))
            self._full_due = 0.0

    def _go_on_trying(self, make_progress: MakeProgress) -> bool:
        """Embed some photos with the model that is tried, if there is one. Returns whether there is more to do."""
        trial = running_trial(self._library)
        if trial is None or self._tried == (trial, self._full_due):
            return False
        self._set_state("trying a model")
        try:
            with make_progress() as progress:
                if continue_trial(
                    self._library, trial, progress, image_encoder=self._image_encoder, before_batch=self._before_batch
                ):
                    return True
        except TrialBusy:
            return False
        except (*PASSING, NoReaders) as error:
            self._retry_later(str(error), {})
            return True
        except PhotosError as error:
            _log.warning("The model that is tried cannot be used: %s", error)
        # What is left cannot be read for now, or the model not be opened.
        self._tried = trial, self._full_due
        return False

    def _describe(self, make_progress: MakeProgress) -> bool:
        """Let some new photos be described, unless thumbnails lack. Returns whether there is more to do."""
        if self._new_photos is None or not self._new_photos.is_due or self._pause.reason() is not None:
            return False
        if self._backlog is not None and self._backlog.has_more:
            return False
        until = time.monotonic() + _DESCRIBED
        self._set_state("describing photos")
        with make_progress() as progress:
            return self._new_photos.work(lambda: self._has_other_work(until), progress)

    def _has_other_work(self, until: float) -> bool:
        """Return whether it is *until* then, something changed, or there is a reason to pause."""
        return time.monotonic() >= until or self._hints.wait(0) or self._pause.reason() is not None

    def _options(self, parts: Parts) -> PassOptions:
        return PassOptions(
            within=parts,
            min_age=self._library.settings.quiet_seconds,
            check_embeddings=parts is None and self._info.scanned_at is None,
            image_encoder=self._image_encoder,
            before_batch=self._before_batch,
            waits=False,
        )

    def _image_encoder(self, space: Space) -> ImageEncoder:
        # Opening the checkpoint again raises `ModelChanged` for other weights.
        checkpoint = self._library.checkpoint_of(space)
        return self._encoders.image(checkpoint, self._library.settings.device, space.identity.precision)

    def _before_batch(self, store: Callable[[], None]) -> None:
        # Hours may pass: photos that are encoded are stored before.
        if self._wait_out_pause(store):
            self._set_state("indexing")

    def _wait_out_pause(self, before: Callable[[], None] = lambda: None) -> bool:
        """Wait while there is a reason to pause, after a call of *before*. Returns whether there was one."""
        waited = False
        while (reason := self._pause.reason()) is not None:
            if not waited:
                before()
                _log.info("Waiting %s.", reason)
            waited = True
            self._set_state(f"waiting {reason}")
            time.sleep(_PAUSE)
        return waited

    def _retry_later(self, problem: str, parts: Parts) -> None:
        _log.warning("%s Trying again in %.0f seconds.", problem, self._retry)
        self._info = replace(self._info, problem=problem)
        self._hint(parts)
        self._set_state("waiting")
        time.sleep(self._retry)

    def _hint(self, parts: Parts) -> None:
        """Let *parts* be scanned soon, with what changes meanwhile; None is no part."""
        for folder_id, some in (parts or {}).items():
            for part in some:
                self._hints.add(folder_id, part)

    def _wait(self, *, is_busy: bool) -> None:
        """Wait for changes, at most until the next check; not at all with other work to do."""
        if is_busy:
            return
        self._set_state("waiting")
        self._encoders.release_idle()
        began, wall = time.monotonic(), time.time()
        check = self._look if self._with_workers.is_waiting else _CHECK
        seconds = max(0.0, min(check, self._full_due - began, self._poll_wait(began)))
        self._make_thumbnails(began + seconds)
        self._hints.wait(max(0.0, began + seconds - time.monotonic()))
        if time.time() - wall > seconds + _SLEPT:
            # The machine slept, or the clock was set: events may have been lost.
            self._full_due = 0.0

    def _make_thumbnails(self, until: float) -> None:
        """Make missing thumbnails *until* then, or until something changes or there is a reason to pause."""
        if self._backlog is not None:
            self._backlog.work(lambda: self._has_other_work(until))

    def _poll_wait(self, now: float) -> float:
        return self._poll_due - now if self._listener.unwatchable() else _CHECK

    def _set_state(self, state: str) -> None:
        if state != self._info.state or self._info.scanned_at is None:
            self._info = replace(self._info, state=state, since=time.time())
            # The state is only for `status`. On a full disk it cannot be written, and indexing goes on.
            with suppress(OSError):
                write_info(self._library.settings.library, self._info)


@contextmanager
def _answering(
    settings: Settings, encoders: EncoderFactory, answer: Answer | None
) -> Iterator[Callable[[], None] | None]:
    """Answer searches in threads of normal priority.

    Yields a function to call after changes, which prepares the next answers; None if searches are not answered.
    """
    from photos.daemon.protocol import has_unix_sockets  # noqa: PLC0415 - only where searches are answered

    if answer is None or not settings.answer_searches or not has_unix_sockets():
        yield None
        return
    from photos.daemon.session import Session  # noqa: PLC0415 - as above

    with closing(Session(settings, encoders)) as session, answer(settings, session, _log.warning) as is_served:
        if not is_served:
            yield None
            return
        _log.info("This process answers searches.")
        with preparing(session.warm) as prepare:
            yield prepare


@contextmanager
def preparing(prepare: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Call *prepare* now, and again after each call of the yielded function, in one thread of normal priority.

    A thread inherits the priority of the thread that starts it, so this one must start before `os.nice`.
    """
    due, is_over = Event(), Event()

    def work() -> None:
        while True:
            due.clear()
            if is_over.is_set():
                return
            prepare()
            due.wait()

    Thread(target=work, name="preparing", daemon=True).start()
    try:
        yield due.set
    finally:
        is_over.set()
        due.set()
