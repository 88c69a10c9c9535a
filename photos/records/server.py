"""The server that a catalog is on, and the work that machines share there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypedDict

from photos.times import local_time

if TYPE_CHECKING:
    from store import Keeper, ServerState
    from store.queue.base import QueueState, TaskState, Trouble, WorkerState


class ServerRecord(TypedDict):
    """The PostgreSQL server that the catalog is on."""

    address: Annotated[str, "Address of the catalog, without its password."]
    version: Annotated[str, "Version of PostgreSQL."]
    pgvector: Annotated[str, "Version of pgvector in the database."]
    bytes: Annotated[int, "Size of the database."]
    standby: Annotated[bool, "Whether it follows another server, and changes nothing itself."]
    writable: Annotated[bool, "Whether this role may change the catalog."]


class KeeperRecord(TypedDict):
    """The process that keeps a catalog on a server up to date."""

    host: Annotated[str | None, "Name of its machine; null if this role may not see it."]
    pid: Annotated[int | None, "Process number there; null likewise."]


class TaskRecord(TypedDict):
    """The units of one task that are not done."""

    task: Annotated[str, "Name of the task, such as `encode`."]
    waiting: Annotated[int, "Units that wait."]
    running: Annotated[int, "Units that workers are at."]
    failed: Annotated[int, "Units that were given up."]
    items: Annotated[int, "Items, such as files, of units that wait or run."]
    rate: Annotated[float, "Items a second of all workers; 0 before one has done a unit."]
    seconds_left: Annotated[float | None, "Seconds until these items are done; null before there is a rate."]


class WorkerRecord(TypedDict):
    """A worker."""

    host: Annotated[str, "Name of its machine."]
    pid: Annotated[int, "Process number there."]
    device: Annotated[str, "Device that it computes on."]
    tasks: Annotated[list[str], "Tasks that it takes."]
    since: Annotated[str, "Time of its start, local, with its offset, ISO 8601."]
    doing: Annotated[str | None, "Task that it is at; null while it waits."]
    lost: Annotated[bool, "Whether it has been silent for so long that others take its unit."]


class TroubleRecord(TypedDict):
    """A unit that went wrong."""

    task: Annotated[str, "Name of the task."]
    items: Annotated[int, "Items in it."]
    reason: Annotated[str, "Sentence of its last error."]
    attempts: Annotated[int, "How often it was tried."]
    given_up: Annotated[bool, "Whether it is not tried again."]


class QueueRecord(TypedDict):
    """The work that machines share."""

    tasks: Annotated[list[TaskRecord], "Units that are not done, by task."]
    workers: Annotated[list[WorkerRecord], "Workers."]
    troubles: Annotated[list[TroubleRecord], "The newest units that went wrong and are not done."]


def server_record(address: str, server: ServerState) -> ServerRecord:
    """Make the record of a server."""
    return {
        "address": address,
        "version": server.version,
        "pgvector": server.pgvector,
        "bytes": server.bytes,
        "standby": server.is_standby,
        "writable": server.may_write,
    }


def keeper_record(keeper: Keeper) -> KeeperRecord:
    """Make the record of the process that keeps a catalog up to date."""
    return {"host": keeper.host, "pid": keeper.process}


def queue_record(queue: QueueState) -> QueueRecord:
    """Make the record of a queue."""
    return {
        "tasks": [_task(each) for each in queue.tasks],
        "workers": [_worker(each) for each in queue.workers],
        "troubles": [_trouble(each) for each in queue.troubles],
    }


def _task(task: TaskState) -> TaskRecord:
    left = task.seconds_left
    return {
        "task": task.task,
        "waiting": task.waiting,
        "running": task.running,
        "failed": task.failed,
        "items": task.items,
        "rate": round(task.rate, 3),
        "seconds_left": None if left is None else round(left, 1),
    }


def _worker(worker: WorkerState) -> WorkerRecord:
    return {
        "host": worker.host,
        "pid": worker.process,
        "device": worker.device,
        "tasks": list(worker.tasks),
        "since": local_time(worker.since).isoformat(timespec="seconds"),
        "doing": worker.doing,
        "lost": worker.is_lost,
    }


def _trouble(trouble: Trouble) -> TroubleRecord:
    return {
        "task": trouble.task,
        "items": trouble.items,
        "reason": trouble.reason,
        "attempts": trouble.attempts,
        "given_up": trouble.given_up,
    }
