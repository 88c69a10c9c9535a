"""JSON records about the library: events of indexing, status, daemon, models, diagnosis, verification and pruning."""

from __future__ import annotations

import math
import os
from datetime import time
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypedDict

from photos.records.models import SpaceRecord, space_record
from photos.records.server import (
    KeeperRecord,
    QueueRecord,
    ServerRecord,
    keeper_record,
    queue_record,
    server_record,
)
from photos.times import local_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from photos.config import SettingInForce
    from photos.operations.doctor import Finding
    from photos.operations.indexing.add_preview import AddPreview
    from photos.operations.indexing.index import IndexResult
    from photos.operations.indexing.prune import PruneResult
    from photos.operations.models.checkpoints import ModelEntry, ModelSpeed, ModelStatus, PrecisionSpeed
    from photos.operations.models.model_check import Checked, ModelCheck
    from photos.operations.models.spaces import SpaceStatus
    from photos.operations.searching.history import PastSearch
    from photos.operations.status import DaemonStatus, FolderStatus, LibraryStatus
    from photos.operations.verify import LibraryDifference
    from store import IndexStatus, Problem, SlotSummary


class ScannedRecord(TypedDict):
    """Event of indexing: a folder was scanned."""

    event: Literal["folder"]
    path: Annotated[str, "Absolute path of the folder."]
    files: Annotated[int, "Files in it."]
    to_read: Annotated[int, "Files in it that are new or changed."]


class OfflineRecord(TypedDict):
    """Event of indexing: a folder is offline, and its photos are kept."""

    event: Literal["offline"]
    path: Annotated[str, "Absolute path of the folder."]
    reason: Annotated[str, "Why it cannot be read."]


class ReadingRecord(TypedDict):
    """Event of indexing: all folders were scanned, and reading begins."""

    event: Literal["reading"]
    files: Annotated[int, "Files that will be read."]


class FileRecord(TypedDict):
    """Event of indexing: a file is done."""

    event: Literal["file"]
    path: Annotated[str, "Absolute path of the file."]
    outcome: Annotated[str, "One of indexed, companion, not a picture, unsupported, damaged, too large and failed."]
    reason: Annotated[str | None, "Why it was not indexed; a note on it, or null, if it was."]


class HeldBackRecord(TypedDict):
    """Photos that are gone from a folder and kept until their removal is confirmed."""

    path: Annotated[str, "Absolute path of the folder."]
    gone: Annotated[int, "Photos that are gone."]
    held: Annotated[int, "Photos that the folder had."]


class IndexRecord(TypedDict):
    """Last event of indexing: the result."""

    event: Literal["done"]
    seconds: Annotated[float, "Duration."]
    photos: Annotated[int, "Photos in the library."]
    embedded: Annotated[int, "Photos that were embedded."]
    alike: Annotated[int, "Files that show the same pixels as a known photo."]
    moved: Annotated[int, "New or changed files whose content was known: moved, renamed, copied, or back again."]
    edited: Annotated[int, "Photos whose files were edited, and that kept their tags, stars and history."]
    companions: Annotated[int, "New or changed files that belong to a photo decoded from another file."]
    refreshed: Annotated[int, "Unchanged files whose facts were read again, because an earlier version had read them."]
    unchanged: Annotated[int, "Files that have not changed."]
    gone: Annotated[int, "Files that are no longer there."]
    left_out: Annotated[int, "Known files that are now excluded by rules."]
    queued: Annotated[int, "Files that workers will index; a later pass does what depends on them."]
    outcomes: Annotated[dict[str, int], "Files that were read, by outcome; outcomes without a file are absent."]
    offline: Annotated[list[str], "Absolute paths of folders that are offline."]
    held_back: Annotated[list[HeldBackRecord], "Folders that lost so many photos that nothing was forgotten."]
    without_thumbnails: Annotated[str | None, "The reason why thumbnails were not kept; null if they were."]


class AddPreviewRecord(TypedDict):
    """A folder that would be added: `photos add --dry-run`."""

    path: Annotated[str, "Absolute path."]
    files: Annotated[int, "Files that are not left out by rules."]
    pictures: Annotated[int, "Those of them with the name of a picture, without companions."]
    bytes: Annotated[int, "Size of the pictures."]
    companions: Annotated[int, "Files that belong to a picture."]
    left_out: Annotated[int, "Files and folders that are left out by rules."]
    around: Annotated[str | None, "Registered folder that it lies in, or is."]
    within: Annotated[list[str], "Registered folders that would become part of it."]


class PastSearchRecord(TypedDict):
    """A past search that is remembered."""

    text: Annotated[str, "Its text, in small letters."]
    searched_at: Annotated[str, "When it was first searched for, local, with its offset, ISO 8601."]


class ProblemRecord(TypedDict):
    """A file that could not be indexed."""

    path: Annotated[str, "Absolute path of the file."]
    outcome: Annotated[str, "One of unsupported, damaged, too large and failed; not a picture if asked for."]
    reason: Annotated[str, "Why, as a clause."]


class FolderRecord(TypedDict):
    """A registered folder."""

    path: Annotated[str, "Absolute path."]
    files: Annotated[int, "Known files."]
    offline: Annotated[bool, "Whether it is missing, unreadable or suddenly empty now."]
    excludes: Annotated[list[str], "Patterns of files to leave out, in the syntax of .gitignore."]


class IndexFileRecord(TypedDict):
    """The vector index."""

    rows: Annotated[int, "Embeddings in the file."]
    newer: Annotated[int, "Changes since the file was written."]
    valid: Annotated[bool, "Whether it can be used; if not, the next search (on a server, pass) makes it again."]
    bytes: Annotated[int, "Size of the file."]


class SlotRecord(TypedDict):
    """A vocabulary in force in addition to the main one."""

    slot: Annotated[str, "The name of the slot, which its labels begin with."]
    vocabulary: Annotated[str, "Its name."]
    revision: Annotated[int, "Number of its revision."]
    labels: Annotated[int, "Number of its labels."]
    folders: Annotated[list[str], "Absolute paths of the folders that it is limited to; none for all."]
    retag_pending: Annotated[bool, "Whether a re-tag is pending."]


class DaemonBriefRecord(TypedDict):
    """The process that keeps the library up to date, in short."""

    pid: Annotated[int, "Process number."]
    state: Annotated[str, "indexing, trying a model, describing photos, waiting, or waiting for a condition."]
    answers: Annotated[bool, "Whether it answers searches."]


class PicturesKeptRecord(TypedDict):
    """Small pictures of photos that are kept beside the catalog."""

    count: Annotated[int, "How many."]
    bytes: Annotated[int, "Size of their file."]


class StatusRecord(TypedDict):
    """State of the library."""

    library: Annotated[str, "Folder of the library."]
    bytes: Annotated[int, "Size of all its files."]
    server: Annotated[ServerRecord | None, "The server that the catalog is on; null for a file, or without a catalog."]
    keeper: Annotated[
        KeeperRecord | None, "The process that keeps the catalog up to date there, on whatever machine; null without."
    ]
    queue: Annotated[QueueRecord | None, "The work that machines share there; null for a file, or without a catalog."]
    folders: Annotated[list[FolderRecord], "Registered folders."]
    photos: Annotated[int, "Photos."]
    files: Annotated[dict[str, int], "Known files by outcome."]
    model: Annotated[str | None, "Checkpoint, as it was named; null before one was chosen."]
    trial_problem: Annotated[str | None, "Sentence about a model that is tried and cannot be opened."]
    precision: Annotated[str | None, "Precision of the embeddings."]
    preprocessing: Annotated[str | None, "Name of the preprocessing."]
    dimension: Annotated[int | None, "Numbers in an embedding."]
    weights_sha256: Annotated[str | None, "SHA-256 of the weights that made the embeddings."]
    embeddings: Annotated[int, "Embeddings."]
    index: Annotated[IndexFileRecord | None, "The vector index; null before a checkpoint was chosen."]
    vocabulary: Annotated[str | None, "Main vocabulary in force."]
    revision: Annotated[int | None, "Number of its revision."]
    labels: Annotated[int | None, "Number of its labels."]
    retag_pending: Annotated[bool, "Whether a re-tag is pending for any vocabulary."]
    daemon: Annotated[DaemonBriefRecord | None, "The process that keeps the library up to date, if there is one."]
    other_slots: Annotated[list[SlotRecord], "Vocabularies in force in addition to the main one."]
    thumbnails: Annotated[PicturesKeptRecord, "Thumbnails that are kept."]
    previews: Annotated[PicturesKeptRecord, "Previews that are kept."]


class PolledFolderRecord(TypedDict):
    """A folder that is scanned at intervals, because the system reports no changes in it."""

    path: Annotated[str, "Absolute path."]
    reason: Annotated[str, "Why."]


class DaemonRecord(TypedDict):
    """The process that keeps the library up to date. Times are seconds since 1970."""

    pid: Annotated[int, "Process number."]
    started_at: Annotated[float, "Time of its start."]
    state: Annotated[str, "indexing, trying a model, describing photos, waiting, or waiting for a condition."]
    since: Annotated[float, "Time at which this state began."]
    scanned_at: Annotated[float | None, "Time of the last scan of all folders; null before the first one."]
    polled: Annotated[list[PolledFolderRecord], "Folders that are scanned at intervals."]
    problem: Annotated[str | None, "Error because of which it waits."]
    answers: Annotated[bool, "Whether it answers searches."]
    log: Annotated[str, "Path of its log."]


class ModelRecord(TypedDict):
    """A checkpoint of the list."""

    model: Annotated[str, "Name, hub id or folder."]
    bytes: Annotated[int, "Size of its files, or of its download."]
    here: Annotated[bool, "Whether it is on this machine."]
    in_use: Annotated[bool, "Whether the library uses it."]
    good_for: Annotated[str, "Its use, in short; may be empty."]
    work: Annotated[float | None, "Work for a picture, that of google/siglip2-base-patch16-256 being 1."]
    parameters: Annotated[int | None, "Parameters of both encoders, if it is a published one, as all that follows."]
    multilingual: Annotated[bool | None, "Whether it was trained with texts in many languages."]
    imagenet: Annotated[float | None, "Published accuracy on ImageNet without training, in percent."]
    coco_text_to_image: Annotated[float | None, "Published R@1 on COCO from texts to pictures, in percent."]
    coco_image_to_text: Annotated[float | None, "Published R@1 on COCO from pictures to texts, in percent."]
    source: Annotated[str | None, "Address of the figures."]


class SpeedRecord(TypedDict):
    """Speed of a checkpoint's image encoder in a precision on this machine."""

    model: Annotated[str, "Name, hub id or folder."]
    device: Annotated[str, "Device that ran it."]
    card: Annotated[str | None, "Name of the card; null for the CPU."]
    precision: Annotated[str, "Precision."]
    seconds: Annotated[float, "Seconds a picture; on a CPU those of one core."]
    ratio: Annotated[float, "Speed by that of float32."]
    default: Annotated[bool, "Whether new libraries have this precision unless told otherwise."]
    in_use: Annotated[bool, "Whether the library's embeddings have this precision."]


class CheckedRecord(TypedDict):
    """A comparison of a checkpoint with transformers: `photos model check`."""

    model: Annotated[str, "Name, hub id or folder."]
    device: Annotated[str, "Device that ran it."]
    precision: Annotated[str, "Precision of the library's embeddings, or of those a new library would have."]
    subject: Annotated[str, "Subject: pixels, vectors or logits in float32, or the cosine of the precision."]
    value: Annotated[float | None, "The largest difference, or the least cosine; null for no number."]
    limit: Annotated[float, "The worst value that passes."]
    passes: Annotated[bool, "Whether it is within the limit."]
    pictures: Annotated[int, "Number of pictures."]
    of_library: Annotated[bool, "Whether the pictures are the library's own; otherwise they were drawn."]
    texts: Annotated[int, "Number of texts."]


class ModelStatusRecord(TypedDict):
    """The library's checkpoint, or the one that a new library would use."""

    model: Annotated[str, "Name, hub id or folder."]
    folder: Annotated[str, "Folder of its files."]
    chosen: Annotated[bool, "Whether the library has chosen it."]
    dimension: Annotated[int, "Numbers in an embedding."]
    image_size: Annotated[int | None, "Pixels of a side; null if pictures keep their proportions."]
    patches: Annotated[int | None, "Patches that a picture has at most, if pictures keep their proportions."]
    text_length: Annotated[int, "Tokens of the longest text."]
    preprocessing: Annotated[str, "Name of the preprocessing."]
    device: Annotated[str | None, "Device that computes; null if the one that was asked for cannot."]
    card: Annotated[str | None, "Name of the card; null for the CPU."]
    device_problem: Annotated[
        str | None, "Sentence about a device that cannot be used: one asked for, or a better one."
    ]
    precision: Annotated[str | None, "Precision of the library's embeddings."]
    best_precision: Annotated[str | None, "Precision that a new library would have on this device."]
    backend: Annotated[str, "Implementation of the image encoder: `own` or `transformers`."]
    attention: Annotated[str, "Its attention: `sdpa`, torch's fused one, or `eager`."]
    weights_sha256: Annotated[str, "SHA-256 of the weights."]
    same_weights: Annotated[bool | None, "Whether the library's embeddings were made with these weights."]
    spaces: Annotated[list[SpaceRecord], "The models that the library has embeddings of."]


class FindingRecord(TypedDict):
    """A finding of `photos doctor`."""

    about: Annotated[str, "Subject."]
    state: Annotated[str, "good, note or problem."]
    finding: Annotated[str, "What was found."]
    remedy: Annotated[str | None, "What to do; null if nothing is to be done."]


class LibraryDifferenceRecord(TypedDict):
    """A kind of difference between disk, catalog and index.

    `photos verify` ends with one whose count is 0 if all agree. With `--repair` the differences found come first, then
    the last event of indexing, then the differences that are left.
    """

    count: Annotated[int, "How many."]
    what: Annotated[str, "Its noun in the singular."]
    model: Annotated[str | None, "Name of the model whose data differs; null if it is of none, or of the only one."]
    remedy: Annotated[str | None, "What to do; null if nothing is to be done."]


class PruneRecord(TypedDict):
    """Result of `photos prune`."""

    deleted: Annotated[int, "Photos that were deleted, or would be."]
    tagged: Annotated[int, "Those of them with tags or stars by hand."]
    kept: Annotated[int, "Photos that are gone and kept, because their files went later."]
    days: Annotated[float, "Days for which the deleted photos had been gone at least."]
    dry_run: Annotated[bool, "Whether nothing was deleted."]


class SettingRecord(TypedDict):
    """A setting in force: `photos config`."""

    name: Annotated[str, "The setting's name."]
    value: Annotated[str | int | float | bool | None, "Its value, null if the program chooses."]
    source: Annotated[str, "`default`, `file`, `environment` or `option`."]
    place: Annotated[str | None, "The file and line, the variable or the option; null for a default."]


def setting_record(setting: SettingInForce) -> SettingRecord:
    """Return a setting as a record."""
    return {
        "name": setting.name,
        "value": _setting_value(setting.value),
        "source": setting.source,
        "place": setting.place or None,
    }


def _setting_value(value: object) -> str | int | float | bool | None:
    match value:
        case None | bool() | int() | float():
            return value
        case (time() as start, time() as end):
            return f"{start:%H:%M}-{end:%H:%M}"
        case tuple():
            return os.pathsep.join("=".join(map(str, each)) if isinstance(each, tuple) else str(each) for each in value)
        case _:
            return str(value)


def index_record(result: IndexResult) -> IndexRecord:
    """Make the last event of indexing."""
    report = result.report
    return {
        "event": "done",
        "seconds": round(result.seconds, 3),
        "photos": result.photos,
        "embedded": report.embedded,
        "alike": report.alike,
        "moved": report.moved,
        "edited": report.edited,
        "companions": report.companions,
        "refreshed": report.refreshed,
        "unchanged": report.unchanged,
        "gone": report.gone,
        "left_out": report.left_out,
        "queued": report.queued,
        "outcomes": {str(outcome): count for outcome, count in report.outcomes.items() if count},
        "offline": [os.fsdecode(folder.path) for folder in report.offline],
        "held_back": [
            {"path": os.fsdecode(held.folder.path), "gone": held.gone, "held": held.held} for held in report.held_back
        ],
        "without_thumbnails": report.without_thumbnails,
    }


def event_record(event: object) -> ScannedRecord | OfflineRecord | ReadingRecord | FileRecord | None:
    """Make the record of an event of the indexer; None for other events."""
    from indexer import FileDone, FolderOffline, FolderScanned, ReadingBegins  # noqa: PLC0415 - only indexing has them

    match event:
        case FolderScanned():
            path = os.fsdecode(event.folder)
            return {"event": "folder", "path": path, "files": event.files, "to_read": event.to_read}
        case FolderOffline():
            return {"event": "offline", "path": os.fsdecode(event.folder), "reason": event.reason}
        case ReadingBegins():
            return {"event": "reading", "files": event.files}
        case FileDone():
            path = os.fsdecode(event.path)
            return {"event": "file", "path": path, "outcome": str(event.outcome), "reason": event.reason}
    return None


def add_preview_record(preview: AddPreview) -> AddPreviewRecord:
    """Make the record of a folder that would be added."""
    return {
        "path": os.fsdecode(preview.path),
        "files": preview.files,
        "pictures": preview.pictures,
        "bytes": preview.size,
        "companions": preview.companions,
        "left_out": preview.left_out,
        "around": None if preview.around is None else os.fsdecode(preview.around),
        "within": [os.fsdecode(path) for path in preview.within],
    }


def problem_record(problem: Problem) -> ProblemRecord:
    """Make the record of a file that could not be indexed."""
    return {"path": os.fsdecode(problem.path), "outcome": str(problem.outcome), "reason": problem.reason}


def status_record(status: LibraryStatus) -> StatusRecord:
    """Make the record of a library's state."""
    identity = None if status.space is None else status.space.identity
    vocabulary, daemon = status.vocabulary, status.daemon
    return {
        "library": str(status.library),
        "bytes": status.size,
        "server": None if status.server is None else server_record(str(status.catalog), status.server),
        "keeper": None if status.keeper is None else keeper_record(status.keeper),
        "queue": None if status.queue is None else queue_record(status.queue),
        "folders": [folder_record(each) for each in status.folders],
        "photos": status.photos,
        "files": {str(outcome): count for outcome, count in status.files.items()},
        "model": status.model,
        "trial_problem": status.trial_problem,
        "precision": None if identity is None else identity.precision,
        "preprocessing": None if identity is None else identity.preprocessing,
        "dimension": None if identity is None else identity.dimension,
        "weights_sha256": None if identity is None else identity.weights_hash,
        "embeddings": status.embeddings,
        "index": None if status.index is None else _index_file(status.index),
        "vocabulary": None if vocabulary is None else vocabulary.vocabulary,
        "revision": None if vocabulary is None else vocabulary.number,
        "labels": None if vocabulary is None else len(vocabulary.labels),
        "retag_pending": bool(status.pending_slots),
        "daemon": None if daemon is None else {"pid": daemon.pid, "state": daemon.state, "answers": daemon.answers},
        "other_slots": [_slot_record(each, status.pending_slots) for each in status.other_slots],
        "thumbnails": {"count": status.pictures.thumbnails, "bytes": status.pictures.thumbnail_bytes},
        "previews": {"count": status.pictures.previews, "bytes": status.pictures.preview_bytes},
    }


def daemon_record(status: DaemonStatus) -> DaemonRecord:
    """Make the record of the process that keeps the library up to date."""
    info = status.info
    return {
        "pid": info.pid,
        "started_at": info.started_at,
        "state": info.state,
        "since": info.since,
        "scanned_at": info.scanned_at,
        "polled": [{"path": path, "reason": reason} for path, reason in info.polled],
        "problem": info.problem,
        "answers": info.answers,
        "log": str(status.log),
    }


def model_record(entry: ModelEntry) -> ModelRecord:
    """Make the record of a checkpoint of the list."""
    known = entry.published
    return {
        "model": entry.reference,
        "bytes": entry.size,
        "here": entry.is_here,
        "in_use": entry.is_in_use,
        "good_for": entry.good_for,
        "work": None if entry.work is None else float(f"{entry.work:.3g}"),
        "parameters": None if known is None else known.parameters,
        "multilingual": None if known is None else known.is_multilingual,
        "imagenet": None if known is None else known.imagenet,
        "coco_text_to_image": None if known is None else known.coco_text_to_image,
        "coco_image_to_text": None if known is None else known.coco_image_to_text,
        "source": None if known is None else known.source,
    }


def speed_record(speed: ModelSpeed, each: PrecisionSpeed) -> SpeedRecord:
    """Make the record of one precision's speed."""
    return {
        "model": speed.model,
        "device": speed.device,
        "card": speed.card,
        "precision": each.precision,
        "seconds": round(each.seconds, 5),
        "ratio": round(each.ratio, 2),
        "default": each.is_default,
        "in_use": each.is_in_use,
    }


def checked_record(check: ModelCheck, each: Checked) -> CheckedRecord:
    """Make the record of one comparison."""
    return {
        "model": check.model,
        "device": check.device,
        "precision": check.precision,
        "subject": each.subject,
        "value": each.value if math.isfinite(each.value) else None,
        "limit": each.limit,
        "passes": each.passes,
        "pictures": check.pictures,
        "of_library": check.of_library,
        "texts": check.texts,
    }


def model_status_record(status: ModelStatus, spaces: Sequence[SpaceStatus]) -> ModelStatusRecord:
    """Make the record of the library's checkpoint, and of its *spaces*."""
    return {
        "model": status.model,
        "folder": str(status.folder),
        "chosen": status.chosen,
        "dimension": status.dimension,
        "image_size": status.image_size,
        "patches": status.patches,
        "text_length": status.text_length,
        "preprocessing": status.preprocessing,
        "device": status.device,
        "card": status.card,
        "device_problem": status.device_problem,
        "precision": status.precision,
        "best_precision": status.best_precision,
        "backend": status.backend,
        "attention": status.attention,
        "weights_sha256": status.weights_sha256,
        "same_weights": status.same_weights,
        "spaces": [space_record(each) for each in spaces],
    }


def finding_record(finding: Finding) -> FindingRecord:
    """Make the record of a finding."""
    return {"about": finding.about, "state": str(finding.state), "finding": finding.text, "remedy": finding.remedy}


def library_difference_record(difference: LibraryDifference) -> LibraryDifferenceRecord:
    """Make the record of a difference."""
    return {
        "count": difference.count,
        "what": difference.one,
        "model": difference.model,
        "remedy": difference.remedy,
    }


#: Says that disk, catalog and index agree.
NO_DIFFERENCE: Final[LibraryDifferenceRecord] = {"count": 0, "what": "difference", "model": None, "remedy": None}


def prune_record(result: PruneResult) -> PruneRecord:
    """Make the record of a pruning."""
    return {
        "deleted": result.deleted,
        "tagged": result.tagged,
        "kept": result.kept,
        "days": result.days,
        "dry_run": result.dry_run,
    }


def folder_record(each: FolderStatus) -> FolderRecord:
    """Make the record of a registered folder."""
    return {
        "path": os.fsdecode(each.folder.path),
        "files": each.files,
        "offline": each.offline,
        "excludes": list(each.folder.excludes),
    }


def _index_file(index: IndexStatus) -> IndexFileRecord:
    return {"rows": index.rows, "newer": index.newer, "valid": index.valid, "bytes": index.bytes}


def _slot_record(each: SlotSummary, pending: frozenset[str]) -> SlotRecord:
    return {
        "slot": each.name,
        "vocabulary": each.vocabulary,
        "revision": each.number,
        "labels": each.label_count,
        "folders": [os.fsdecode(folder) for folder in each.folders],
        "retag_pending": each.name in pending,
    }


def past_search_record(search: PastSearch) -> PastSearchRecord:
    """Return the record of a past search."""
    return {"text": search.text, "searched_at": local_time(search.searched_at).isoformat(timespec="seconds")}
