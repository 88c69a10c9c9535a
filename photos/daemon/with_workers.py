"""Parts of folders whose files workers index: what depends on these files is done when they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexer import Subtree
from photos.library import OpenLibrary
from photos.operations.indexing.file_units import ENCODE
from photos.operations.indexing.queued_files import NOBODY, files_are_queued
from photos.operations.shared_work import has_workers

#: Parts to scan by the folder's id; None for everything.
Parts = Mapping[int, Sequence[Subtree]] | None


class WithWorkers:
    """The parts that are to be scanned again when no file is in the queue any more.

    The library's `on_notice` gets a sentence when files are in the queue and no worker lives, once until one does.
    """

    def __init__(self, library: OpenLibrary) -> None:
        self._library = library
        self._parts: dict[int, list[Subtree]] = {}
        self._is_whole = False
        self._told = False
        #: True between the end of the workers and that of the pass that follows.
        self._follows = False

    @property
    def is_waiting(self) -> bool:
        """True if workers were to index files when they were last looked for."""
        return self._is_whole or bool(self._parts)

    def note(self, parts: Parts, queued: int) -> bool:
        """Note that a pass over *parts* ended while so many files were in the queue.

        Returns whether it was the one that follows when workers are done.
        """
        is_done = queued == 0 and (self._follows or (parts is None and self.is_waiting))
        self._follows = False
        if parts is None:
            self._is_whole, self._parts = queued > 0, {}
        elif queued:
            for folder_id, some in parts.items():
                known = self._parts.setdefault(folder_id, [])
                known += [part for part in some if part not in known]
        return is_done

    def finished(self) -> Parts:
        """The parts to scan now; none while files are in the queue."""
        if not self.is_waiting:
            return {}
        if files_are_queued(self._library):
            self._look_for_workers()
            return {}
        parts = None if self._is_whole else self._parts
        self._is_whole, self._parts, self._follows = False, {}, True
        return parts

    def _look_for_workers(self) -> None:
        queue = self._library.queue
        assert queue is not None
        is_alone = not has_workers(self._library.catalog, queue, ENCODE)
        if is_alone and not self._told:
            self._library.on_notice(NOBODY)
        self._told = is_alone
