"""A queue in the catalog's own PostgreSQL database, by procrastinate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, SyncPsycopgConnector
from psycopg.types.json import Jsonb

from store.catalog.catalog import Catalog, Transaction
from store.sql.postgres import driver_of

from .base import SILENCE, Json, QueueState, TaskState, Trouble, Unit, UnitState, WorkerState, WorkQueue
from .tables import ensure_queue, has_queue

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["Jsonb", "ProcrastinateQueue", "queue_of"]

#: Errors that a state has.
_TROUBLES: Final = 20
_STATES: Final = {"todo": UnitState.WAITING, "doing": UnitState.RUNNING, "failed": UnitState.FAILED}
_UNITS: Final = """
SELECT task_name, status::text, count(*), coalesce(sum(items), 0) FROM procrastinate_jobs
LEFT JOIN photos_unit ON job_id = id WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1, 2
"""
_WORKERS: Final = """
SELECT host, process, device, tasks, started_at AT TIME ZONE 'UTC',
    extract(epoch FROM clock_timestamp() - last_heartbeat)::float8,
    (SELECT min(task_name) FROM procrastinate_jobs WHERE worker_id = own.worker_id AND status = 'doing'), rates
FROM photos_worker AS own JOIN procrastinate_workers AS worker ON worker.id = own.worker_id ORDER BY started_at
"""
_BAD: Final = """
SELECT task_name, items, reason, setbacks + failures, status = 'failed'
FROM procrastinate_jobs JOIN photos_unit ON job_id = id
WHERE status IN ('todo', 'doing', 'failed') AND reason IS NOT NULL ORDER BY failed_at DESC LIMIT %s
"""


def queue_of(catalog: Catalog) -> WorkQueue | None:
    """Return the queue of a catalog; None for one in SQLite, which has none."""
    return ProcrastinateQueue(catalog.path) if isinstance(catalog.path, str) else None


class ProcrastinateQueue:
    """The queue of the catalog at *address*. It implements `WorkQueue`."""

    def __init__(self, address: str) -> None:
        self._address = address
        # It connects to nothing: each unit is deferred on the connection of a transaction.
        self._app = App(connector=SyncPsycopgConnector())

    def ensure(self, t: Transaction) -> None:
        """Make the tables if there are none, as part of *t*. Raises as `ensure_queue` does."""
        ensure_queue(driver_of(t.connection), self._address)

    def defer(self, t: Transaction, units: Sequence[Unit]) -> list[int]:
        """Let workers do *units* once *t* is committed; see `WorkQueue`."""
        driver = driver_of(t.connection)
        self.ensure(t)
        by_task: defaultdict[str, list[int]] = defaultdict(list)
        for place, unit in enumerate(units):
            by_task[unit.task].append(place)
        ids = [0] * len(units)
        for task, places in by_task.items():
            driver.execute("DELETE FROM procrastinate_jobs WHERE task_name = %s AND status = 'failed'", [task])
            deferred = self._app.configure_task(task, queue=task, connection=driver).batch_defer(
                *({"arguments": _json(units[place].arguments)} for place in places)
            )
            for place, job_id in zip(places, deferred, strict=True):
                ids[place] = job_id
        driver.execute(
            "INSERT INTO photos_unit (job_id, items) SELECT * FROM unnest(%s::bigint[], %s::bigint[])",
            [ids, [unit.items for unit in units]],
        )
        return ids

    def states(self, t: Transaction, ids: Sequence[int]) -> dict[int, UnitState]:
        """Return the states of those of these units that are not done."""
        driver = driver_of(t.connection)
        if not has_queue(driver):
            return {}
        rows = driver.execute("SELECT id, status::text FROM procrastinate_jobs WHERE id = ANY(%s)", [list(ids)])
        return {job_id: _STATES[status] for job_id, status in rows if status in _STATES}

    def waiting(self, t: Transaction, task: str) -> Iterator[tuple[int, Mapping[str, Json]]]:
        """Yield the id and the arguments of each unit of *task* that waits or runs."""
        driver = driver_of(t.connection)
        if not has_queue(driver):
            return
        statement = (
            "SELECT id, args->'arguments' FROM procrastinate_jobs"
            " WHERE queue_name = %s AND status IN ('todo', 'doing') ORDER BY id"
        )
        with driver.cursor("queued") as cursor:
            cursor.execute(statement, [task])
            yield from cursor

    def state(self, t: Transaction) -> QueueState:
        """Describe the queue and its workers."""
        driver = driver_of(t.connection)
        if not has_queue(driver):
            return QueueState()
        workers, rates = _workers(driver)
        counts: defaultdict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
        for task, status, count, items in driver.execute(_UNITS):
            counts[task][status] = count, int(items)
        tasks = tuple(_task(task, by_status, rates.get(task, 0)) for task, by_status in sorted(counts.items()))
        troubles = tuple(Trouble(*row) for row in driver.execute(_BAD, [_TROUBLES]))
        return QueueState(tasks, workers, troubles)


def _task(task: str, by_status: Mapping[str, tuple[int, int]], rate: float) -> TaskState:
    nothing = (0, 0)
    waiting, running = by_status.get("todo", nothing), by_status.get("doing", nothing)
    return TaskState(task, waiting[0], running[0], by_status.get("failed", nothing)[0], waiting[1] + running[1], rate)


def _workers(driver: Connection) -> tuple[tuple[WorkerState, ...], Mapping[str, float]]:
    """The workers, and for each task the items a second of those that live."""
    workers = []
    rates: defaultdict[str, float] = defaultdict(float)
    for host, process, device, tasks, since, silent, doing, own_rates in driver.execute(_WORKERS):
        is_lost = silent > SILENCE
        workers.append(WorkerState(host, process, device, tuple(tasks), since, silent, doing, is_lost))
        for task, rate in own_rates.items() if not is_lost else ():
            rates[task] += rate
    return tuple(workers), rates


def _json(value: Json) -> Any:
    if isinstance(value, Mapping):
        return {name: _json(inner) for name, inner in value.items()}
    return [_json(inner) for inner in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
