"""Files that workers index: the stage of a pass that puts them into the queue, and waits for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from indexer import FileDone, IndexReport
from indexer.workers.file_reader import Purpose, ReadRequest
from photos.operations.shared_work import UnitsAwaited, has_workers
from store import Outcome

from .file_units import ENCODE, WantedFile, file_units, files_of, wanted

if TYPE_CHECKING:
    from indexer import PipelineProgress
    from photos.library import OpenLibrary
    from store import Catalog, File, Folder, Space
    from store.queue.base import WorkQueue

#: Files whose units are put into the queue in one transaction.
_PART: Final = 1 << 14
#: Sentence for people if there is no worker.
NOBODY: Final = (
    "The files are in the queue, and no worker takes them: run `photos worker` here or on another machine that sees "
    "the folders."
)
_ALONE: Final = "No worker takes files from the queue: this process reads and encodes them itself."
_NOT_STORED: Final = "a worker could not read it, or it has changed since"


def files_are_queued(library: OpenLibrary) -> bool:
    """Return whether workers are to index files that they have not indexed yet."""
    if library.queue is None:
        return False
    with library.catalog.read() as t:
        return any(task.waiting or task.running for task in library.queue.state(t).tasks if task.task == ENCODE)


class QueuedFiles:
    """Lets workers index files, and unless *waits* is false, waits until they have. It implements `FileStage`.

    The results stand in the catalog, where they are looked up for *report* and *progress*. A file that is in the queue
    already is not put there again. *prepare* is called before units are put into the queue: it does what all workers
    would do otherwise. While it waits and no worker lives, *work* does the units in this process, of which *on_notice*
    gets a sentence; it calls its argument after each.
    """

    def __init__(
        self,
        catalog: Catalog,
        queue: WorkQueue,
        folders: Sequence[Folder],
        space: Space,
        report: IndexReport,
        progress: PipelineProgress,
        on_notice: Callable[[str], None],
        *,
        waits: bool = True,
        prepare: Callable[[], object],
        work: Callable[[Callable[[], object]], object],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._catalog, self._queue, self._space = catalog, queue, space
        self._folders = {folder.id: folder for folder in folders}
        self._report, self._progress, self._on_notice = report, progress, on_notice
        self._waits, self._prepare, self._work, self._sleep = waits, prepare, work, sleep
        self._told = False
        #: Files that are in the queue when a call returns.
        self.left = 0

    def index(self, files: Iterable[ReadRequest], *, is_last: bool = False) -> list[ReadRequest]:
        """Let *files* be indexed. None is to be read again: workers read files twice that are just changing."""
        del is_last
        before = self._embedded()
        units = self._defer(files)
        if self._waits:
            self._wait(units)
            embedded = max(0, self._embedded() - before)
            self._report.embedded += embedded
            # Files of photos that were embedded before, one way or another.
            indexed = self._report.outcomes[Outcome.INDEXED]
            self._report.moved = max(0, indexed - self._report.embedded)
        else:
            self.left = sum(map(len, units.values()))
        return []

    def _embedded(self) -> int:
        with self._catalog.read() as t:
            return t.embeddings.count(self._space.id)

    def _defer(self, files: Iterable[ReadRequest]) -> dict[int, list[WantedFile]]:
        """Put *files* into the queue; return the files of the folders that are there now, by unit."""
        units: dict[int, list[WantedFile]] = {}
        queued: dict[WantedFile, int] = {}
        with self._catalog.read() as t:
            for unit_id, arguments in self._queue.waiting(t, ENCODE):
                for file in files_of(arguments):
                    queued[file] = unit_id
        requests = map(wanted, files)
        asked: set[WantedFile] = set()
        while part := list(islice(requests, _PART)):
            asked.update(file for file in part if file in queued)
            new = list(file_units([file for file in part if file not in queued]))
            if new:
                self._prepare()
                with self._catalog.write() as t:
                    ids = self._queue.defer(t, [unit for unit, _ in new])
                units |= {unit_id: list(some) for unit_id, (_, some) in zip(ids, new, strict=True)}
        for file, unit_id in queued.items():
            # What an earlier pass put there and this one did not find is waited for too: it may be a moved file.
            if file.folder_id in self._folders and (file in asked or file.purpose is Purpose.PHOTO):
                units.setdefault(unit_id, []).append(file)
        return units

    def _wait(self, units: Mapping[int, Sequence[WantedFile]]) -> None:
        """Wait until the units are done or given up, and report their files."""

        def report(ended: Sequence[int]) -> None:
            self._report_files([file for unit in ended for file in units[unit]])

        awaited = UnitsAwaited(self._catalog, self._queue, ENCODE, units, report, self._sleep)
        if units and not has_workers(self._catalog, self._queue, ENCODE):
            self._work_alone(awaited)
        while not awaited.wait():
            self._work_alone(awaited)

    def _work_alone(self, awaited: UnitsAwaited) -> None:
        """Do what nobody else is there to do. Workers that begin meanwhile share it."""
        if not self._told:
            self._told = True
            self._on_notice(_ALONE)
        self._work(awaited.look)

    def _report_files(self, files: Sequence[WantedFile]) -> None:
        with self._catalog.read() as t:
            rows = {folder_id: t.files.all_at(folder_id, paths) for folder_id, paths in _by_folder(files)}
        for file in files:
            self._report_file(file, rows[file.folder_id].get(file.path))

    def _report_file(self, file: WantedFile, row: File | None) -> None:
        if file.purpose is Purpose.SIDECAR:
            # It was reported as a companion.
            return
        folder = self._folders.get(file.folder_id)
        absolute = os.path.join(folder.path if folder is not None else b"", file.path)
        if file.purpose is Purpose.FACTS:
            self._report.refreshed += 1
            self._progress.report(FileDone(absolute, Outcome.INDEXED, None))
            return
        is_stored = row is not None and row.stamp == file.stamp
        outcome = row.outcome if row is not None and is_stored else Outcome.FAILED
        reason = row.reason if row is not None and is_stored else _NOT_STORED
        if outcome is Outcome.FAILED:
            self._report.unread.append((absolute, reason or ""))
        elif outcome is Outcome.INDEXED and reason is not None:
            self._report.noted.append((absolute, reason))
        self._report.outcomes[outcome] += 1
        self._progress.report(FileDone(absolute, outcome, reason))


def _by_folder(files: Iterable[WantedFile]) -> Iterable[tuple[int, list[bytes]]]:
    paths: dict[int, list[bytes]] = {}
    for file in files:
        paths.setdefault(file.folder_id, []).append(file.path)
    return paths.items()
