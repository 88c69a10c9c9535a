"""Puts sidecars back as they were before a run wrote them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from photos.errors import NoSuchRun, NothingFound, SidecarLeft
from photos.library import OpenLibrary
from store import Catalog, Folder, SidecarRun, SidecarWrite, Stamp

from .journal import alone, batches, note
from .sidecar_files import Sidecar, put, read, remove, sync, tidy
from .write import Left


@dataclass(frozen=True, slots=True)
class Undone:
    """A sidecar that was put back or, having been made, removed; or would be."""

    sidecar: bytes
    photo_id: int
    is_removed: bool


@dataclass(slots=True)
class UndoReport:
    """How many sidecars were removed and put back, and how many were left because they are others by now."""

    run: int
    removed: int = 0
    restored: int = 0
    left: int = 0


def undo(
    app: OpenLibrary, number: int | None = None, *, is_trial: bool = False, tell: Callable[[Undone | Left], None]
) -> UndoReport:
    """Undo what the run of that *number* wrote, or the last one that was not undone; nothing is done if *is_trial*.

    A sidecar that is not as the run left it stays as it is, and so does one whose folder is not there; *tell* hears of
    each. May be repeated. Raises `NothingFound`, `NoSuchRun` or `SidecarsBusy`.
    """
    if app.is_new:
        raise _nothing() if number is None else NoSuchRun(number)
    with nullcontext() if is_trial else alone(app.settings.library, app.catalog):
        run = _chosen(app.catalog, number)
        undoing = _Undoing(app.catalog, run.id, tell, is_trial=is_trial)
        for some in batches(app.catalog, run.id):
            undoing.undo(some)
        if not is_trial:
            with app.catalog.write() as t:
                t.sidecars.undone_run(run.id)
        return undoing.report


def _chosen(catalog: Catalog, number: int | None) -> SidecarRun:
    with catalog.read() as t:
        runs = t.sidecars.runs()
    if number is None:
        last = next((run for run in runs if run.undone_at is None), None)
        if last is None:
            raise _nothing()
        return last
    asked = next((run for run in runs if run.id == number), None)
    if asked is None:
        raise NoSuchRun(number)
    return asked


def _nothing() -> NothingFound:
    return NothingFound("There is nothing to undo; `photos xmp runs` lists what was written.")


class _Undoing:
    def __init__(self, catalog: Catalog, run_id: int, tell: Callable[[Undone | Left], None], *, is_trial: bool) -> None:
        self.report = UndoReport(run_id)
        self._catalog = catalog
        self._tell = tell
        self._is_trial = is_trial
        with catalog.read() as t:
            self._folders: Sequence[Folder] = t.folders.all()

    def undo(self, some: Sequence[SidecarWrite]) -> None:
        """Undo a batch."""
        done: list[int] = []
        changed: list[tuple[bytes, Stamp, Stamp | None]] = []
        for write in some:
            try:
                before = self._to_undo(write)
                if before is not None and not self._is_trial:
                    changed += _carry_out(write, before)
            except SidecarLeft as left:
                self.report.left += 1
                self._tell(Left(write.path, left.reason))
                continue
            done.append(write.id)
            if before is not None:
                self._count(write)
        if self._is_trial:
            return
        sync(path for path, *_ in changed)
        with self._catalog.write() as t:
            t.sidecars.undone(done)
            for path, before_stamp, now in changed:
                note(t, self._folders, path, before_stamp, now, None)

    def _to_undo(self, write: SidecarWrite) -> Sidecar | None:
        """The sidecar as the run left it; None if it is as it was before already. Raises `SidecarLeft`."""
        if not os.path.isdir(os.path.dirname(write.path)):
            raise SidecarLeft("its folder is not there")
        now = read(write.path)
        if (None if now is None else now.content) == write.before:
            return None
        if now is None:
            raise SidecarLeft("it was deleted since")
        if hashlib.sha256(now.content).digest() != write.after_hash:
            with self._catalog.read() as t:
                later = t.sidecars.later(write)
            since = (
                "another program changed it since" if later is None else f"run {later} wrote it again, undo that first"
            )
            raise SidecarLeft(since)
        return now

    def _count(self, write: SidecarWrite) -> None:
        is_removed = write.before is None
        self.report.removed += is_removed
        self.report.restored += not is_removed
        self._tell(Undone(write.path, write.photo_id, is_removed))


def _carry_out(write: SidecarWrite, now: Sidecar) -> list[tuple[bytes, Stamp, Stamp | None]]:
    """Undo it; returns its path with its stamps before and after, unless another program was quicker."""
    tidy(write.path)
    if write.before is None:
        remove(write.path, now)
        return [(write.path, now.stamp, None)]
    stamp = put(write.path, write.before, now)
    return [] if stamp is None else [(write.path, now.stamp, stamp)]
