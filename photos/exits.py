"""Exit statuses: every error as one sentence and the status that the program ends with.

| status | means |
|---|---|
| 0 | done |
| 1 | nothing found, or a problem named on one line |
| 2 | wrong usage, or a wrong setting |
| 129, 130, 143 | hung up, interrupted (Ctrl-C), or terminated: 128 and the signal's number |
| 141 | the reader of our output went away |
"""

from __future__ import annotations

import errno
import os
from typing import Final

from photos.errors import PhotosError, safe

PROBLEM: Final = 1
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
_NO_MEMORY: Final = "There is not enough memory; close other programs, or set a smaller batch_size."
_NO_FILES: Final = (
    "The system lets this program open no more files; close other programs, or raise the limit with `ulimit -n`."
)


class ClosedPipe(Exception):
    """The reader of our output has gone away. Click would report Python's own exception as an error."""


class Stopped(KeyboardInterrupt):
    """A signal other than Ctrl-C ended the program. It unwinds in the same way."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def status_of(stop: KeyboardInterrupt) -> int:
    """The exit status after a signal."""
    return 128 + stop.number if isinstance(stop, Stopped) else INTERRUPTED


def sentence_and_status(error: Exception) -> tuple[str, int]:
    """One sentence for a person, and the exit status."""
    if isinstance(error, PhotosError):
        return str(error), error.status
    if isinstance(error, MemoryError):
        return _NO_MEMORY, PROBLEM
    if isinstance(error, OSError) and error.errno is not None:
        return _explain_system(error), PROBLEM
    if _is_out_of_files(error):
        return _NO_FILES, PROBLEM
    if isinstance(error, ImportError):
        return (
            f"A part of the program cannot be loaded ({_first_line(error)}); install it again.",
            PROBLEM,
        )
    kind = type(error).__name__
    return f"Internal error: {kind}: {_first_line(error)} (run again with `photos --debug …` to see where).", PROBLEM


def _is_out_of_files(error: BaseException | None) -> bool:
    """Return whether *error* came of too many open files. Libraries that load code say so in words alone."""
    seen: set[int] = set()
    # A chain of errors may come back to its start.
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            return True
        if os.strerror(errno.EMFILE) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _explain_system(error: OSError) -> str:
    about = f"{safe(os.fsdecode(error.filename))}: " if isinstance(error.filename, str | bytes) else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"{about}The disk is full; make room and run the command again, nothing that was finished is lost."
        case errno.EMFILE | errno.ENFILE:
            return f"{about}{_NO_FILES}"
        case errno.ENOMEM:
            return f"{about}{_NO_MEMORY}"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{about}Permission denied; check who may read and write there."
        case _:
            return f"{about}{os.strerror(error.errno or 0)}."


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return safe(lines[0][:200]) if lines else "no message"
