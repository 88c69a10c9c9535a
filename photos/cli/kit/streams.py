"""The standard streams: there even if they were closed, and free of what C libraries write."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


def ensure_streams() -> None:
    """Put something in place of streams that were closed (`2>&-`), so that nothing need ask."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the life of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as above


def hush_logs() -> None:
    """Keep what libraries log from standard error, where it goes unless somebody takes it."""
    import logging

    logging.getLogger().addHandler(logging.NullHandler())


@contextmanager
def native_noise_hushed() -> Iterator[None]:
    """Keeps standard error for us: decoders such as libtiff write hundreds of lines on a damaged file, past Python."""
    stderr = sys.stderr
    try:
        ours = os.dup(_STDERR)
    except OSError:
        yield
        return
    with open(os.devnull, "wb") as nothing:
        stderr.flush()
        os.dup2(nothing.fileno(), _STDERR)
    try:
        with open(ours, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False) as own:
            if stderr is sys.__stderr__:
                sys.stderr = own
            yield
    finally:
        sys.stderr = stderr
        os.dup2(ours, _STDERR)
        os.close(ours)
