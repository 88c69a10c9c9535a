"""Move duplicates to a folder outside the library, and put them back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from indexer.files.companions import is_note
from photos.duplicates import FileState, Group, GroupedFile
from photos.errors import MissingFolder, MoveIntoLibrary, UnwritableFile
from photos.library import OpenLibrary
from photos.moves.runs import LeftFile, MoveReport, PhotoFile, move_files, undo_moves
from photos.operations.duplicates import DuplicatesRequest, find_duplicates
from photos.operations.file_places import follow_files
from photos.operations.folders import absolute, is_offline
from photos.operations.progress import SILENT, Progress, Stage, steps
from store import MoveRun
from store.paths import is_inside


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDuplicatesRequest:
    """Duplicates to move to `folder`, which is made for the first file if the folder that it is to be in exists.

    `files` are absolute paths of files in groups that `duplicates` finds; None for all that could be removed without
    losing anything.
    """

    folder: str
    files: tuple[bytes, ...] | None = None
    duplicates: DuplicatesRequest = field(default_factory=DuplicatesRequest)


def move_duplicates(library: OpenLibrary, request: MoveDuplicatesRequest, progress: Progress = SILENT) -> MoveReport:
    """Move files to a folder, so that each photo keeps a file or its group's best file.

    Nothing is overwritten. A file is left if it has changed since it was indexed, if nothing of its group would stay,
    or if it has companions other than sidecars; sidecars go with their file. Raises `MoveIntoLibrary`, `MissingFolder`,
    `UnwritableFile`, `MovesBusy`, and the errors of `find_duplicates`.
    """
    folder = absolute(request.folder)
    _check_folder(library, folder)
    chosen, left = _chosen(library, request, progress)
    if not chosen:
        return MoveReport(None, (), tuple(left))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UnwritableFile(request.folder, error.strerror or str(error)) from None
    report = move_files(library, chosen, folder, steps(progress, Stage.MOVE))
    follow_files(library)
    return replace(report, left=(*left, *report.left))


def undo_duplicate_moves(library: OpenLibrary, run: int | None = None, progress: Progress = SILENT) -> MoveReport:
    """Put the files of a run back; of the newest one with files to put back without a number.

    Raises `NothingFound` or `MovesBusy`.
    """
    with library.catalog.read() as t:
        offline = [each.path for each in t.folders.all() if is_offline(each.path, t.files.count(each.id))]
    report = undo_moves(library, run, steps(progress, Stage.MOVE), offline)
    follow_files(library)
    return report


def move_runs(library: OpenLibrary) -> Sequence[MoveRun]:
    """Runs that moved files, newest first."""
    catalog = library.catalog_if_any
    if catalog is None:
        return []
    with catalog.read() as t:
        return t.moves.runs()


def _check_folder(library: OpenLibrary, folder: bytes) -> None:
    """Raise an error if files cannot go to *folder*, absolute."""
    real = os.path.realpath(folder)
    with library.catalog.read() as t:
        for known in t.folders.all():
            for place, held in ((folder, known.path), (real, known.path), (real, os.path.realpath(known.path))):
                if place == held or is_inside(place, held):
                    raise MoveIntoLibrary(os.fsdecode(folder), os.fsdecode(known.path))
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise MissingFolder(os.fsdecode(folder), "is no folder")
    if not os.path.isdir(os.path.dirname(real)):
        raise MissingFolder(os.fsdecode(os.path.dirname(folder)), "does not exist")


def _chosen(
    library: OpenLibrary, request: MoveDuplicatesRequest, progress: Progress
) -> tuple[list[PhotoFile], list[LeftFile]]:
    asked = replace(request.duplicates, removable_only=request.files is None)
    groups = find_duplicates(library, asked, progress).groups
    if request.files is None:
        return [PhotoFile(each.file, each.photo) for group in groups for each in group], []
    going = set(request.files)
    chosen: list[PhotoFile] = []
    left: dict[bytes, LeftFile] = {path: LeftFile(path, "it is in no group of duplicates") for path in request.files}
    for group in groups:
        for each in group:
            path = each.file.path
            if path not in going or path not in left:
                continue
            reason = _reason_to_stay(each, group, going)
            if reason is None:
                del left[path]
                sidecars = tuple(other for other in each.belongings if is_note(other))
                chosen.append(PhotoFile(each.file, each.photo, sidecars))
            else:
                left[path] = LeftFile(path, reason)
    return chosen, list(left.values())


def _reason_to_stay(file: GroupedFile, group: Group, going: set[bytes]) -> str | None:
    """Return why a file must stay, or None."""
    others = [other for other in file.belongings if not is_note(other)]
    if others:
        return f"{os.fsdecode(os.path.basename(others[0]))} belongs to it"
    if file.is_same_file:
        return "it is a link to the best file of its group"
    best = group[0]
    stays = [other for other in group if other.file.path not in going and other.state is FileState.UNCHANGED]
    if best in stays or any(other.photo.id == file.photo.id for other in stays):
        return None
    return "neither the best file of its group nor an equal one would stay"
