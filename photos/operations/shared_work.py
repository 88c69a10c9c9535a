"""Work that an operation leaves to workers, and waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from photos.errors import NoQueue
from store.queue.base import UnitState

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import Catalog
    from store.queue.base import WorkQueue

#: Seconds between two looks at the queue, and without a unit done after which workers are looked for.
_LOOK, _LONELY = 0.25, 10.0
_LEFT: Final = {UnitState.WAITING, UnitState.RUNNING}


def queue_in_use(library: OpenLibrary) -> WorkQueue | None:
    """The queue, if work is to be left to workers. Raises `NoQueue` if it is, and the catalog is none on a server."""
    if not library.settings.queue:
        return None
    if library.queue is None:
        raise NoQueue
    return library.queue


def path_text(path: bytes) -> str:
    """Return *path* as a text. JSON holds no bytes: each becomes the character of its number."""
    return path.decode("latin-1")


def path_of(text: str) -> bytes:
    """Return the path of such a text."""
    return text.encode("latin-1")


def has_workers(catalog: Catalog, queue: WorkQueue, task: str) -> bool:
    """Return whether a worker lives that takes units of *task*."""
    with catalog.read() as t:
        return any(task in worker.tasks for worker in queue.state(t).workers if not worker.is_lost)


class UnitsAwaited:
    """Units of *task*, by their ids, that are waited for. *on_ended* gets those that are done or given up."""

    def __init__(
        self,
        catalog: Catalog,
        queue: WorkQueue,
        task: str,
        units: Iterable[int],
        on_ended: Callable[[Sequence[int]], object],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._catalog, self._queue, self._task = catalog, queue, task
        self._left = set(units)
        self._on_ended, self._sleep = on_ended, sleep

    def look(self) -> bool:
        """Take those that have ended since. Returns whether there were any."""
        with self._catalog.read() as t:
            states = self._queue.states(t, list(self._left))
        ended = sorted(unit for unit in self._left if states.get(unit) not in _LEFT)
        if ended:
            self._left.difference_update(ended)
            self._on_ended(ended)
        return bool(ended)

    def wait(self) -> bool:
        """Wait until all have ended. Returns False as soon as none did for a while and no worker lives for the rest."""
        quiet_since = time.monotonic()
        while self._left:
            if self.look():
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > _LONELY:
                if not has_workers(self._catalog, self._queue, self._task):
                    return False
                quiet_since = time.monotonic()
            if self._left:
                self._sleep(_LOOK)
        return True


def wait_for_units(
    catalog: Catalog,
    queue: WorkQueue,
    task: str,
    units: Mapping[int, int],
    report: Callable[[int, int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until none of these *units* of *task*, with their items by id, waits or runs: they are done or given up.

    *report* gets the items done and in all. Returns False as soon as no worker lives that would take them.
    """
    done, total = 0, sum(units.values())
    report(0, total)

    def note(ended: Sequence[int]) -> None:
        nonlocal done
        done += sum(units[unit] for unit in ended)
        report(done, total)

    return UnitsAwaited(catalog, queue, task, units, note, sleep).wait()
