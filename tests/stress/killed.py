"""Run the program with simple encoders, and kill it in the middle of its work: `NUMBER REPORT ARGUMENTS…`.

It is killed with SIGKILL before the step of that number; 0 is none. A step begins or ends a transaction that writes,
changes rows of the catalog, or renames or removes a file. The number of steps is written to the file REPORT at the end.
`model forget` deletes a few rows at a time, as a large library does.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Engine, event

from photos.__main__ import main
from photos.cli import Invocation
from photos.config import load
from photos.library import OpenLibrary
from photos.operations.models.spaces import forget_model
from tests.photos.encoders import ColourEncoders

#: Photos of each part that is deleted.
_ROWS = 20
_WRITES = ("BEGIN IMMEDIATE", "INSERT", "UPDATE", "DELETE", "COMMIT", "CREATE", "DROP", "ALTER")
_FILE_EVENTS = {"os.rename", "os.remove"}


class Steps:
    """Counts steps, and kills the process before one of them."""

    def __init__(self, last: int) -> None:
        self.count = 0
        self._last = last

    def step(self) -> None:
        """Count a step that is about to begin."""
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Count the statements of all connections, and the files, from now on."""
        event.listen(Engine, "connect", lambda connection, _: connection.set_trace_callback(self._statement))
        sys.addaudithook(lambda name, _: self.step() if name in _FILE_EVENTS else None)

    def _statement(self, statement: str) -> None:
        if statement.startswith(_WRITES):
            self.step()


def _run(arguments: list[str]) -> int:
    encoders = ColourEncoders()
    match arguments:
        case ["--library", folder, "model", "forget", name]:
            with OpenLibrary(load({"library": Path(folder)}, os.environ), encoders) as library:
                forget_model(library, name, rows=_ROWS)
            return 0
        case _:
            return main(arguments, Invocation(encoders=encoders))


if __name__ == "__main__":
    steps = Steps(int(sys.argv[1]))
    steps.watch()
    status = _run(sys.argv[3:])
    Path(sys.argv[2]).write_text(str(steps.count))
    sys.exit(status)
