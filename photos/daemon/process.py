"""Starts and ends the process that keeps a library up to date in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from photos.daemon.lock import Keeper, is_running, keeper_of
from photos.errors import AlreadyWatched, DaemonFailed, EmptyLibrary, NotWatched
from photos.library import OpenLibrary

#: Seconds in which it holds the library, and in which it has ended.
_START, _END = 30.0, 15.0
_MOST_LOG = 10_000_000


def command(library: Path, nice: int = 0) -> list[str]:
    """The command line of the process."""
    return [sys.executable, "-P", "-m", "photos", "--library", str(library), "watch", "--nice", str(nice)]


def start(app: OpenLibrary, nice: int) -> Keeper:
    """Start it and wait until it watches. Raises `AlreadyWatched`, `EmptyLibrary` or `DaemonFailed`."""
    library = app.settings.library
    if (running := keeper_of(library)) is not None:
        raise AlreadyWatched(library, running.pid)
    if app.is_new:
        raise EmptyLibrary(library)
    log = log_of(library)
    if log.exists() and log.stat().st_size > _MOST_LOG:
        log.replace(log.with_suffix(".log.old"))
    with log.open("ab") as written:
        process = subprocess.Popen(  # noqa: S603 - this program itself, and no shell
            command(library, nice),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
            # Where it was started may be a disk that is to be unmounted.
            cwd=library,
        )
    until = time.monotonic() + _START
    while time.monotonic() < until:
        keeper = keeper_of(library)
        if keeper is not None:
            if keeper.pid != process.pid:
                raise AlreadyWatched(library, keeper.pid)
            return keeper
        if process.poll() is not None:
            raise DaemonFailed(f"It ended at once: {_last_line(log)}", log)
        time.sleep(0.1)
    raise DaemonFailed("It does not say that it watches", log)


def stop(app: OpenLibrary) -> int:
    """End it, and say which process it was. Raises `NotWatched` or `DaemonFailed`."""
    library = app.settings.library
    keeper = keeper_of(library)
    if keeper is None:
        raise NotWatched(library)
    os.kill(keeper.pid, signal.SIGTERM)
    until = time.monotonic() + _END
    while time.monotonic() < until:
        if keeper_of(library) is None and not _lives(keeper.pid):
            return keeper.pid
        time.sleep(0.1)
    raise DaemonFailed(f"Process {keeper.pid} was asked to end and has not", log_of(library))


def log_of(library: Path) -> Path:
    """Where it writes what it has to say."""
    return library / "watch.log"


def _lives(pid: int) -> bool:
    try:
        # Of a process that we started ourselves, a trace stays until we ask for it.
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return is_running(pid)


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else "it said nothing"
