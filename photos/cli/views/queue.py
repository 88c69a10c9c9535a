"""The work that machines share, in `photos status`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from photos.cli.kit.format import counted, duration, minute
from photos.errors import safe

if TYPE_CHECKING:
    from store.queue.base import QueueState, TaskState, WorkerState

#: Units that went wrong and are shown.
_TROUBLES = 3


def queue_rows(queue: QueueState) -> Iterator[tuple[str, str]]:
    """Yield a row for each task with units in the queue, and for each worker."""
    title = "queue"
    for task in queue.tasks:
        yield title, _task(task)
        title = ""
    for trouble in queue.troubles[:_TROUBLES]:
        end = "given up" if trouble.given_up else "tried again"
        yield "", f"{trouble.task}, {counted(trouble.items, 'item')}, {end}: {safe(trouble.reason)}"
    title = "workers"
    for worker in queue.workers:
        yield title, _worker(worker)
        title = ""
    if queue.tasks and not queue.workers:
        yield title, "none; run `photos worker` here or on other machines"


def _task(task: TaskState) -> str:
    parts = [f"{counted(task.items, 'item')} in {counted(task.waiting + task.running, 'unit')} to do"]
    if task.rate:
        parts.append(f"{task.rate:.1f} a second")
    if task.seconds_left:
        parts.append(f"about {duration(task.seconds_left)} left")
    if task.failed:
        parts.append(f"{counted(task.failed, 'unit')} given up")
    return f"{safe(task.task)}: {', '.join(parts)}"


def _worker(worker: WorkerState) -> str:
    doing = f"at {safe(worker.doing)}" if worker.doing else "waiting"
    state = f"silent for {duration(worker.silent)}, its unit is taken by others" if worker.is_lost else doing
    since = minute(worker.since)
    return f"{safe(worker.host)}, process {worker.process}, {safe(worker.device)}, since {since}: {state}"
