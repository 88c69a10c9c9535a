"""A worker: takes units from a queue, one at a time, until it is stopped.

procrastinate's worker runs on a thread of its own, which keeps up the heartbeat. Units are done on the thread of the
caller, so a signal interrupts one as it interrupts any other command: it is then handed back, and what it has committed
stays.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import psycopg
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout

from store.catalog.catalog import Catalog
from store.errors import (
    PASSING,
    CatalogMoved,
    CatalogTooNew,
    CatalogUpgraded,
    DatabaseReadOnly,
    PhotosError,
    UnfinishedCopy,
)
from store.sql.postgres import address_of, translated

from .base import SILENCE, HandedBack, Handler, QueueEvent, ServerLost, Unfit, UnitBegun, UnitEnded, UnitReturned
from .procrastinate_queue import Jsonb, ProcrastinateQueue

if TYPE_CHECKING:
    from procrastinate.job_context import JobContext
    from procrastinate.jobs import Job

#: Seconds between two looks for units while there are none: those that are retried are not announced.
_POLL: Final = 2.0
#: Seconds between two tries to reach a server that went away, at first and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
#: Seconds that a connection is waited for.
_CONNECT: Final = 10.0
#: Seconds in which procrastinate's thread ends.
_END: Final = 5.0
#: Units that a rate is the mean of.
_RECENT: Final = 10
#: A unit that failed for a passing reason is tried again after so many seconds, doubled each time, up to the second.
_AGAIN, _MOST_AGAIN = 5, 600
#: Attempts before a unit is given up that failed for another reason.
_ATTEMPTS: Final = 3
#: Errors after which this process can do nothing more in this catalog.
_ENDING: Final = (CatalogUpgraded, CatalogTooNew, CatalogMoved, UnfinishedCopy, DatabaseReadOnly)
#: A worker that takes a unit again that it left to others would take from these what it cannot do. So it holds such a
#: unit for this part of the time until the next attempt, and looks for more seldom. And units that it remembers.
_HELD, _REMEMBERED = 0.1, 10_000
#: Errors after which the connection is made anew. A worker that was silent for too long has lost its row, which jobs
#: refer to.
_LOST: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ForeignKeyViolation,
    PoolTimeout,
    OSError,
)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Options of a worker: the device it computes on, for people, and whether it ends when nothing is left to do."""

    device: str = ""
    drain: bool = False
    #: Seconds without a sign of life after which units of other workers are taken.
    silence: float = SILENCE


_LOGGERS: Final = ("asyncio", "procrastinate", "psycopg.pool")
#: Says that nothing more will be taken.
_END_OF_WORK: Final = None


def run_worker(
    catalog: Catalog,
    handlers: Mapping[str, Handler],
    options: WorkerOptions | None = None,
    on_event: Callable[[QueueEvent], object] = lambda _event: None,
) -> None:
    """Do the units of the tasks in *handlers*, on this thread, until it is interrupted or, to drain, none is left.

    *on_event* is called on this thread. Raises the error of an `Unfit` handler, `QueueOfAnother` or `CatalogTooNew`,
    the catalog's errors if it cannot be reached at first, and later those after which nothing more can be done in it.
    """
    options = options or WorkerOptions()
    assert isinstance(catalog.path, str)
    with catalog.write() as t:
        ProcrastinateQueue(catalog.path).ensure(t)
        address = address_of(t.connection, f"photos worker {socket.gethostname()[:30]} {os.getpid()}")
    # It writes the arguments of a unit with each of its lines; what people should know are our own events.
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    desk = _Desk(handlers, on_event)
    fetcher = _Fetcher(address, tuple(handlers), options, desk)
    fetcher.start()
    try:
        with translated(catalog.path):
            desk.work()
    finally:
        fetcher.stop()


@dataclass(slots=True)
class _Call:
    task: str
    arguments: Mapping[str, Any]
    items: int
    #: How often it failed, for passing reasons and for others.
    setbacks: int
    failures: int
    result: Future[None]

    def seconds_to_retry(self, error: Exception) -> float | None:
        """Seconds before the next attempt at the unit, which failed; None to give it up."""
        if isinstance(error, PASSING):
            return float(min(_MOST_AGAIN, _AGAIN * 2 ** min(self.setbacks, 10)))
        return _AGAIN if self.failures + 1 < _ATTEMPTS else None


class _Undone(Exception):
    """Tells procrastinate that a unit is not done: after so many seconds it is tried again, at that priority."""

    def __init__(self, after: float, priority: int | None = None) -> None:
        super().__init__(after)
        self.after, self.priority = after, priority


class _Desk:
    """The place at which the thread that fetches units hands them to the one that does them."""

    def __init__(self, handlers: Mapping[str, Handler], on_event: Callable[[QueueEvent], object]) -> None:
        self._handlers = handlers
        self._on_event = on_event
        self._inbox: queue.SimpleQueue[_Call | QueueEvent | BaseException | None] = queue.SimpleQueue()
        self.recent: dict[str, deque[tuple[int, float]]] = {}

    def put(self, item: _Call | QueueEvent | BaseException | None) -> None:
        """Hand over a unit, an event, an error that ends the work, or its end."""
        self._inbox.put(item)

    def work(self) -> None:
        """Do what is handed over, until the end."""
        while (item := self._inbox.get()) is not _END_OF_WORK:
            if isinstance(item, _Call):
                self._do(item)
            elif isinstance(item, BaseException):
                raise item
            else:
                self._on_event(item)

    def _do(self, call: _Call) -> None:
        started = time.monotonic()
        try:
            self._on_event(UnitBegun(call.task, call.items))
            self._handlers[call.task](call.arguments)
        except Unfit as unfit:
            call.result.set_exception(HandedBack())
            raise unfit.error from unfit
        except HandedBack as back:
            call.result.set_exception(back)
            self._on_event(UnitReturned(call.task, call.items))
        except _ENDING:
            call.result.set_exception(HandedBack())
            raise
        except Exception as error:  # noqa: BLE001 - any error costs one unit
            call.result.set_exception(error)
            given_up = call.seconds_to_retry(error) is None
            seconds = time.monotonic() - started
            self._on_event(UnitEnded(call.task, call.items, seconds, sentence(error), given_up))
        except BaseException:
            call.result.set_exception(HandedBack())
            raise
        else:
            seconds = time.monotonic() - started
            self.recent.setdefault(call.task, deque(maxlen=_RECENT)).append((call.items, seconds))
            call.result.set_result(None)
            self._on_event(UnitEnded(call.task, call.items, seconds))

    def rates(self) -> dict[str, float]:
        """Items a second of each task."""
        return {
            task: sum(items for items, _ in recent) / max(sum(seconds for _, seconds in recent), 1e-3)
            for task, recent in list(self.recent.items())
        }


def sentence(error: BaseException) -> str:
    """The sentence on an error that failed a unit."""
    if isinstance(error, PhotosError):
        return str(error)
    lines = str(error).strip().splitlines()
    return f"Internal error: {type(error).__name__}: {lines[0][:200] if lines else 'no message'}"


class _Retries(BaseRetryStrategy):
    """Tells procrastinate when a unit is tried again."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Decide about a unit that was not done."""
        del job
        if not isinstance(exception, _Undone):
            return None
        return RetryDecision(retry_in={"seconds": round(exception.after)}, priority=exception.priority)


class _Fetcher:
    """The thread on which procrastinate's worker fetches units. It goes on when a server that went away is back."""

    def __init__(self, address: str, tasks: tuple[str, ...], options: WorkerOptions, desk: _Desk) -> None:
        self._address, self._tasks, self._options, self._desk = address, tasks, options, desk
        self._thread = threading.Thread(target=self._run, name="worker-queue", daemon=True)
        self._is_over = threading.Event()
        self._worker: Worker | None = None
        self._app: App | None = None
        #: The number under which this worker is known, and its units: at work, and those that nobody was at.
        self._introduced: int | None = None
        self._at_work: set[int] = set()
        self._forgotten: set[int] = set()
        #: Units that this worker left to others.
        self._left: set[int] = set()

    def start(self) -> None:
        """Begin to fetch."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end, which hands back what was fetched and not done. It is waited for a few seconds."""
        self._is_over.set()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]  # procrastinate has no type there
        self._thread.join(_END)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._go_on(runner)
        except BaseException as error:  # noqa: BLE001 - the thread that works raises it
            self._desk.put(error)
        else:
            self._desk.put(_END_OF_WORK)

    def _go_on(self, runner: asyncio.Runner) -> None:
        """Fetch, and begin again when a server that went away is back, until there is no more to do."""
        pause = _FIRST_PAUSE
        while not self._is_over.is_set():
            started = time.monotonic()
            try:
                runner.run(self._fetch())
                if self._options.drain or self._is_over.is_set():
                    return
                reason = "the connection was lost"
            except (ConnectorException, *_LOST) as error:
                cause = error.__cause__ if isinstance(error, ConnectorException) else error
                if not isinstance(cause, _LOST):
                    raise (cause or error) from None
                reason = str(cause).strip().partition("\n")[0]
            if self._is_over.is_set():
                return
            self._desk.put(ServerLost(reason))
            pause = _FIRST_PAUSE if time.monotonic() - started > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            self._is_over.wait(pause)

    async def _fetch(self) -> None:
        """Run procrastinate's worker until it is stopped or loses its connection."""
        connector = PsycopgConnector(conninfo=self._address, min_size=1, max_size=4, timeout=_CONNECT)
        app = App(connector=connector)
        for task in self._tasks:
            app.task(name=task, queue=task, pass_context=True, retry=_Retries())(self._done)
        async with app.open_async():
            worker = self._worker = Worker(
                app,
                queues=list(self._tasks),
                wait=not self._options.drain,
                fetch_job_polling_interval=_POLL,
                delete_jobs="successful",
                install_signal_handlers=False,
                update_heartbeat_interval=min(10.0, self._options.silence / 3),
                stalled_worker_timeout=self._options.silence,
            )
            self._app = app
            if self._is_over.is_set():
                return
            keeper = asyncio.create_task(self._keep(app, worker))
            running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]  # as above
            try:
                await asyncio.wait({running, keeper}, return_when=asyncio.FIRST_COMPLETED)
                if not running.done():
                    # Its own heartbeat may wait for a connection for ever.
                    worker.stop()  # type: ignore[no-untyped-call]  # as above
                    await asyncio.wait({running}, timeout=_END)
            finally:
                keeper.cancel()
                running.cancel()
                await asyncio.wait({running, keeper})
            for each in (running, keeper):
                if not each.cancelled() and (error := each.exception()) is not None:
                    raise error

    async def _done(self, context: JobContext, arguments: Mapping[str, Any]) -> None:
        """Let the other thread do a unit, and note the error that it fails with."""
        job = context.job
        assert job.id is not None
        self._at_work.add(job.id)
        try:
            await self._handed_over(job, arguments)
        finally:
            self._at_work.discard(job.id)

    async def _handed_over(self, job: Job, arguments: Mapping[str, Any]) -> None:
        app = self._app
        assert app is not None
        row = await app.connector.execute_query_one_async(
            "SELECT coalesce(max(items), 1) AS items, coalesce(max(setbacks), 0) AS setbacks,"
            " coalesce(max(failures), 0) AS failures FROM photos_unit WHERE job_id = %(job)s",
            job=job.id,
        )
        if self._is_over.is_set():
            raise _Undone(0)
        call = _Call(job.task_name, arguments, row["items"], row["setbacks"], row["failures"], Future())
        self._desk.put(call)
        try:
            await asyncio.wrap_future(call.result)
        except HandedBack as back:
            raise await self._leave(job, back) from None
        except Exception as error:
            is_passing = isinstance(error, PASSING)
            with suppress(ConnectorException):
                await app.connector.execute_query_async(
                    "UPDATE photos_unit SET reason = %(reason)s, failed_at = clock_timestamp(),"
                    " setbacks = setbacks + %(setback)s, failures = failures + %(failure)s WHERE job_id = %(job)s",
                    reason=sentence(error).replace("\0", "\ufffd"),
                    setback=int(is_passing),
                    failure=int(not is_passing),
                    job=job.id,
                )
            after = call.seconds_to_retry(error)
            if after is None:
                raise
            raise _Undone(after) from error
        self._look_every(_POLL)

    def _look_every(self, seconds: float) -> None:
        """Look for units after so many seconds while there are none."""
        if self._worker is not None:
            self._worker.fetch_job_polling_interval = seconds

    async def _leave(self, job: Job, back: HandedBack) -> _Undone:
        """Leave a unit to others. What this worker has not seen comes before what it left."""
        assert job.id is not None
        if not back.after:
            return _Undone(0)
        if job.id in self._left:
            # Not when it is due: the others come first.
            self._look_every(max(_POLL, 2 * back.after))
            await asyncio.sleep(back.after * _HELD)
        elif len(self._left) >= _REMEMBERED:
            self._left.clear()
        self._left.add(job.id)
        return _Undone(back.after, job.priority - 1)

    async def _keep(self, app: App, worker: Worker) -> None:
        """Say that and how fast this worker works, and take over units of workers that went silent.

        Returns when the server has not answered for as long as makes other workers take this one's unit.
        """
        heard = time.monotonic()
        while time.monotonic() - heard < self._options.silence:
            with suppress(ConnectorException, TimeoutError):
                await asyncio.wait_for(self._keep_once(app, worker), _CONNECT + _END)
                heard = time.monotonic()
            await asyncio.sleep(min(_POLL, self._options.silence / 3))

    async def _keep_once(self, app: App, worker: Worker) -> None:
        own = worker.worker_id
        await self._take_stalled(app)
        if own is None:
            return
        if self._introduced != own:
            await self._introduce(app, own)
            self._introduced = own
        await app.job_manager.update_heartbeat(own)
        await app.connector.execute_query_async(
            "UPDATE photos_worker SET rates = %(rates)s::jsonb WHERE worker_id = %(worker)s",
            rates=Jsonb(self._desk.rates()),
            worker=own,
        )
        # A unit that is done, and could not be noted as done because the server was away just then.
        rows = await app.connector.execute_query_all_async(
            "SELECT id FROM procrastinate_jobs WHERE worker_id = %(worker)s AND status = 'doing'", worker=own
        )
        forgotten = {int(row["id"]) for row in rows} - self._at_work
        for job_id in forgotten & self._forgotten:
            await app.job_manager.retry_job_by_id_async(job_id, retry_at=datetime.now(UTC))
        self._forgotten = forgotten

    async def _introduce(self, app: App, worker_id: int) -> None:
        await app.connector.execute_query_async(
            "INSERT INTO photos_worker (worker_id, host, process, device, tasks)"
            " VALUES (%(worker)s, %(host)s, %(process)s, %(device)s, %(tasks)s) ON CONFLICT DO NOTHING",
            worker=worker_id,
            host=socket.gethostname(),
            process=os.getpid(),
            device=self._options.device,
            tasks=list(self._tasks),
        )

    async def _take_stalled(self, app: App) -> None:
        """Let units be taken again whose worker is silent."""
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self._options.silence):
            # Another worker may have done it a moment ago.
            with suppress(ConnectorException):
                await app.job_manager.retry_job(job)
