"""Which process keeps a library up to date: one at a time, and what it says of itself."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from photos.errors import AlreadyWatched

#: Seconds in which a process that holds the lock has said who it is.
_INTRODUCTION = 2.0


@dataclass(frozen=True, slots=True)
class Keeper:
    """The process that keeps a library up to date. Times are seconds since 1970."""

    pid: int
    started_at: float
    #: "looking", "waiting", or "waiting for" something that is to pass.
    state: str
    since: float
    #: When everything was last looked through; None before the first time.
    looked_at: float | None = None
    #: Folders that are looked through now and then, each with the reason.
    polled: tuple[tuple[str, str], ...] = ()
    #: What keeps it from its work, if something does.
    trouble: str | None = None
    #: Whether it answers searches.
    answers: bool = False


@contextmanager
def held(library: Path) -> Iterator[None]:
    """Be the one process that keeps *library* up to date. Raises `AlreadyWatched` if another is."""
    library.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + _INTRODUCTION
    while True:
        try:
            lock = FileLock(_lock(library)).acquire(blocking=False)
            break
        except Timeout:
            # Whoever asks whether the library is kept holds it for an instant, and says nothing of itself.
            keeper = _read(library)
            # What a killed process said of itself may still be there.
            is_known = keeper is not None and is_running(keeper.pid)
            if is_known or time.monotonic() >= until:
                raise AlreadyWatched(library, keeper.pid if keeper is not None and is_known else None) from None
            time.sleep(0.05)
    with lock:
        _note(library).unlink(missing_ok=True)
        try:
            yield
        finally:
            _note(library).unlink(missing_ok=True)


def introduce(library: Path, keeper: Keeper) -> None:
    """Say how it stands. Only the process that holds the library may."""
    beside = library / f".{_note(library).name}.{secrets.token_hex(4)}"
    try:
        beside.write_text(json.dumps(asdict(keeper)), "utf-8")
        beside.replace(_note(library))
    finally:
        beside.unlink(missing_ok=True)


def keeper_of(library: Path) -> Keeper | None:
    """The process that keeps *library* up to date, or None."""
    if not _lock(library).exists():
        return None
    try:
        with FileLock(_lock(library)).acquire(blocking=False):
            return None
    except Timeout:
        keeper = _read(library)
        return keeper if keeper is not None and is_running(keeper.pid) else None


def _read(library: Path) -> Keeper | None:
    try:
        content = json.loads(_note(library).read_text("utf-8"))
        return Keeper(**{**content, "polled": tuple((path, why) for path, why in content["polled"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _lock(library: Path) -> Path:
    return library / "watch.lock"


def _note(library: Path) -> Path:
    return library / "watch.json"


def is_running(pid: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
