"""Work that an operation leaves to workers, and waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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


def has_workers(catalog: Catalog, queue: WorkQueue, task: str) -> bool:
    """Return whether a worker lives that takes units of *task*."""
    with catalog.read() as t:
        return any(task in worker.tasks for worker in queue.state(t).workers if not worker.is_lost)


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
    left, total = dict(units), sum(units.values())
    report(0, total)
    quiet_since = time.monotonic()
    while left:
        with catalog.read() as t:
            states = queue.states(t, list(left))
        ended = [unit for unit in left if states.get(unit) not in _LEFT]
        for unit in ended:
            del left[unit]
        if ended:
            quiet_since = time.monotonic()
            report(total - sum(left.values()), total)
        elif time.monotonic() - quiet_since > _LONELY:
            if not has_workers(catalog, queue, task):
                return False
            quiet_since = time.monotonic()
        if left:
            sleep(_LOOK)
    return True
