"""A worker of one library: does what its tasks are until it is stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from photos.errors import NoQueue
from photos.library import OpenLibrary
from photos.operations.unit_worker import device_name, do_units
from store.queue.base import SILENCE, QueueEvent

from .tasks import TASKS


@dataclass(frozen=True, slots=True)
class WorkRequest:
    """The tasks to take units of. To `drain` is to end when nothing is left to be done now.

    `silence` are seconds without a sign of life after which units of other workers are taken.
    """

    tasks: Sequence[str] = tuple(TASKS)
    drain: bool = False
    silence: float = SILENCE


@dataclass(frozen=True, slots=True)
class Begun:
    """Event: a worker is ready."""

    process: int
    tasks: Sequence[str]
    device: str


WorkerEvent = Begun | QueueEvent


def work(
    library: OpenLibrary,
    request: WorkRequest,
    on_event: Callable[[WorkerEvent], object] = lambda _event: None,
) -> None:
    """Do units of work until interrupted; see `store.queue.worker.run_worker`.

    Raises `NoQueue` if the library's catalog is none on a server, and `EmptyLibrary` if there is no catalog.
    """
    if library.settings.catalog is None:
        raise NoQueue
    if library.is_new:
        raise library.empty_error()
    on_event(Begun(os.getpid(), request.tasks, device_name(library)))
    tasks = {name: TASKS[name] for name in request.tasks}
    do_units(library, tasks, on_event, drain=request.drain, silence=request.silence)
