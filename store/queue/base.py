"""The interface of a queue of work, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from store.catalog.catalog import Transaction

#: What JSON holds. Texts have no NUL and no lone surrogate.
Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
#: Seconds without a sign of life after which a worker's unit is taken by others.
SILENCE: Final = 30.0
#: Does the work of one unit, by its arguments. It may run twice for one unit, also at the same time.
Handler = Callable[[Mapping[str, "Json"]], None]


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work: the name of its task, its arguments, and the number of items, such as photos, in it."""

    task: str
    arguments: Mapping[str, Json]
    items: int = 1


class UnitState(Enum):
    """State of a unit that is not done."""

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"


class HandedBack(Exception):
    """A unit is left to another worker, or to a later time: not before so many seconds."""

    def __init__(self, after: float = 0) -> None:
        super().__init__(after)
        self.after = after


class Unfit(Exception):
    """This worker cannot do such work at all: its unit is handed back, and the worker ends with *error*."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class TaskState:
    """The units of one task that are not done, and their items. `rate` is that of its workers, in items a second."""

    task: str
    waiting: int = 0
    running: int = 0
    failed: int = 0
    #: Items of units that wait or run.
    items: int = 0
    rate: float = 0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until its items are done; None if no worker has done any yet."""
        return self.items / self.rate if self.rate else None


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker: its machine, process and device, the tasks that it takes, and the task that it is at, if any."""

    host: str
    process: int
    device: str
    tasks: tuple[str, ...]
    #: Time of its start, UTC without a zone.
    since: datetime
    #: Seconds since it last said that it lives.
    silent: float
    doing: str | None
    #: Whether it has been silent for so long that others take its unit.
    is_lost: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """A unit that went wrong, and the sentence of its last error. It is tried again unless it is `given_up`."""

    task: str
    items: int
    reason: str
    attempts: int
    given_up: bool


@dataclass(frozen=True, slots=True)
class QueueState:
    """State of a queue; an empty one if there is none yet."""

    tasks: tuple[TaskState, ...] = ()
    workers: tuple[WorkerState, ...] = ()
    #: The newest ones.
    troubles: tuple[Trouble, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class UnitBegun:
    """Event: a unit of that task was taken, with so many items."""

    task: str
    items: int


@dataclass(frozen=True, slots=True)
class UnitEnded:
    """Event: that unit is done, or not: `problem` is the sentence of its error, `given_up` if it is not tried again."""

    task: str
    items: int
    seconds: float
    problem: str | None = None
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class UnitReturned:
    """Event: that unit was handed back."""

    task: str
    items: int


@dataclass(frozen=True, slots=True)
class ServerLost:
    """Event: the server does not answer; it is tried again until it does."""

    reason: str


QueueEvent = UnitBegun | UnitEnded | UnitReturned | ServerLost


class WorkQueue(Protocol):
    """A queue of units in a catalog's database. All is part of the caller's transaction."""

    def defer(self, t: Transaction, units: Sequence[Unit]) -> list[int]:
        """Let workers do *units* once *t* is committed. Returns their ids.

        Units of the same tasks that failed before are forgotten: who defers finds out anew what is to be done.
        """
        ...

    def states(self, t: Transaction, ids: Sequence[int]) -> dict[int, UnitState]:
        """Return the states of those of these units that are not done."""
        ...

    def waiting(self, t: Transaction, task: str) -> Iterator[tuple[int, Mapping[str, Json]]]:
        """Yield the id and the arguments of each unit of *task* that waits or runs."""
        ...

    def state(self, t: Transaction) -> QueueState:
        """Describe the queue and its workers."""
        ...
