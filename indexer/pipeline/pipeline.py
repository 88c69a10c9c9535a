"""The indexing pipeline: brings the catalog up to date with folders on disk, stage by stage.

survey → read and decode → embed and store → link companions → read sidecars → forget missing files → carry over the
annotations of edited photos
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from typing import cast

from indexer.models.protocols import ImageEncoder
from indexer.workers.file_reader import (
    Decision,
    Decoded,
    KnownPhoto,
    Purpose,
    Reading,
    ReadRequest,
    RefusedFile,
    Stated,
)
from indexer.workers.pool import Readers
from store import Attempts, Catalog, Folder, Outcome, Space

from .batch import Batch, BatchWriter, StoredBatch
from .edits import carry_over_edits
from .encode_ahead import EncodeThread
from .read_requests import read_request
from .records import (
    BeforeBatch,
    FileDone,
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

#: Pictures of a batch, at least: few, because an interruption loses up to two batches.
_BATCH = 32
#: Batches that files are read ahead, and up to how many files that are.
_AHEAD, _FILES_AHEAD = 8, 256
#: Files that only need a row, in one transaction.
_ROWS = 256
#: Up to so many photos, or this part of a folder's, are forgotten without confirmation.
_FEW, _FRACTION = 100, 0.1
#: Time before the next attempt after the first, second, … failed one. After the last, a content is given up: until the
#: file changes, the decoders do, or the user asks.
_RETRY_AFTER = (timedelta(minutes=1), timedelta(hours=1))
#: Held while a large picture is decoded; shared by all passes of this process.
_memory_lock = threading.Lock()


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
    if request.check_embeddings:
        _drop_damaged(catalog, request.space)
        _mend_facts(catalog)
    surveyed = survey(catalog, request, report, progress)
    progress.report(ReadingBegins(surveyed.count))
    if surveyed.count:
        _set_indexing(catalog, is_running=True)
    with EncodeThread() as thread:
        writer = BatchWriter(catalog, Destination(request.space, image_encoder, tagger), thread, beside, thumbnails)
        context = CatalogReadContext(catalog, request.space, thumbnails)
        indexer = FileIndexer(context, request.batch_size, readers, writer, report, progress, before_batch)
        unsettled = indexer.index(surveyed.to_read)
        # Only now it is known which of their main files are indexed.
        unsettled += indexer.index(_link_companions(catalog, surveyed.passes, report))
        unsettled += indexer.index(unread_sidecars(catalog, request.folders))
        indexer.index(unsettled, is_last=True)
    # Only now: a file that moved has been found under its new name, and its photo was never without one.
    for folder in request.folders:
        changes = [changes for of, changes in surveyed.passes if of == folder]
        _forget(catalog, folder, changes, report, confirm_removals=request.confirm_removals)
    # Only now it is known which photos are left without a file.
    report.edited = carry_over_edits(catalog, request.space)
    if surveyed.count:
        _set_indexing(catalog, is_running=False)
    return report


class FileIndexer:
    """The stages for single files: read, decode, embed and store."""

    def __init__(
        self,
        context: CatalogReadContext,
        batch_size: int | None,
        readers: Readers,
        writer: BatchWriter,
        report: IndexReport,
        progress: PipelineProgress,
        before_batch: BeforeBatch,
    ) -> None:
        self._requested_size = batch_size
        self._context = context
        self._readers = readers
        self._writer = writer
        self._report = report
        self._progress = progress
        self._before_batch = before_batch
        #: The batch that is being encoded; the next one is begun before this one is stored.
        self._begun: Batch | None = None
        self._unsettled: list[ReadRequest] = []

    def index(self, files: Iterable[ReadRequest], *, is_last: bool = False) -> list[ReadRequest]:
        """Index *files*. Returns those to read again, unless this attempt *is_last*.

        These were just changing, or their photo left the catalog after they were read.
        """
        self._unsettled = []
        readings = self._read(files)
        # Closed at once on Ctrl-C: a generator that is left to the garbage collector ends its threads too late.
        with closing(readings):
            settled = readings if is_last else _without_unsettled(readings, self._unsettled)
            for readings_of_batch in _batches(settled, self._batch_size):
                self._before_batch(self._store_begun)
                batch = self._writer.begin(readings_of_batch)
                self._store_begun()
                self._begun = batch
            self._store_begun()
        return [] if is_last else self._unsettled

    def _batch_size(self) -> int:
        return self._requested_size or max(_BATCH, self._writer.encoder_batch)

    def _store_begun(self) -> None:
        """Store the batch that is being encoded, if any, when it is."""
        if self._begun is not None:
            batch, self._begun = self._begun, None
            stored = self._writer.store(batch)
            self._report_batch(batch.readings, stored)
            self._unsettled += [reading.file for reading in stored.again]

    def _read(self, files: Iterable[ReadRequest]) -> Generator[Reading, None, None]:
        """Readings in the order of *files*, from readers that work a bounded number of files ahead."""
        pending: deque[Future[Reading]] = deque()
        pool = ThreadPoolExecutor(self._readers.count, thread_name_prefix="decode")
        try:
            for file in files:
                pending.append(pool.submit(self._readers.read, file, self._context))
                while len(pending) >= self._ahead():
                    yield self._awaited(pending.popleft())
            while pending:
                yield self._awaited(pending.popleft())
        finally:
            # First the pool, or threads whose readers are ended take the next files.
            pool.shutdown(wait=False, cancel_futures=True)
            self._readers.abandon()
            pool.shutdown(wait=True)

    def _ahead(self) -> int:
        size = self._batch_size()
        return max(min(_AHEAD * size, _FILES_AHEAD), 2 * size) + self._readers.count

    def _awaited(self, reading: Future[Reading]) -> Reading:
        """The result of *reading*. If the batch before is encoded earlier, it is stored meanwhile."""
        if self._begun is not None and self._begun.last is not None and not reading.done():
            either = cast("list[Future[object]]", [reading, self._begun.last])
            wait(either, return_when=FIRST_COMPLETED)
        if self._begun is not None and self._begun.is_encoded:
            self._store_begun()
        return reading.result()

    def _report_batch(self, batch: Sequence[Reading], stored: StoredBatch) -> None:
        self._report.embedded += stored.embedded
        self._report.alike += stored.alike
        again = set(map(id, stored.again))
        for reading in batch:
            # A sidecar was reported as a companion.
            if id(reading) not in again and reading.file.purpose is not Purpose.SIDECAR:
                self._report_file(reading)

    def _report_file(self, reading: Reading) -> None:
        if reading.file.purpose is Purpose.FACTS:
            # The file stays as it is, also if it cannot be read now.
            self._report.refreshed += isinstance(reading, Stated)
            self._progress.report(FileDone(reading.file.absolute, Outcome.INDEXED, None))
            return
        outcome = reading.outcome if isinstance(reading, RefusedFile) else Outcome.INDEXED
        note = reading.note if isinstance(reading, Decoded) else None
        reason = reading.reason if isinstance(reading, RefusedFile) else note
        if note is not None:
            self._report.noted.append((reading.file.absolute, note))
        if outcome is Outcome.FAILED:
            self._report.unread.append((reading.file.absolute, reason or ""))
        self._report.outcomes[outcome] += 1
        self._report.moved += isinstance(reading, KnownPhoto)
        self._progress.report(FileDone(reading.file.absolute, outcome, reason))


class CatalogReadContext:
    """Decides about contents by the catalog, for one space; with *only_known*, new contents are left alone."""

    def __init__(
        self,
        catalog: Catalog,
        space: Space,
        thumbnails: ThumbnailKeeper | None = None,
        *,
        only_known: bool = False,
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._thumbnails = thumbnails
        self._only_known = only_known

    def decide(self, content_hash: bytes) -> Decision:
        """Decide about the content with that SHA-256."""
        with self._catalog.read() as t:
            photo_id = t.photos.find(content_hash)
            is_embedded = photo_id is not None and t.embeddings.exists(self._space.id, photo_id)
            attempts = None if is_embedded else t.attempts.of(content_hash)
        if photo_id is None and self._only_known:
            return Decision(given_up="it has changed; the next pass over its folder reads it")
        given_up = None if attempts is None else _given_up(attempts)
        wants_thumbnail = self._thumbnails is not None and not is_embedded and self._thumbnails.wants(content_hash)
        return Decision(is_embedded, given_up, wants_thumbnail)

    def memory_lock(self) -> AbstractContextManager[object]:
        """The lock for large pictures, which all passes of this process share."""
        return _memory_lock


def _given_up(attempts: Attempts) -> str | None:
    """The reason not to try now; None if it is time to try again."""
    if attempts.count > len(_RETRY_AFTER):
        return f"{attempts.reason}; given up after {attempts.count} attempts"
    since = datetime.now(UTC).replace(tzinfo=None) - attempts.last_at
    # A clock that was set back must not postpone it without end.
    return attempts.reason if timedelta(0) <= since < _RETRY_AFTER[attempts.count - 1] else None


def _without_unsettled(readings: Iterable[Reading], unsettled: list[ReadRequest]) -> Iterator[Reading]:
    """*readings* without files that were just changing, which are added to *unsettled*."""
    for reading in readings:
        if isinstance(reading, RefusedFile) and reading.may_settle:
            unsettled.append(reading.file)
        else:
            yield reading


def _batches(readings: Iterable[Reading], size: Callable[[], int]) -> Iterator[list[Reading]]:
    """Batches of up to *size* pictures to embed, or of many files that only need a row."""
    batch: list[Reading] = []
    pictures = 0
    for reading in readings:
        batch.append(reading)
        pictures += isinstance(reading, Decoded)
        if pictures >= size() or len(batch) >= max(_ROWS, size()):
            yield batch
            batch, pictures = [], 0
    if batch:
        yield batch


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
