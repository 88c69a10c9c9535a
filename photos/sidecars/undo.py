"""Undo of a sidecar run: each sidecar gets back the content that it had before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from photos.errors import NoSuchRun, NothingFound, SidecarLeft
from photos.library import OpenLibrary
from store import Catalog, Folder, SidecarRun, SidecarWrite, Stamp

from .journal import entries, exclusive, file_record, open_folders, update_file_record
from .open_folders import OpenFolders
from .sidecar_files import Sidecar, is_full, put, read, remove_sidecar, remove_temporary
from .write import Skipped

#: Path of a sidecar, and its stamps before and after; None stands for no file.
_Changed = tuple[bytes, Stamp, Stamp | None]


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
        raise _nothing_to_undo() if number is None else NoSuchRun(number)
    with (
        open_folders(library) as folders,
        nullcontext() if dry_run else exclusive(library, folders),
    ):
        run = _run_to_undo(library.catalog, number)
        undo = _Undo(library.catalog, run.id, folders, on_event, dry_run=dry_run)
        # Removing first makes room for what is restored on a full disk.
        for is_removal in (True, False):
            for batch in entries(library.catalog, run.id):
                undo.undo([entry for entry in batch if (entry.before is None) == is_removal])
        if not dry_run:
            with library.catalog.write() as t:
                t.sidecars.undone_run(run.id)
        return undo.report()


def _run_to_undo(catalog: Catalog, number: int | None) -> SidecarRun:
    with catalog.read() as t:
        runs = t.sidecars.runs()
    if number is None:
        last = next((run for run in runs if run.undone_at is None), None)
        if last is None:
            raise _nothing_to_undo()
        return last
    chosen = next((run for run in runs if run.id == number), None)
    if chosen is None:
        raise NoSuchRun(number)
    return chosen


def _nothing_to_undo() -> NothingFound:
    return NothingFound("There is nothing to undo; `photos xmp runs` lists what was written.")


class _Undo:
    def __init__(
        self,
        catalog: Catalog,
        run_id: int,
        folders: OpenFolders,
        on_event: Callable[[Undone | Skipped], None],
        *,
        dry_run: bool,
    ) -> None:
        self._catalog = catalog
        self._run_id = run_id
        self._open = folders
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
        changed: list[_Changed] = []
        for entry in batch:
            try:
                current = self._to_undo(entry)
                if not self._dry_run:
                    changed += self._already_undone(entry) if current is None else self._restore(entry, current)
            except SidecarLeft as left:
                self._skipped += 1
                self._on_event(Skipped(entry.path, left.reason))
                continue
            done.append(entry.id)
            if current is not None:
                self._count(entry)
        self._open.sync()
        self._open.close()
        if self._dry_run or not done:
            return
        with self._catalog.write() as t:
            t.sidecars.undone(done)
            for path, before, now in changed:
                update_file_record(t, self._folders, path, before, now, None)

    def _to_undo(self, entry: SidecarWrite) -> Sidecar | None:
        """The sidecar as the run left it; None if it already is as before the run. Raises `SidecarLeft`."""
        folder, name = self._open.of(entry.path)
        now = read(folder, name)
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

    def _already_undone(self, entry: SidecarWrite) -> list[_Changed]:
        """The removal that an undo carried out before it was killed, if the catalog does not know of it."""
        if entry.before is not None:
            return []
        with self._catalog.read() as t:
            known = file_record(t, self._folders, entry.path)
        return [] if known is None else [(entry.path, known.stamp, None)]

    def _restore(self, entry: SidecarWrite, current: Sidecar) -> list[_Changed]:
        """Restore a sidecar. Returns what changed; nothing if another program wrote it since. Raises `SidecarLeft`."""
        folder, name = self._open.of(entry.path)
        remove_temporary(folder, name)
        if entry.before is None:
            remove_sidecar(folder, name, current)
            return [(entry.path, current.stamp, None)]
        try:
            stamp = put(folder, name, entry.before, current)
        except OSError as error:
            if not is_full(error):
                raise
            raise SidecarLeft("the disk is full") from None
        return [] if stamp is None else [(entry.path, current.stamp, stamp)]

    def _count(self, entry: SidecarWrite) -> None:
        is_removed = entry.before is None
        self._removed += is_removed
        self._restored += not is_removed
        self._on_event(Undone(entry.path, entry.photo_id, is_removed))
