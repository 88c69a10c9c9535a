"""Brings the catalog up to date with folders on disk."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace

from store import Catalog, Folder, Outcome, Space, Stamp

from .attempts import Desk
from .batch import BatchKeeper, Embedder, Tagger
from .changes import Changes, compare
from .ignoring import BadRule
from .progress import FileDone, FolderOffline, FolderScanned, Progress, ReadingBegins
from .readers import Readers
from .reading import Decoded, Known, Reading, Refused, Wanted
from .scan import WHOLE, Found, Subtree, scan

#: Files that only need a row are kept together, many to a transaction.
_ROWS = 256
#: Fewer than so many photos, or than this part of a folder's, may go without a word.
_FEW, _FRACTION = 100, 0.1


@dataclass(frozen=True, slots=True)
class HeldBack:
    """So many of the photos of a folder are gone at once that nothing is forgotten before somebody says so."""

    folder: Folder
    gone: int
    held: int


@dataclass(slots=True)
class IndexReport:
    """What a pass did. `outcomes` counts the files that were read."""

    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    embedded: int = 0
    #: Files that are new or changed and show, to the pixel, what a photo shows that was embedded before.
    alike: int = 0
    unchanged: int = 0
    #: Files that are no longer there, and files that the user's rules leave out by now.
    gone: int = 0
    left_out: int = 0
    #: Files that are new or changed and whose photo was known: moved, renamed, copied, or back again.
    moved: int = 0
    offline: list[Folder] = field(default_factory=list)
    held_back: list[HeldBack] = field(default_factory=list)
    #: Lines that are no pattern; the path is absolute.
    bad_rules: list[BadRule] = field(default_factory=list)
    #: Files, relative to their folders, that changed a moment ago and are left for a later pass.
    unripe: list[tuple[Folder, bytes]] = field(default_factory=list)
    #: Folders below that could not be listed, absolute, each with the reason.
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)
    #: Files that failed, likewise. Those of them that held photos hold them still, and are no problems to the catalog.
    unread: list[tuple[bytes, str]] = field(default_factory=list)


def index_folders(
    catalog: Catalog,
    folders: Sequence[Folder],
    space: Space,
    embedder: Callable[[], Embedder],
    tagger: Tagger | None,
    progress: Progress,
    *,
    readers: Readers,
    batch_size: int = 16,
    confirm_removals: bool = False,
    within: Mapping[int, Sequence[Subtree]] | None = None,
    min_age: float = 0,
) -> IndexReport:
    """Index what is new or changed in *folders*, and forget what is gone.

    *embedder* is called when there is something to embed, and only then. Every batch is kept when it is done, so an
    interruption costs one batch at most, and the next call goes on. Where more than a tenth of a folder's photos, and
    more than a hundred, are gone, they are kept unless *confirm_removals*.

    *within* names the parts of each folder, by its id, that are looked at; all, unless it is given. Files that changed
    less than *min_age* seconds ago are left for later. Raises what the store and the embedder raise; never on account
    of a file.
    """
    report = IndexReport()
    if within is None:
        _drop_damaged(catalog, space)
    passes = [
        (folder, _scan(catalog, folder, part, report, progress))
        for folder in folders
        for part in (within.get(folder.id, ()) if within is not None else (WHOLE,))
    ]
    wanted = [
        _wanted(folder, found.path, found.stamp)
        for folder, changes in passes
        for found in _ripe(folder, changes.to_read, min_age, report)
    ]
    if within is None:
        wanted += _unembedded(catalog, space, folders, {file.absolute for file in wanted})
    progress.report(ReadingBegins(len(wanted)))
    keeper = BatchKeeper(catalog, space, embedder, tagger)
    unsettled: list[Wanted] = []
    for files, is_last in ((wanted, False), (unsettled, True)):
        readings = _read_all(catalog, space, files, readers, batch_size)
        # Closed at once on Ctrl-C: a generator that is left to the garbage collector ends its threads too late.
        with closing(readings):
            chosen = readings if is_last else _settled(readings, unsettled)
            _keep_all(keeper, _batches(chosen, batch_size), report, progress)
    # Only now: a file that moved has been found under its new name, and its photo was never without one.
    for folder in folders:
        _forget(catalog, folder, [changes for of, changes in passes if of == folder], report, confirm_removals)
    return report


def _forget(
    catalog: Catalog, folder: Folder, passes: Sequence[Changes], report: IndexReport, confirm_removals: bool
) -> None:
    missing = [file_id for changes in passes for file_id in changes.gone]
    left_out = [file_id for changes in passes for file_id in changes.left_out]
    if not missing and not left_out:
        return
    with catalog.write() as t:
        lost = set(t.files.lost(missing))
        t.files.forget([*left_out, *(file_id for file_id in missing if file_id not in lost)])
        held = t.files.held(folder.id)
        kept = 0
        if len(lost) > max(_FEW, _FRACTION * held) and not confirm_removals:
            report.held_back.append(HeldBack(folder, len(lost), held))
            kept = len(lost)
        else:
            t.files.forget(sorted(lost))
    report.gone += len(missing) - kept
    report.left_out += len(left_out)


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


def _ripe(folder: Folder, found: Iterable[Found], min_age: float, report: IndexReport) -> Iterator[Found]:
    now = time.time_ns()
    for item in found:
        if 0 <= now - max(item.stamp.mtime_ns, item.stamp.ctime_ns) < min_age * 1e9:
            report.unripe.append((folder, item.path))
        else:
            yield item


def _scan(catalog: Catalog, folder: Folder, part: Subtree, report: IndexReport, progress: Progress) -> Changes:
    if part != WHOLE and not _is_there(folder):
        progress.report(FolderOffline(folder.path, "it is not where it was"))
        report.offline.append(folder)
        return Changes(is_offline=True)
    changes = look(catalog, folder, part)
    if changes.is_offline:
        root = next((item for item in changes.unreadable if item.path == b""), None)
        report.offline.append(folder)
        progress.report(FolderOffline(folder.path, root.reason if root else "nothing is in it any more"))
    else:
        device = _device(folder.path)
        if device is not None and device != folder.device:
            with catalog.write() as t:
                t.folders.seen_on(folder.id, device)
        report.bad_rules += [replace(bad, path=os.path.join(folder.path, bad.path)) for bad in changes.bad_rules]
        report.unreadable += [(os.path.join(folder.path, item.path), item.reason) for item in changes.unreadable]
        files = changes.unchanged + len(changes.to_read)
        progress.report(FolderScanned(folder.path, files, len(changes.to_read)))
    report.unchanged += changes.unchanged
    return changes


def look(catalog: Catalog, folder: Folder, part: Subtree = WHOLE) -> Changes:
    """How that part of *folder* on disk differs from what *catalog* knows of it. Nothing is changed."""
    is_elsewhere = folder.device is not None and _device(folder.path) != folder.device
    with catalog.read() as t:
        return compare(
            scan(folder.path, folder.excludes, part),
            t.files.known(folder.id, part.path, is_deep=part.is_deep),
            is_elsewhere=is_elsewhere,
            is_part=part != WHOLE,
        )


def _is_there(folder: Folder) -> bool:
    """Whether the folder is where it was, with something in it: else nothing can be concluded from a part of it."""
    try:
        with os.scandir(folder.path) as entries:
            is_empty = next(entries, None) is None
    except OSError:
        return False
    return not is_empty and folder.device in {None, _device(folder.path)}


def _device(path: bytes) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None


def _wanted(folder: Folder, path: bytes, stamp: Stamp) -> Wanted:
    return Wanted(folder.id, path, os.path.join(folder.path, path), stamp)


def _unembedded(catalog: Catalog, space: Space, folders: Sequence[Folder], already: set[bytes]) -> list[Wanted]:
    """Files of photos that have no embedding in the space: it is a new one, or the row was damaged."""
    by_id = {folder.id: folder for folder in folders}
    with catalog.read() as t:
        lacking = t.files.lacking_embedding(space.id)
    files = [_wanted(by_id[file.folder_id], file.path, file.stamp) for file in lacking if file.folder_id in by_id]
    return [file for file in files if file.absolute not in already and os.path.exists(file.absolute)]


def _read_all(
    catalog: Catalog, space: Space, wanted: Iterable[Wanted], readers: Readers, batch_size: int
) -> Generator[Reading, None, None]:
    """Readings in the order of *wanted*, made by *readers* that stay a bounded way ahead."""
    desk = Desk(catalog, space)
    ahead = 2 * batch_size + readers.count
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
        readers.abandon()
        pool.shutdown(wait=True, cancel_futures=True)


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
    keeper: BatchKeeper, batches: Iterable[Sequence[Reading]], report: IndexReport, progress: Progress
) -> None:
    for batch in batches:
        kept = keeper.keep(batch)
        report.embedded += kept.embedded
        report.alike += kept.alike
        for reading in batch:
            _report(reading, report, progress)


def _report(reading: Reading, report: IndexReport, progress: Progress) -> None:
    outcome, reason = (reading.outcome, reading.reason) if isinstance(reading, Refused) else (Outcome.INDEXED, None)
    if outcome is Outcome.FAILED:
        report.unread.append((reading.file.absolute, reason or ""))
    report.outcomes[outcome] += 1
    report.moved += isinstance(reading, Known)
    progress.report(FileDone(reading.file.absolute, outcome, reason))
