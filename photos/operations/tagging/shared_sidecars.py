"""Sidecars written by workers: units of pictures in the queue, all of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from photos.operations.local_folders import check_folders_of
from photos.operations.progress import Progress, Stage, steps
from photos.operations.shared_work import path_of, path_text, wait_for_units
from photos.sidecars import CaptionsBy, Skipped, WriteReport, Written
from photos.sidecars.journal import SIDECARS
from photos.sidecars.shared_run import report_of, targets, write_part
from photos.sidecars.targets import PictureFile
from store.errors import safe
from store.queue.base import Json, Unit

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store.queue.base import WorkQueue

#: Pictures in a unit at most.
_MOST: Final = 256
_NOBODY: Final = (
    "No worker that writes sidecars is left; the pictures stay in the queue for the next one, and no other run can "
    "begin before."
)


def share_sidecars(
    library: OpenLibrary,
    queue: WorkQueue,
    within: Sequence[bytes],
    captions: CaptionsBy | None,
    progress: Progress,
) -> WriteReport:
    """Let workers write sidecars, and wait until they have. Raises as `write_sidecars` does."""
    with targets(library, within, captions) as found:
        with library.catalog.write() as t:
            run = t.sidecars.begin()
            made = list(_units(run, found, captions, library.settings.threshold))
            ids = queue.defer(t, made)
        units = dict(zip(ids, (unit.items for unit in made), strict=True))
        is_done = wait_for_units(library.catalog, queue, SIDECARS, units, steps(progress, Stage.WRITE_SIDECARS))
        with library.catalog.write() as t:
            report = report_of(t, run)
            if is_done:
                t.sidecars.end(run)
    if not is_done:
        library.on_notice(_NOBODY)
    return report


def _units(
    run: int, found: Sequence[PictureFile], captions: CaptionsBy | None, threshold: float | None
) -> Iterator[Unit]:
    for start in range(0, len(found), _MOST):
        some = found[start : start + _MOST]
        arguments: Mapping[str, Json] = {
            "run": run,
            "pictures": [[picture.photo_id, path_text(picture.path)] for picture in some],
            "captions": None if captions is None else {"describer": captions.describer},
            "threshold": threshold,
        }
        yield Unit(SIDECARS, arguments, len(some))


def sidecars_unit(library: OpenLibrary, arguments: Mapping[str, Json]) -> None:
    """Write the sidecars of a unit, if its run has not ended. What is left alone is told.

    Raises `HandedBack` if a folder of them is not on this machine, which is told.
    """
    # Written by `share_sidecars`, of this version or another.
    given = cast("Mapping[str, Any]", arguments)
    some = [PictureFile(path_of(path), int(photo_id)) for photo_id, path in given["pictures"]]
    check_folders_of(library, [picture.path for picture in some])
    by = None if given["captions"] is None else CaptionsBy(given["captions"]["describer"])

    def tell(event: Written | Skipped) -> None:
        if isinstance(event, Skipped):
            library.on_notice(f"{safe(event.path)} was left alone: {event.reason}.")

    write_part(library, int(given["run"]), some, by, given["threshold"], tell)
