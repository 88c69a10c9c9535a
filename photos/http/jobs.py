"""Jobs: long work that clients start, in threads of its own: one job at a time, and beside it one that describes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal

from indexer import FileDone, ReadingBegins
from photos.exits import sentence_and_status
from photos.operations.progress import Cancelled, Event, Progress, Step, Waiting

from .answers.problems import Problem

if TYPE_CHECKING:
    from photos.records.http import JobRecord

State = Literal["waiting", "running", "done", "failed", "stopped"]
#: Work of a job. Returns a sentence about what it did, `EndedEarly`, or anything else. Raises as operations do, and
#: `Cancelled` where its progress does.
Work = Callable[[Progress], object]

#: Jobs that wait at once, and jobs that are remembered.
_WAITING, _REMEMBERED = 20, 100
_ENDED: Final = frozenset({"done", "failed", "stopped"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job, as it stands."""

    number: int
    kind: str
    state: State = "waiting"
    stage: str | None = None
    done: int = 0
    total: int | None = None
    problem: str | None = None
    note: str | None = None
    started_at: float | None = None
    ended_at: float | None = None

    def record(self) -> JobRecord:
        """Return the job as a record."""
        return {
            "job": self.number,
            "kind": self.kind,
            "state": self.state,
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "problem": self.problem,
            "note": self.note,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
        }


@dataclass(frozen=True, slots=True)
class EndedEarly:
    """The end of work that failed on the way: a sentence about what it did, which stays, and one about the reason."""

    note: str
    problem: str


class Lane(Enum):
    """Jobs of one lane follow each other; those of two lanes run beside each other."""

    USUAL = auto()
    #: Of work that waits for another program for hours and keeps nothing else from being done.
    DESCRIBING = auto()


class Jobs:
    """The jobs of a server. Threads may share it.

    `version` grows with every change of a job.
    """

    def __init__(self) -> None:
        self.version = 0
        self._lock = threading.Lock()
        self._jobs: OrderedDict[int, Job] = OrderedDict()
        self._waiting: dict[Lane, deque[tuple[int, Work]]] = {lane: deque() for lane in Lane}
        self._stopping: set[int] = set()
        #: Lanes whose thread runs.
        self._working: set[Lane] = set()
        self._next = 1

    def start(self, kind: str, work: Work, lane: Lane = Lane.USUAL) -> Job:
        """Let *work* be done after the jobs before it in its lane. Raises `Problem` if there are too many."""
        with self._lock:
            if sum(map(len, self._waiting.values())) >= _WAITING:
                raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_jobs", "Too many jobs wait; try again later.")
            job = Job(self._next, kind)
            self._next += 1
            self._put(job)
            self._waiting[lane].append((job.number, work))
            if lane not in self._working:
                self._working.add(lane)
                threading.Thread(target=self._work, args=(lane,), name="jobs", daemon=True).start()
        return job

    def all(self) -> list[Job]:
        """Return the jobs, newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def get(self, number: int) -> Job | None:
        """Return the job of that number."""
        with self._lock:
            return self._jobs.get(number)

    def stop(self, number: int) -> Job | None:
        """Stop a job, at once if it waits and otherwise at its next step. Finished work stays."""
        with self._lock:
            job = self._jobs.get(number)
            if job is None or job.state in _ENDED:
                return job
            self._stopping.add(number)
            if job.state == "waiting":
                for lane, waiting in self._waiting.items():
                    self._waiting[lane] = deque(each for each in waiting if each[0] != number)
                job = self._put(replace(job, state="stopped", ended_at=time.time()))
            return job

    def stop_all(self) -> None:
        """Stop all jobs, and wait for none."""
        for job in self.all():
            self.stop(job.number)

    def report(self, number: int, event: Event) -> None:
        """Note an event of the running job. Raises `Cancelled` if it is to stop."""
        with self._lock:
            if number in self._stopping:
                raise Cancelled
            job = self._jobs[number]
            match event:
                case Step(stage, done, total):
                    self._put(replace(job, stage=str(stage), done=done, total=total))
                case Waiting(wait):
                    self._put(replace(job, stage=str(wait), done=0, total=None))
                case ReadingBegins(files):
                    self._put(replace(job, stage="read files", done=0, total=files))
                case FileDone():
                    self._put(replace(job, done=job.done + 1))

    def _put(self, job: Job) -> Job:
        self._jobs[job.number] = job
        while len(self._jobs) > _REMEMBERED:
            self._jobs.popitem(last=False)
        self.version += 1
        return job

    def _work(self, lane: Lane) -> None:
        while True:
            with self._lock:
                if not self._waiting[lane]:
                    self._working.discard(lane)
                    return
                number, work = self._waiting[lane].popleft()
                self._put(replace(self._jobs[number], state="running", started_at=time.time()))
            problem, note, state = self._done(number, work)
            with self._lock:
                self._put(replace(self._jobs[number], state=state, problem=problem, note=note, ended_at=time.time()))
                self._stopping.discard(number)

    def _done(self, number: int, work: Work) -> tuple[str | None, str | None, State]:
        try:
            result = work(_JobProgress(self, number))
        except Cancelled:
            return None, None, "stopped"
        except Exception as error:  # noqa: BLE001 - whatever it is, the next job begins
            return sentence_and_status(error)[0], None, "failed"
        if isinstance(result, EndedEarly):
            return result.problem, result.note, "failed"
        return None, result if isinstance(result, str) else None, "done"


class _JobProgress:
    """Passes the events of one job on."""

    def __init__(self, jobs: Jobs, number: int) -> None:
        self._jobs = jobs
        self._number = number

    def report(self, event: Event) -> None:
        """Take one event. Raises `Cancelled`."""
        self._jobs.report(self._number, event)
