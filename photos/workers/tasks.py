"""The tasks that workers do, by their names in the queue.

To add one, write a function of an open library and the arguments of a unit, and name it in `TASKS`. An operation defers
units of it in the transaction that makes them due, `queue.defer(t, [Unit("name", {…}, items=n)])`, with the queue of
`store.queue.queue_of(library.catalog)`. Such a function must stand being run twice for one unit, also at the same time:
a worker that was silent for a while may still be alive. It raises

- nothing, if the unit is done or no longer needed;
- `HandedBack(seconds)`, if another worker or a later time may do better: files are not here, say;
- `Unfit(error)`, if this worker can do no such unit: the worker ends with that error;
- any other error, after which the unit is tried again: for ever if the server or a disk failed, else three times.

A signal raises `KeyboardInterrupt` in it; the unit is then handed back. Files are opened at
`PathMap(library.settings.map).local(path)`. The library keeps its encoders and readers from unit to unit.
"""

from __future__ import annotations

from collections.abc import Mapping

from photos.errors import UnknownTask
from photos.operations.describing.describe_unit import describe_unit
from photos.operations.describing.shared_describing import DESCRIBE
from photos.operations.indexing.encode_unit import encode_unit
from photos.operations.indexing.file_units import ENCODE
from photos.operations.tagging.retag_unit import do_retag_unit
from photos.operations.tagging.shared_retag import RETAG
from photos.operations.tagging.shared_sidecars import sidecars_unit
from photos.operations.unit_worker import Task
from photos.sidecars.journal import SIDECARS

TASKS: Mapping[str, Task] = {
    ENCODE: encode_unit,
    RETAG: do_retag_unit,
    DESCRIBE: describe_unit,
    SIDECARS: sidecars_unit,
}


def checked_tasks(named: str | None) -> tuple[str, ...]:
    """The tasks *named*, which are separated by commas; all of them if it is None. Raises `UnknownTask`."""
    if named is None:
        return tuple(TASKS)
    names = tuple(dict.fromkeys(name.strip() for name in named.split(",") if name.strip()))
    for name in names:
        if name not in TASKS:
            raise UnknownTask(name, tuple(TASKS))
    return names or tuple(TASKS)
