"""Keeps a library up to date from now on: listens, waits until it is quiet, and looks at what may have changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace

from indexer import WHOLE, DirtyPaths, ImageEncoder, IndexReport, NoReaders, Progress, Subtree
from indexer.watch.filesystem_events import FolderWatcher
from photos.daemon.lock import Keeper, introduce
from photos.daemon.quiet_hours import Restraint
from photos.encoders import CachedEncoders
from photos.errors import EmptyLibrary, safe
from photos.library import OpenLibrary
from photos.operations.index import bring_up_to_date
from photos.operations.models import Model
from store import CatalogBusy, DiskFailed, DiskFull, Folder

#: Seconds between two looks at whether listeners live, folders are where they were, and which there are.
_CHECK = 60.0
#: Seconds that a wait may last longer than asked before the machine must have slept.
_SLEPT = 30.0
#: Seconds between two looks at whether there is still something to wait for.
_PATIENCE = 5.0
#: Seconds until work that failed for want of room or of a lock is tried again.
_RETRY = 60.0

Parts = Mapping[int, Sequence[Subtree]] | None


class Watch:
    """Keeps the folders of a library up to date until it is interrupted.

    *say* hears sentences, *told* what a pass that changed something did. The image tower is one of *towers*. Whether
    the process *answers* searches is told to those who ask how it stands.
    """

    def __init__(
        self,
        app: OpenLibrary,
        model: Model,
        say: Callable[[str], None],
        told: Callable[[IndexReport, float], None],
        towers: CachedEncoders,
        restraint: Restraint | None = None,
        *,
        answers: bool = False,
    ) -> None:
        self._app = app
        self._model = model
        self._say = say
        self._told = told
        settings = app.settings
        self._restraint = restraint or Restraint(settings)
        self._hints = DirtyPaths(settings.quiet_seconds)
        self._ears = FolderWatcher(self._hints)
        self._towers = towers
        now = time.time()
        self._keeper = Keeper(os.getpid(), now, "looking", now, answers=answers)
        self._full_due = self._poll_due = 0.0

    def run(self, progress: Callable[[], AbstractContextManager[Progress]]) -> None:
        """Go on until an exception ends it: an interruption, or what cannot be borne. Each pass has its *progress*."""
        folders = self._folders()
        if not folders:
            raise EmptyLibrary(self._app.settings.library)
        try:
            while True:
                self._listen(folders)
                self._look(folders, self._parts(folders), progress)
                self._rest()
                folders = self._folders()
        finally:
            self._ears.close()

    def _folders(self) -> list[Folder]:
        with self._app.catalog.read() as t:
            return t.folders.all()

    def _listen(self, folders: Sequence[Folder]) -> None:
        for deaf in self._ears.watch(folders):
            often = f"It is looked through every {self._app.settings.poll_minutes:g} minutes."
            self._say(f"{safe(os.fsdecode(deaf.folder.path))}: {deaf.reason}. {often}")
        polled = tuple((safe(os.fsdecode(deaf.folder.path)), deaf.reason) for deaf in self._ears.unwatchable())
        self._keeper = replace(self._keeper, polled=polled)

    def _parts(self, folders: Sequence[Folder]) -> Parts:
        """What is to be looked at now: None for everything."""
        now = time.monotonic()
        if now >= self._full_due:
            self._hints.take()
            return None
        parts = dict(self._hints.take()) if self._hints.wait(0) else {}
        if now >= self._poll_due:
            self._poll_due = now + self._app.settings.poll_minutes * 60
            parts |= {deaf.folder.id: [WHOLE] for deaf in self._ears.unwatchable()}
        known = {folder.id for folder in folders}
        return {folder_id: some for folder_id, some in parts.items() if folder_id in known}

    def _look(
        self, folders: Sequence[Folder], parts: Parts, progress: Callable[[], AbstractContextManager[Progress]]
    ) -> None:
        if parts is not None and not parts:
            return
        if self._wait_out():
            # Hours may have passed.
            folders = self._folders()
        self._note("looking")
        started = time.monotonic()
        chosen = [folder for folder in folders if parts is None or folder.id in parts]
        try:
            with progress() as heard:
                report = bring_up_to_date(
                    self._app,
                    self._model,
                    chosen,
                    heard,
                    embedder=self._tower,
                    within=parts,
                    min_age=self._app.settings.quiet_seconds,
                    check_embeddings=parts is None and self._keeper.looked_at is None,
                    breathe=self._breathe,
                )
        except (CatalogBusy, DiskFull, DiskFailed, NoReaders) as error:
            self._pause(str(error), parts)
            return
        now = time.monotonic()
        if parts is None:
            self._full_due = now + self._app.settings.rescan_minutes * 60
            self._keeper = replace(self._keeper, looked_at=time.time())
        for folder, path in report.too_recent:
            self._hints.add(folder.id, Subtree(os.path.dirname(path), is_deep=False))
        self._keeper = replace(self._keeper, trouble=None)
        self._told(report, now - started)

    def _tower(self) -> ImageEncoder:
        # Weights that are others now are noticed here.
        space = self._model.space
        checkpoint = self._app.checkpoint_of(space)
        return self._towers.image(checkpoint, self._app.settings.device, space.identity.precision)

    def _breathe(self) -> None:
        if self._wait_out():
            self._note("looking")

    def _wait_out(self) -> bool:
        """Do nothing while something asks for quiet. Returns whether it did."""
        waited = False
        while (reason := self._restraint.reason()) is not None:
            if not waited:
                self._say(f"Waiting {reason}.")
            waited = True
            self._note(f"waiting {reason}")
            time.sleep(_PATIENCE)
        return waited

    def _pause(self, trouble: str, parts: Parts) -> None:
        self._say(f"{trouble} Tried again in {_RETRY:.0f} seconds.")
        self._keeper = replace(self._keeper, trouble=trouble)
        for folder_id, some in (parts or {}).items():
            for part in some:
                self._hints.add(folder_id, part)
        self._note("waiting")
        time.sleep(_RETRY)

    def _rest(self) -> None:
        """Wait until there is something to do. Returns now and then to see that all is well."""
        self._note("waiting")
        self._towers.rest()
        began, wall = time.monotonic(), time.time()
        seconds = max(0.0, min(_CHECK, self._full_due - began, self._poll_wait(began)))
        self._hints.wait(seconds)
        if time.time() - wall > seconds + _SLEPT:
            # The machine slept, or the clock was set: whatever happened meanwhile, nobody told.
            self._full_due = 0.0

    def _poll_wait(self, now: float) -> float:
        return self._poll_due - now if self._ears.unwatchable() else _CHECK

    def _note(self, state: str) -> None:
        if state != self._keeper.state or self._keeper.looked_at is None:
            self._keeper = replace(self._keeper, state=state, since=time.time())
            # It is only for those who ask; on a full disk there is no room for it, and work goes on when there is.
            with suppress(OSError):
                introduce(self._app.settings.library, self._keeper)
