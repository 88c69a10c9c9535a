"""The indexing pipeline: brings the catalog up to date with folders on disk, stage by stage.

survey → read and decode → embed and store → link companions → read sidecars → forget missing files → carry over the
annotations of edited photos
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from indexer.models.protocols import ImageEncoder
from indexer.workers.file_reader import ReadRequest
from indexer.workers.pool import Readers
from store import Catalog, Folder, Outcome, Space

from .batch import BatchWriter
from .edits import carry_over_edits
from .encode_ahead import EncodeThread
from .file_indexer import CatalogReadContext, FileIndexer
from .read_requests import read_request
from .records import (
    BeforeBatch,
    FileStage,
    HeldBack,
    IndexReport,
    PipelineProgress,
    PipelineRequest,
    ReadingBegins,
    ThumbnailKeeper,
)
from .space_embedder import Destination, Tagger
from .stated_facts import unread_sidecars
from .survey import Changes, PackedFile, pack_stamp, survey

#: Files that only need a row, in one transaction.
_ROWS = 256
#: Up to so many photos, or this part of a folder's, are forgotten without confirmation.
_FEW, _FRACTION = 100, 0.1


def index_folders(
    catalog: Catalog,
    request: PipelineRequest,
    *,
    readers: Readers,
    image_encoder: Callable[[], ImageEncoder],
    tagger: Tagger | None,
    progress: PipelineProgress,
    before_batch: BeforeBatch = lambda _store: None,
    beside: Destination | None = None,
    thumbnails: ThumbnailKeeper | None = None,
) -> IndexReport:
    """Index new and changed files in the folders of *request*, and forget those that are gone.

    New photos are embedded in the space of *beside*, too, if it is given; the *readers* must make the pixels for both.
    *image_encoder* is called only when there is something to embed. Every batch is stored when it is encoded, while the
    next one is being encoded. So an interruption costs two batches at most, and the next call goes on from there. If
    more than a tenth of a folder's photos, and more than a hundred, are gone, they are kept unless the removals are
    confirmed. *progress* is called on this thread; the encoder computes on another one. *thumbnails* keeps those of the
    photos that are decoded.

    Raises the errors of the store and of the encoder; never because of a file.
    """
    report = IndexReport()
    own = Destination(request.space, image_encoder, tagger)
    with _file_indexer(
        catalog, own, request.batch_size, readers, report, progress, before_batch, beside, thumbnails
    ) as indexer:
        run_pass(catalog, request, indexer, report, progress)
    return report


def index_files(
    catalog: Catalog,
    files: Iterable[ReadRequest],
    own: Destination,
    *,
    readers: Readers,
    progress: PipelineProgress,
    batch_size: int | None = None,
    beside: Destination | None = None,
) -> IndexReport:
    """Index *files* alone, which a survey found, in the space of *own* and in that of *beside*, if it is given.

    Files that are just changing are read twice. Raises the errors of the store and of the encoder; never because of a
    file.
    """
    report = IndexReport()
    with _file_indexer(catalog, own, batch_size, readers, report, progress, lambda _store: None, beside) as indexer:
        indexer.index(indexer.index(files), is_last=True)
    return report


def run_pass(
    catalog: Catalog, request: PipelineRequest, stage: FileStage, report: IndexReport, progress: PipelineProgress
) -> None:
    """Do the pass of `index_folders`, with files indexed by *stage*, and enter it in *report*.

    If *stage* leaves files to others that are not indexed when it returns, so is all that depends on them: companions
    and sidecars are linked, missing files forgotten and edits recognised by a later pass.
    """
    if request.check_embeddings:
        _drop_damaged(catalog, request.space)
        _mend_facts(catalog)
    surveyed = survey(catalog, request, report, progress)
    progress.report(ReadingBegins(surveyed.count))
    if surveyed.count:
        _set_indexing(catalog, is_running=True)
    unsettled = stage.index(surveyed.to_read)
    if not stage.left:
        # Only now it is known which of their main files are indexed.
        unsettled += stage.index(_link_companions(catalog, surveyed.passes, report))
        unsettled += stage.index(unread_sidecars(catalog, request.folders))
        stage.index(unsettled, is_last=True)
    report.queued = stage.left
    if not stage.left:
        _finish(catalog, request, surveyed.passes, report)
    if surveyed.count:
        _set_indexing(catalog, is_running=False)


def _finish(
    catalog: Catalog, request: PipelineRequest, passes: Sequence[tuple[Folder, Changes]], report: IndexReport
) -> None:
    # Only now: a file that moved has been found under its new name, and its photo was never without one.
    for folder in request.folders:
        changes = [changes for of, changes in passes if of == folder]
        _forget(catalog, folder, changes, report, confirm_removals=request.confirm_removals)
    # Only now it is known which photos are left without a file.
    report.edited = carry_over_edits(catalog, request.space)


@contextmanager
def _file_indexer(
    catalog: Catalog,
    own: Destination,
    batch_size: int | None,
    readers: Readers,
    report: IndexReport,
    progress: PipelineProgress,
    before_batch: BeforeBatch,
    beside: Destination | None,
    thumbnails: ThumbnailKeeper | None = None,
) -> Iterator[FileIndexer]:
    with EncodeThread() as thread:
        writer = BatchWriter(catalog, own, thread, beside, thumbnails)
        context = CatalogReadContext(catalog, own.space, thumbnails)
        yield FileIndexer(context, batch_size, readers, writer, report, progress, before_batch)


def _set_indexing(catalog: Catalog, *, is_running: bool) -> None:
    with catalog.write() as t:
        t.library.set_indexing(is_running)


def _drop_damaged(catalog: Catalog, space: Space) -> None:
    """Drop damaged embeddings, so that they are made again. The search for them blocks no writer."""
    with catalog.read() as t:
        is_whole = not t.embeddings.damaged(space.id)
    if not is_whole:
        with catalog.write() as t:
            t.embeddings.drop_damaged(space.id)


def _mend_facts(catalog: Catalog) -> None:
    with catalog.read() as t:
        wrong = t.photo_facts.wrong()
    if wrong:
        with catalog.write() as t:
            t.photo_facts.mend(wrong)


def _link_companions(
    catalog: Catalog, passes: Sequence[tuple[Folder, Changes]], report: IndexReport
) -> list[ReadRequest]:
    """Link companions to their photos. Returns requests for those whose main file has no photo."""
    alone: list[ReadRequest] = []
    for folder, changes in passes:
        for first in range(0, len(changes.companions), _ROWS):
            alone += _link(catalog, folder, changes.companions[first : first + _ROWS], report)
    return alone


def _link(catalog: Catalog, folder: Folder, found: Sequence[PackedFile], report: IndexReport) -> list[ReadRequest]:
    alone: list[ReadRequest] = []
    with catalog.write() as t:
        if folder.id not in {known.id for known in t.folders.all()}:
            # It was removed, or merged into another one, since the pass began.
            return []
        for item in found:
            assert item.companion_of is not None
            main = t.files.at(folder.id, item.main_file)
            if main is not None and main.photo_id is not None:
                report.companions += 1
                t.files.companion(folder.id, item.path, item.stamp, item.companion_of)
                continue
            own = t.files.at(folder.id, item.path)
            if own is None or own.stamp != item.stamp or own.outcome is Outcome.FAILED:
                alone.append(read_request(folder, item.path, item.stamp))
    return alone


def _forget(
    catalog: Catalog, folder: Folder, passes: Sequence[Changes], report: IndexReport, *, confirm_removals: bool
) -> None:
    """Forget the files of *folder* that are gone or left out; *report* gets their numbers, or that they are kept."""
    missing = [file_id for changes in passes for file_id in changes.gone]
    left_out = [file_id for changes in passes for file_id in changes.left_out]
    if not missing and not left_out:
        return
    seen = {file_id: stamp for changes in passes for file_id, stamp in changes.stamps.items()}
    with catalog.write() as t:
        # Some may have come back, and been indexed by another process, since the survey.
        now = t.files.stamps([*missing, *left_out])
        missing = [file_id for file_id in missing if file_id in now and pack_stamp(*now[file_id]) == seen[file_id]]
        left_out = [file_id for file_id in left_out if file_id in now and pack_stamp(*now[file_id]) == seen[file_id]]
        lost = set(t.files.lost(missing))
        t.files.forget([*left_out, *(file_id for file_id in missing if file_id not in lost)])
        held = t.files.held(folder.id)
        kept = 0
        if lost and t.files.count(folder.id) == len(lost):
            # As in the survey: a disk that went away leaves an empty folder.
            report.offline.append(folder)
            kept = len(lost)
        elif len(lost) > max(_FEW, _FRACTION * held) and not confirm_removals:
            report.held_back.append(HeldBack(folder, len(lost), held))
            kept = len(lost)
        else:
            t.files.forget(sorted(lost))
    report.gone += len(missing) - kept
    report.left_out += len(left_out)
