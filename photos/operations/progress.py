"""Progress and cancellation of an operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol


class Stage(StrEnum):
    """Stages of the long operations."""

    DOWNLOAD = "download"
    ENCODE_LABELS = "encode labels"
    ENCODE_CAPTIONS = "encode captions"
    TAG = "tag"
    COMPARE = "compare embeddings"
    HASH = "hash pictures"
    WRITE_SIDECARS = "write sidecars"
    MOVE = "move files"
    DRAW = "draw pictures"
    DESCRIBE = "describe pictures"
    COPY_ROWS = "copy rows"
    COMPARE_ROWS = "compare rows"
    BUILD_INDEX = "build the index"


@dataclass(frozen=True, slots=True)
class Step:
    """Progress within one stage: `done` of `total` units; `total` is None while it is unknown."""

    stage: Stage
    done: int
    total: int | None


class Wait(StrEnum):
    """Work of an operation that has no steps to count."""

    MODEL = "load the model"
    SCAN = "scan the folders"
    TAGS = "bring tags and index up to date"
    DESCRIBER = "open the describer"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Event: nothing can be counted for a while. The next event ends it."""

    wait: Wait


#: Events of operations. A face shows the ones it knows and ignores the others. Operations that read folders pass on the
#: indexer's events: `FolderScanned`, `FolderOffline`, `ReadingBegins` and `FileDone`.
Event = object


class Cancelled(Exception):
    """Raised by a receiver's `report` to end the operation there. Committed work stays."""


class Progress(Protocol):
    """Receiver of an operation's events."""

    def report(self, event: Event, /) -> None:
        """Take one event. May raise `Cancelled` to end the operation there; what was committed stays."""
        ...


class Silent:
    """A receiver that ignores every event."""

    def report(self, event: Event, /) -> None:
        """Do nothing."""


SILENT: Final[Progress] = Silent()


def steps(progress: Progress, stage: Stage) -> Callable[[int, int], None]:
    """A function that reports how many of how many units of *stage* are done to *progress*."""

    def report(done: int, total: int) -> None:
        progress.report(Step(stage, done, total))

    return report
