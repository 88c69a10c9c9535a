"""Undo of a sidecar run: each sidecar gets back the content that it had before."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from photos.errors import NoSuchRun, NothingFound, SidecarLeft
from photos.library import OpenLibrary
from store import Catalog, Folder, SidecarRun, SidecarWrite, Stamp

from .journal import entries, exclusive, update_file_record
from .sidecar_files import Sidecar, put, read, remove, remove_temporary, sync
from .write import Skipped


@dataclass(frozen=True, slots=True)
class Undone:
    """A sidecar that was put back, or removed if the run had made it; or in a dry run would be."""

    sidecar: bytes
    photo_id: int
    is_removed: bool


@dataclass(frozen=True, slots=True)
class UndoReport:
    """Totals of an undo: sidecars removed and restored, and sidecars skipped because they have changed since."""

    run: int
    removed: int
    restored: int
    skipped: int


def undo_run(
    library: OpenLibrary,
    number: int | None = None,
    *,
    dry_run: bool = False,
    on_event: Callable[[Undone | Skipped], None],
) -> UndoReport:
    """Undo the run with that *number*, or the last one that was not undone; a *dry_run* changes nothing.

    A sidecar that is not as the run left it is skipped, and so is one whose folder is missing; *on_event* gets each.
    May be repeated. Raises `NothingFound`, `NoSuchRun` or `SidecarsBusy`.
    """
    if library.is_new:
        raise _nothing() if number is None else NoSuchRun(number)
    with nullcontext() if dry_run else exclusive(library.settings.library, library.catalog):
        run = _chosen(library.catalog, number)
        undo = _Undo(library.catalog, run.id, on_event, dry_run=dry_run)
        for batch in entries(library.catalog, run.id):
            undo.undo(batch)
        if not dry_run:
            with library.catalog.write() as t:
                t.sidecars.undone_run(run.id)
        return undo.report()


def _chosen(catalog: Catalog, number: int | None) -> SidecarRun:
    with catalog.read() as t:
        runs = t.sidecars.runs()
    if number is None:
        last = next((run for run in runs if run.undone_at is None), None)
        if last is None:
            raise _nothing()
        return last
    chosen = next((run for run in runs if run.id == number), None)
    if chosen is None:
        raise NoSuchRun(number)
    return chosen


def _nothing() -> NothingFound:
    return NothingFound("There is nothing to undo; `photos xmp runs` lists what was written.")


class _Undo:
    def __init__(
        self, catalog: Catalog, run_id: int, on_event: Callable[[Undone | Skipped], None], *, dry_run: bool
    ) -> None:
        self._catalog = catalog
        self._run_id = run_id
        self._on_event = on_event
        self._dry_run = dry_run
        self._removed = self._restored = self._skipped = 0
        with catalog.read() as t:
            self._folders: Sequence[Folder] = t.folders.all()

    def report(self) -> UndoReport:
        """Totals so far."""
        return UndoReport(self._run_id, self._removed, self._restored, self._skipped)

    def undo(self, batch: Sequence[SidecarWrite]) -> None:
        """Undo a batch of journal entries."""
        done: list[int] = []
        changed: list[tuple[bytes, Stamp, Stamp | None]] = []
        for entry in batch:
            try:
                current = self._to_undo(entry)
                if current is not None and not self._dry_run:
                    changed += _restore(entry, current)
            except SidecarLeft as left:
                self._skipped += 1
                self._on_event(Skipped(entry.path, left.reason))
                continue
            done.append(entry.id)
            if current is not None:
                self._count(entry)
        if self._dry_run:
            return
        sync(path for path, *_ in changed)
        with self._catalog.write() as t:
            t.sidecars.undone(done)
            for path, before, now in changed:
                update_file_record(t, self._folders, path, before, now, None)

    def _to_undo(self, entry: SidecarWrite) -> Sidecar | None:
        """The sidecar as the run left it; None if it already is as before the run. Raises `SidecarLeft`."""
        if not os.path.isdir(os.path.dirname(entry.path)):
            raise SidecarLeft("its folder is not there")
        now = read(entry.path)
        if (None if now is None else now.content) == entry.before:
            return None
        if now is None:
            raise SidecarLeft("it was deleted since")
        if hashlib.sha256(now.content).digest() != entry.after_hash:
            with self._catalog.read() as t:
                later = t.sidecars.later(entry)
            since = (
                "another program changed it since" if later is None else f"run {later} wrote it again, undo that first"
            )
            raise SidecarLeft(since)
        return now

    def _count(self, entry: SidecarWrite) -> None:
        is_removed = entry.before is None
        self._removed += is_removed
        self._restored += not is_removed
        self._on_event(Undone(entry.path, entry.photo_id, is_removed))


def _restore(entry: SidecarWrite, current: Sidecar) -> list[tuple[bytes, Stamp, Stamp | None]]:
    """Restore a sidecar. Returns its path and stamps before and after; nothing if another program wrote it since."""
    remove_temporary(entry.path)
    if entry.before is None:
        remove(entry.path, current)
        return [(entry.path, current.stamp, None)]
    stamp = put(entry.path, entry.before, current)
    return [] if stamp is None else [(entry.path, current.stamp, stamp)]
