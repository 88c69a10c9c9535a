"""Start and stop of the daemon: the background process that keeps a library up to date."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from photos.config import LOG_FILE
from photos.daemon.log import owner_only
from photos.errors import AlreadyWatched, DaemonFailed, NotWatched
from photos.library import OpenLibrary
from photos.lock import DaemonInfo, is_running, running_daemon

#: Seconds in which it takes the library's lock, and in which it ends.
_START, _END = 30.0, 15.0
#: Time and level at the start of a log line.
_LOG_PREFIX = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ ")


def command(library: Path, catalog: str | None = None, nice: int = 0, log_level: str | None = None) -> list[str]:
    """The command line of the daemon, which logs to a file in the library. *catalog* is an address without a password.

    If it is None, the daemon takes that of its own settings; if it is empty, the one in the library.
    """
    words = [sys.executable, "-P", "-m", "photos", "--library", str(library)]
    words += [] if catalog is None else ["--catalog", catalog]
    words += ["watch", "--nice", str(nice)]
    words += [] if log_level is None else ["--log-level", log_level]
    return [*words, "--log-file", str(library / LOG_FILE)]


def start(library: OpenLibrary, nice: int, log_level: str | None = None) -> DaemonInfo:
    """Start the daemon and wait until it watches. Raises `AlreadyWatched`, `EmptyLibrary` or `DaemonFailed`."""
    folder, log, address = library.settings.library, library.settings.log_path, library.settings.catalog
    if (running := running_daemon(folder)) is not None:
        raise AlreadyWatched(folder, running.pid)
    if library.is_new:
        raise library.empty_error()
    log_size = log.stat().st_size if log.exists() else 0
    # The process logs to this file itself. Only what it writes past its log, such as a failed import, comes this way.
    with open(log, "ab", opener=owner_only) as stream:
        process = subprocess.Popen(  # noqa: S603 - this program itself, and no shell
            command(folder, None if address else "", nice, log_level),
            # Its command line is for all to see, and the address may hold a password.
            env=os.environ | ({"PHOTOS_CATALOG": address} if address else {}),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            # The working directory may be on a disk that is to be unmounted.
            cwd=folder,
        )
    until = time.monotonic() + _START
    while time.monotonic() < until:
        info = running_daemon(folder)
        if info is not None:
            if info.pid != process.pid:
                raise AlreadyWatched(folder, info.pid)
            return info
        if process.poll() is not None:
            raise DaemonFailed(f"The daemon ended at once: {_last_line(log, log_size)}", log)
        time.sleep(0.1)
    raise DaemonFailed("The daemon did not start to watch", log)


def stop(library: OpenLibrary) -> int:
    """Stop the daemon and wait until it has ended. Returns its process number.

    Raises `NotWatched` or `DaemonFailed`.
    """
    folder = library.settings.library
    info = running_daemon(folder)
    if info is None:
        raise NotWatched(folder)
    os.kill(info.pid, signal.SIGTERM)
    until = time.monotonic() + _END
    while time.monotonic() < until:
        if running_daemon(folder) is None and not _lives(info.pid):
            return info.pid
        time.sleep(0.1)
    raise DaemonFailed(f"Process {info.pid} did not end", library.settings.log_path)


def _lives(pid: int) -> bool:
    try:
        # A child of this process stays in the process table until it is waited for.
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return is_running(pid)


def _last_line(log: Path, start: int) -> str:
    """The last line of the log after its first *start* bytes, without time, level and full stop."""
    content = log.read_bytes()
    new = content[start:] if len(content) >= start else content
    lines = new.decode("utf-8", "replace").strip().splitlines()
    return _LOG_PREFIX.sub("", lines[-1]).rstrip(".") if lines else "it logged nothing"
