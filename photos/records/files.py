"""JSON records of duplicates and sidecars."""

from __future__ import annotations

from typing import Annotated, TypedDict

from photos.duplicates import Group, GroupedFile, Sameness
from photos.moves.runs import MoveReport
from photos.records.photos import fact_record, rounded, text_of
from photos.sidecars import Skipped, Undone, UndoReport, WriteReport, Written
from photos.times import local_time
from store import FileMove, MoveRun, SidecarRun


class DuplicateRecord(TypedDict):
    """A file of a group of duplicates."""

    path: Annotated[str, "Absolute path of the file."]
    photo: Annotated[int, "Id of the photo that the file holds."]
    best: Annotated[bool, "True for the best file of the group."]
    sameness: Annotated[str, "Reason why the file is in the group: best, identical, same pixels or near."]
    score: Annotated[float | None, "Cosine with the best photo; null where it was not needed."]
    distance: Annotated[int | None, "Bits by which the perceptual hash differs from the best one's, of 64."]
    checked: Annotated[bool, "False if the two were compared by their embeddings only."]
    same_file: Annotated[bool, "True if the path leads to the best file itself, by links."]
    on_disk: Annotated[str, "State of the file since it was indexed: unchanged, changed or missing."]
    bytes: Annotated[int, "Size of the file when it was indexed."]
    width: Annotated[int, "Width in pixels, upright."]
    height: Annotated[int, "Height in pixels, upright."]
    format: Annotated[str, "Format of the picture, such as JPEG."]
    taken_at: Annotated[str | None, "Time at which the photo was taken, ISO 8601; null if unknown."]
    camera: Annotated[str | None, "Camera that took the photo; null if unknown."]
    companions: Annotated[
        list[str], "Absolute paths of the files that belong to this one, such as RAW files and sidecars."
    ]


class DuplicateGroupRecord(TypedDict):
    """A group of files that show the same picture."""

    group: Annotated[int, "Number of the group in this result, from 1 on."]
    files: Annotated[list[DuplicateRecord], "Files of the group, the best first."]


class MovedFileRecord(TypedDict):
    """A file that was moved, or put back."""

    before: Annotated[str, "Absolute path before."]
    after: Annotated[str, "Absolute path after."]


class LeftFileRecord(TypedDict):
    """A file that was left where it is."""

    path: Annotated[str, "Absolute path."]
    reason: Annotated[str, "The reason."]


class MoveRecord(TypedDict):
    """The result of `photos duplicates --move-to` and `--undo`."""

    run: Annotated[int | None, "Number of the run; null if nothing was moved."]
    moved: Annotated[list[MovedFileRecord], "Files that were moved or put back, sidecars among them."]
    left: Annotated[list[LeftFileRecord], "Files that were left."]


class MoveRunRecord(TypedDict):
    """Files that were moved at once."""

    run: Annotated[int, "Number of the run."]
    folder: Annotated[str, "The folder that they were moved to."]
    started_at: Annotated[str, "When, local time with its offset."]
    files: Annotated[int, "Files that were moved and not put back, without sidecars."]
    undone_at: Annotated[str | None, "When they were put back; null if they were not."]


def move_record(report: MoveReport, *, is_undo: bool) -> MoveRecord:
    """Record of files that were moved, or put back."""
    return {
        "run": report.run,
        "moved": [_moved_record(each, is_undo=is_undo) for each in report.moved],
        "left": [{"path": text_of(each.path), "reason": each.reason} for each in report.left],
    }


def move_run_record(run: MoveRun) -> MoveRunRecord:
    """Record of files that were moved at once."""
    undone = None if run.undone_at is None else local_time(run.undone_at).isoformat(timespec="seconds")
    return {
        "run": run.id,
        "folder": text_of(run.folder),
        "started_at": local_time(run.started_at).isoformat(timespec="seconds"),
        "files": run.files,
        "undone_at": undone,
    }


def _moved_record(move: FileMove, *, is_undo: bool) -> MovedFileRecord:
    paths = text_of(move.old_path), text_of(move.new_path)
    before, after = reversed(paths) if is_undo else paths
    return {"before": before, "after": after}


def group_record(number: int, group: Group) -> DuplicateGroupRecord:
    """Record of a group of duplicates."""
    return {"group": number, "files": [_duplicate_record(file) for file in group]}


def _duplicate_record(file: GroupedFile) -> DuplicateRecord:
    facts = fact_record(file.photo.facts)
    return {
        "path": text_of(file.file.path),
        "photo": file.photo.id,
        "best": file.sameness is Sameness.BEST,
        "sameness": str(file.sameness),
        "score": rounded(file.cosine),
        "distance": file.distance,
        "checked": file.is_checked,
        "same_file": file.is_same_file,
        "on_disk": str(file.state),
        "bytes": file.file.stamp.size,
        "width": facts["width"],
        "height": facts["height"],
        "format": facts["format"],
        "taken_at": facts["taken_at"],
        "camera": facts["camera"],
        "companions": [text_of(path) for path in file.belongings],
    }


class RatingChangeRecord(TypedDict):
    """Stars of a sidecar before and after a change."""

    before: Annotated[int | None, "1 to 5, 0 for none, -1 for rejected; null if there was no rating."]
    after: Annotated[int | None, "As `before`."]


class CaptionChangeRecord(TypedDict):
    """Caption of a sidecar before and after a change."""

    before: Annotated[str | None, "The caption that this program had written; null if there was none."]
    after: Annotated[str | None, "A describer's caption; null if there is none any more."]


class WrittenSidecarRecord(TypedDict):
    """A sidecar that was written, or would be."""

    sidecar: Annotated[str, "Absolute path of the sidecar."]
    path: Annotated[str, "Absolute path of its picture."]
    photo: Annotated[int, "Id of the photo."]
    what: Annotated[str, "made or changed."]
    added: Annotated[list[str], "Keywords and paths that were added."]
    removed: Annotated[list[str], "Keywords and paths that were removed."]
    rating: Annotated[RatingChangeRecord | None, "Change of the stars; null if they stay."]
    caption: Annotated[CaptionChangeRecord | None, "Change of the caption; null if it stays."]


class RestoredSidecarRecord(TypedDict):
    """A sidecar that was put back, or would be."""

    sidecar: Annotated[str, "Absolute path of the sidecar."]
    photo: Annotated[int, "Id of the photo."]
    what: Annotated[str, "removed, if the run had made it, or restored."]


class SkippedSidecarRecord(TypedDict):
    """A path where nothing was done."""

    path: Annotated[str, "Absolute path of the sidecar, picture or folder."]
    what: Annotated[str, "Always left."]
    reason: Annotated[str, "Reason, as a clause: it is write-protected."]


class WriteReportRecord(TypedDict):
    """Totals of a run that wrote sidecars."""

    run: Annotated[int | None, "Number of the run; null if nothing was written."]
    made: Annotated[int, "Sidecars that were made."]
    changed: Annotated[int, "Sidecars that were changed."]
    unchanged: Annotated[int | None, "Pictures whose sidecar needed no change; null if workers wrote them."]
    left: Annotated[int | None, "Paths where nothing was done; null if workers wrote them, whose logs name them."]


class UndoReportRecord(TypedDict):
    """Totals of an undo."""

    run: Annotated[int, "Number of the run that was undone."]
    removed: Annotated[int, "Sidecars that were removed."]
    restored: Annotated[int, "Sidecars that were put back."]
    left: Annotated[int, "Paths where nothing was done."]


class SidecarRunRecord(TypedDict):
    """A run that wrote sidecars."""

    run: Annotated[int, "Number of the run."]
    at: Annotated[str, "Time at which it began, local, with its offset, ISO 8601."]
    made: Annotated[int, "Sidecars that it made."]
    changed: Annotated[int, "Sidecars that it changed."]
    undone_at: Annotated[str | None, "Time at which it was undone, local, with its offset; null if it was not."]


def sidecar_record(
    event: Written | Undone | Skipped,
) -> WrittenSidecarRecord | RestoredSidecarRecord | SkippedSidecarRecord:
    """Record of one sidecar's event."""
    if isinstance(event, Skipped):
        return {"path": text_of(event.path), "what": "left", "reason": event.reason}
    if isinstance(event, Undone):
        what = "removed" if event.is_removed else "restored"
        return {"sidecar": text_of(event.sidecar), "photo": event.photo_id, "what": what}
    return {
        "sidecar": text_of(event.sidecar),
        "path": text_of(event.picture.path),
        "photo": event.picture.photo_id,
        "what": "made" if event.is_new else "changed",
        "added": list(event.added),
        "removed": list(event.removed),
        "rating": None if event.rating is None else {"before": event.rating.before, "after": event.rating.after},
        "caption": None if event.caption is None else {"before": event.caption.before, "after": event.caption.after},
    }


def write_report_record(report: WriteReport) -> WriteReportRecord:
    """Record of a run's totals."""
    return {
        "run": report.run,
        "made": report.made,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "left": report.skipped,
    }


def undo_report_record(report: UndoReport) -> UndoReportRecord:
    """Record of an undo's totals."""
    return {"run": report.run, "removed": report.removed, "restored": report.restored, "left": report.skipped}


def run_record(run: SidecarRun) -> SidecarRunRecord:
    """Record of a run."""
    return {
        "run": run.id,
        "at": local_time(run.started_at).isoformat(),
        "made": run.made,
        "changed": run.changed,
        "undone_at": None if run.undone_at is None else local_time(run.undone_at).isoformat(),
    }
