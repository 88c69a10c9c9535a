"""Describing by workers: units of photos in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from indexer.describers import Task
from photos.operations.progress import Progress, Stage, steps
from photos.operations.shared_work import wait_for_units
from store.queue.base import Unit

from .describers import ChosenDescriber

if TYPE_CHECKING:
    from collections.abc import Mapping

    from photos.library import OpenLibrary
    from store.queue.base import Json, WorkQueue

#: The task that describes photos.
DESCRIBE: Final = "describe"
#: Photos in a unit at least and at most, and units of a pass, about. A describer takes seconds for a photo, and some
#: more to be opened for a unit.
_LEAST, _MOST, _UNITS = 8, 64, 32
_NOBODY: Final = "No worker that describes is left; the photos stay in the queue for the next one."
_LEFT: Final = "Workers could not describe some of the photos; `photos status` and their logs tell why."


@dataclass(frozen=True, slots=True)
class DescribingUnit:
    """Photos for a describer of that name, which a worker opens as it was chosen. With `again`, all are described."""

    choice: ChosenDescriber
    name: str
    photo_ids: tuple[int, ...]
    again: bool

    def arguments(self) -> Mapping[str, Json]:
        """The arguments of the unit in the queue."""
        return {
            "describer": self.choice.reference,
            "tasks": [str(task) for task in self.choice.tasks],
            "remote": self.choice.may_be_remote,
            "name": self.name,
            "photos": list(self.photo_ids),
            "again": self.again,
        }

    @classmethod
    def of(cls, arguments: Mapping[str, Json]) -> DescribingUnit:
        """The unit with these arguments, which may be of another version of the program."""
        given = cast("Mapping[str, Any]", arguments)
        tasks = tuple(Task(task) for task in given["tasks"])
        choice = ChosenDescriber(str(given["describer"]), tasks, bool(given["remote"]))
        return cls(choice, str(given["name"]), tuple(map(int, given["photos"])), bool(given["again"]))


def share_describing(
    library: OpenLibrary,
    queue: WorkQueue,
    choice: ChosenDescriber,
    name: str,
    photo_ids: Sequence[int],
    progress: Progress,
    *,
    again: bool,
) -> str | None:
    """Let workers describe photos, and wait until they have. Returns a sentence if they left some, else None."""
    size = max(_LEAST, min(_MOST, len(photo_ids) // _UNITS))
    parts = [tuple(photo_ids[start : start + size]) for start in range(0, len(photo_ids), size)]
    made = [Unit(DESCRIBE, DescribingUnit(choice, name, part, again).arguments(), len(part)) for part in parts]
    with library.catalog.write() as t:
        ids = queue.defer(t, made)
    units = dict(zip(ids, map(len, parts), strict=True))
    if not wait_for_units(library.catalog, queue, DESCRIBE, units, steps(progress, Stage.DESCRIBE)):
        return _NOBODY
    with library.catalog.read() as t:
        is_failed = bool(queue.states(t, ids))
        reasons = [each.reason for each in queue.state(t).troubles if each.task == DESCRIBE]
    return (reasons[0] if reasons else _LEFT) if is_failed else None
