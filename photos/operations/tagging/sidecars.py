"""Write tags, stars and captions into sidecars, undo that, and list the runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photos import sidecars
from photos.library import OpenLibrary
from photos.operations.folders import absolute, is_offline
from photos.operations.progress import SILENT, Progress, Stage, steps
from photos.operations.shared_work import has_workers, queue_in_use
from photos.sidecars import CaptionsBy, UndoReport, WriteReport
from photos.sidecars.journal import SIDECARS
from store import SidecarRun

from .shared_sidecars import share_sidecars


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Sidecars to write: of the pictures at or below *paths*, or of all. A dry run writes nothing.

    `captions` chooses describers' captions, for pictures without one of their own; None leaves captions as they are.
    """

    paths: tuple[str, ...] = ()
    dry_run: bool = False
    captions: CaptionsBy | None = None


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Run to undo, by its number; None for the last one that was not undone. A dry run changes nothing."""

    run: int | None = None
    dry_run: bool = False


def write_sidecars(library: OpenLibrary, request: WriteRequest, progress: Progress = SILENT) -> WriteReport:
    """Write the tags that photos have, and the stars that a person gave them, into the sidecars of their files.

    Workers do it if the settings say so and one lives. Describers' captions are written only if the request asks for
    them. *progress* gets a `Written` or `Skipped` for
    each sidecar, and the steps. Raises `EmptyLibrary`, `NotInLibrary`, `UnknownDescriber` or `SidecarsBusy`.
    """
    within = [absolute(path) for path in request.paths]
    queue = None if request.dry_run else queue_in_use(library)
    if queue is not None and has_workers(library.catalog, queue, SIDECARS):
        return share_sidecars(library, queue, within, request.captions, progress)
    return sidecars.write_sidecars(
        library,
        within,
        is_offline,
        captions=request.captions,
        dry_run=request.dry_run,
        on_event=progress.report,
        on_done=steps(progress, Stage.WRITE_SIDECARS),
    )


def undo_sidecars(library: OpenLibrary, request: UndoRequest, progress: Progress = SILENT) -> UndoReport:
    """Put the sidecars of a run back as they were, byte for byte, and remove those that it made.

    *progress* gets an `Undone` or `Skipped` for each sidecar. Raises `NothingFound`, `NoSuchRun` or `SidecarsBusy`.
    """
    return sidecars.undo_run(library, request.run, dry_run=request.dry_run, on_event=progress.report)


def list_runs(library: OpenLibrary) -> Sequence[SidecarRun]:
    """Runs that wrote sidecars, newest first."""
    catalog = library.catalog_if_any
    if catalog is None:
        return []
    with catalog.read() as t:
        return t.sidecars.runs()
