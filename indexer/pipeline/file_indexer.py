"""The stages for single files: read, decode, embed and store."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from typing import cast

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
from store import Attempts, Catalog, Outcome, Space

from .batch import Batch, BatchWriter, StoredBatch
from .records import BeforeBatch, FileDone, IndexReport, PipelineProgress, ThumbnailKeeper

#: Pictures of a batch, at least: few, because an interruption loses up to two batches.
_BATCH = 32
#: Batches that files are read ahead, and up to how many files that are.
_AHEAD, _FILES_AHEAD = 8, 256
#: Files that only need a row, in one transaction.
_ROWS = 256
#: Time before the next attempt after the first, second, … failed one. After the last, a content is given up: until the
#: file changes, the decoders do, or the user asks.
_RETRY_AFTER = (timedelta(minutes=1), timedelta(hours=1))
#: Held while a large picture is decoded; shared by all passes of this process.
_memory_lock = threading.Lock()


class FileIndexer:
    """Indexes files in this process. It implements `FileStage`."""

    #: Files that were handed on and are not indexed yet.
    left = 0

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
