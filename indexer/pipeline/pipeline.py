"""Brings the catalog up to date with folders on disk."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import chain

from indexer.files.changes import Changes, Waiting
from indexer.files.scan import WHOLE, Subtree
from indexer.workers.file_reader import Decoded, Known, Reading, Refused, Wanted
from indexer.workers.known_content import Desk
from indexer.workers.readers import Readers
from store import Catalog, Folder, Outcome, Space, Stamp

from .batch import BatchKeeper, ImageEncoder, Tagger
from .forget import forget
from .link import link, main_of
from .progress import FileDone, Progress, ReadingBegins
from .report import IndexReport
from .survey import look_and_report, ripe

#: Files that only need a row are kept together, many to a transaction.
_ROWS = 256


def index_folders(
    catalog: Catalog,
    folders: Sequence[Folder],
    space: Space,
    embedder: Callable[[], ImageEncoder],
    tagger: Tagger | None,
    progress: Progress,
    *,
    readers: Readers,
    batch_size: int = 16,
    confirm_removals: bool = False,
    within: Mapping[int, Sequence[Subtree]] | None = None,
    min_age: float = 0,
    pair: bool = True,
    follow: bool = False,
    check_embeddings: bool = False,
    breathe: Callable[[], None] = lambda: None,
) -> IndexReport:
    """Index what is new or changed in *folders*, and forget what is gone.

    *embedder* is called when there is something to embed, and only then. Every batch is kept when it is done, so an
    interruption costs one batch at most, and the next call goes on. Where more than a tenth of a folder's photos, and
    more than a hundred, are gone, they are kept unless *confirm_removals*.

    *within* names the parts of each folder, by its id, that are looked at; all, unless it is given. Files that changed
    less than *min_age* seconds ago are left for later. Files that belong together are one photo unless *pair* is off;
    links to folders are followed if *follow* is on.
    Where *check_embeddings*, every embedding's checksum is checked, and photos whose are damaged are embedded again.
    *breathe* is called before each batch, and may take its time.

    Raises what the store and the embedder raise; never on account of a file.
    """
    report = IndexReport()
    if check_embeddings:
        _drop_damaged(catalog, space)
    passes = [
        (folder, look_and_report(catalog, folder, part, report, progress, pair=pair, follow=follow))
        for folder in folders
        # A part alone does not show which places links lead to elsewhere.
        for part in ((WHOLE,) if within is None or (follow and within.get(folder.id)) else within.get(folder.id, ()))
    ]
    chosen = [(folder, list(ripe(folder, changes.to_read, min_age, report))) for folder, changes in passes]
    for folder, changes in passes:
        # There may be a million of them.
        changes.to_read.clear()
        _keep_ripe(folder, changes, min_age, report)
    refresh = {(folder.id, path) for folder, changes in passes for path in changes.to_refresh}
    lacking = _to_refresh(catalog, folders, refresh, chosen)
    if within is None:
        lacking += _unembedded(catalog, space, folders, chain(_all_wanted(chosen, refresh), lacking))
    count = sum(len(found) for _, found in chosen) + len(lacking)
    wanted = chain(_all_wanted(chosen, refresh), lacking)
    progress.report(ReadingBegins(count))
    if count:
        _note(catalog, begun=True)
    keeper = BatchKeeper(catalog, space, embedder, tagger)
    unsettled: list[Wanted] = []
    alone: list[Wanted] = []
    for files, is_last in ((wanted, False), (alone, False), (unsettled, True)):
        if files is alone:
            # Only now it is known which of their photos are indexed.
            alone += _link(catalog, passes, report)
        readings = _read_all(catalog, space, files, readers, batch_size)
        # Closed at once on Ctrl-C: a generator that is left to the garbage collector ends its threads too late.
        with closing(readings):
            settled = readings if is_last else _settled(readings, unsettled)
            unkept = _keep_all(keeper, _batches(settled, batch_size), report, progress, breathe)
            unsettled += [] if is_last else unkept
    # Only now: a file that moved has been found under its new name, and its photo was never without one.
    for folder in folders:
        forget(catalog, folder, [changes for of, changes in passes if of == folder], report, confirm_removals)
    if count:
        _note(catalog, begun=False)
    return report


def _note(catalog: Catalog, *, begun: bool) -> None:
    with catalog.write() as t:
        t.library.set_indexing(begun)


def _keep_ripe(folder: Folder, changes: Changes, min_age: float, report: IndexReport) -> None:
    """Leave for later the companions that are not ripe, or whose main files are not, and what follows from them."""
    settled = list(ripe(folder, changes.companions, min_age, report))
    unripe = {path for of, path in report.unripe if of == folder}
    unsettled = unripe | {main_of(found) for found in changes.companions if found.path in unripe}
    changes.companions = [found for found in settled if main_of(found) not in unripe]
    changes.to_refresh = [path for path in changes.to_refresh if path not in unsettled]


def _link(catalog: Catalog, passes: Sequence[tuple[Folder, Changes]], report: IndexReport) -> Iterator[Wanted]:
    for folder, changes in passes:
        linked, alone = link(catalog, folder, changes.companions)
        report.companions += linked
        yield from (_wanted(folder, found.path, found.stamp) for found in alone)


def _drop_damaged(catalog: Catalog, space: Space) -> None:
    """Have damaged embeddings made again. The search for them holds up no one who writes."""
    with catalog.read() as t:
        is_whole = not t.embeddings.damaged(space.id)
    if not is_whole:
        with catalog.write() as t:
            t.embeddings.drop_damaged(space.id)


def _settled(readings: Iterable[Reading], unsettled: list[Wanted]) -> Iterator[Reading]:
    """*readings*, less those of files that were just changing, which are put aside in *unsettled*."""
    for reading in readings:
        if isinstance(reading, Refused) and reading.may_settle:
            unsettled.append(reading.file)
        else:
            yield reading


def _wanted(folder: Folder, path: bytes, stamp: Stamp) -> Wanted:
    return Wanted(folder.id, path, os.path.join(folder.path, path), stamp)


def _to_refresh(
    catalog: Catalog,
    folders: Iterable[Folder],
    refresh: AbstractSet[tuple[int, bytes]],
    chosen: Iterable[tuple[Folder, Iterable[Waiting]]],
) -> list[Wanted]:
    """Indexed pictures whose facts are to be read again, and which are not *chosen* to be read anyway."""
    if not refresh:
        return []
    by_id = {folder.id: folder for folder in folders}
    rest = refresh - {(folder.id, found.path) for folder, some in chosen for found in some}
    with catalog.read() as t:
        files = [t.files.at(folder_id, path) for folder_id, path in sorted(rest)]
    return [
        replace(_wanted(by_id[file.folder_id], file.path, file.stamp), is_refresh=True)
        for file in files
        if file is not None and file.photo_id is not None
    ]


def _all_wanted(
    chosen: Iterable[tuple[Folder, Iterable[Waiting]]], refresh: AbstractSet[tuple[int, bytes]]
) -> Iterator[Wanted]:
    for folder, some in chosen:
        for found in some:
            file = _wanted(folder, found.path, found.stamp)
            yield replace(file, is_refresh=True) if (folder.id, found.path) in refresh else file


def _unembedded(catalog: Catalog, space: Space, folders: Sequence[Folder], already: Iterable[Wanted]) -> list[Wanted]:
    """Files of photos that have no embedding in the space: it is a new one, or the row was damaged."""
    by_id = {folder.id: folder for folder in folders}
    with catalog.read() as t:
        lacking = t.files.lacking_embedding(space.id)
    files = [_wanted(by_id[file.folder_id], file.path, file.stamp) for file in lacking if file.folder_id in by_id]
    lacking_paths = {file.absolute for file in files}
    lacking_paths -= {file.absolute for file in already if file.absolute in lacking_paths}
    return [file for file in files if file.absolute in lacking_paths and os.path.exists(file.absolute)]


def _read_all(
    catalog: Catalog, space: Space, wanted: Iterable[Wanted], readers: Readers, batch_size: int
) -> Generator[Reading, None, None]:
    """Readings in the order of *wanted*, made by *readers* that stay a bounded way ahead."""
    desk = Desk(catalog, space)
    ahead = 8 * batch_size + readers.count
    pending: deque[Future[Reading]] = deque()
    pool = ThreadPoolExecutor(readers.count, thread_name_prefix="decode")
    try:
        for file in wanted:
            pending.append(pool.submit(readers.read, file, desk))
            if len(pending) >= ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        # First, or threads whose readers are ended take up the next files.
        pool.shutdown(wait=False, cancel_futures=True)
        readers.abandon()
        pool.shutdown(wait=True)


def _batches(readings: Iterable[Reading], size: int) -> Iterator[list[Reading]]:
    """Lists of readings that end when *size* pictures are to be embedded, or enough rows are to be written."""
    batch: list[Reading] = []
    pictures = 0
    for reading in readings:
        batch.append(reading)
        pictures += isinstance(reading, Decoded)
        if pictures == size or len(batch) == _ROWS:
            yield batch
            batch, pictures = [], 0
    if batch:
        yield batch


def _keep_all(
    keeper: BatchKeeper,
    batches: Iterable[Sequence[Reading]],
    report: IndexReport,
    progress: Progress,
    breathe: Callable[[], None],
) -> list[Wanted]:
    """Files of which nothing could be kept, since the catalog changed after they were read."""
    unkept: list[Wanted] = []
    for batch in batches:
        breathe()
        kept = keeper.keep(batch)
        report.embedded += kept.embedded
        report.alike += kept.alike
        unkept += [reading.file for reading in kept.again]
        again = set(map(id, kept.again))
        for reading in batch:
            if id(reading) not in again:
                _report(reading, report, progress)
    return unkept


def _report(reading: Reading, report: IndexReport, progress: Progress) -> None:
    outcome, reason = (reading.outcome, reading.reason) if isinstance(reading, Refused) else (Outcome.INDEXED, None)
    if outcome is Outcome.FAILED:
        report.unread.append((reading.file.absolute, reason or ""))
    report.outcomes[outcome] += 1
    report.moved += isinstance(reading, Known)
    progress.report(FileDone(reading.file.absolute, outcome, reason))
