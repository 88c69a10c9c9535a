"""Lock of a library: one process at a time keeps it up to date, and publishes its state in a file."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from photos.errors import AlreadyWatched, PhotosError
from photos.model_errors import DescribersBusy, TrialBusy
from store.catalog.keeper_lock import KeeperLock
from store.catalog.server_lock import server_lock
from store.errors import CatalogMoved
from store.json_text import parse_json
from store.open_file import read_file
from store.private_files import CATALOG_FILE, as_catalog, file_mode, make_folder

if TYPE_CHECKING:
    from store import Catalog

#: Seconds in which a process that holds the lock has published its state.
_PUBLISH_SECONDS = 2.0
#: Seconds in which a process that embeds photos in a second space, or describes them, ends its part.
PART_SECONDS = 30.0
#: Bytes of the file with the state.
_LARGEST = 1 << 24


@dataclass(frozen=True, slots=True)
class DaemonInfo:
    """State of the process that keeps a library up to date. Times are seconds since 1970."""

    pid: int
    started_at: float
    #: "indexing", "trying a model", "describing photos", "waiting", or "waiting for" a condition.
    state: str
    #: Start of this state.
    since: float
    #: End of the last pass over all folders; None before the first one.
    scanned_at: float | None = None
    #: Folders that are scanned at intervals, because the system reports no changes in them, each with the reason.
    polled: tuple[tuple[str, str], ...] = ()
    #: Error because of which it waits, if there is one.
    problem: str | None = None
    #: Whether it answers searches.
    answers: bool = False


@contextmanager
def library_lock(library: Path) -> Iterator[None]:
    """Hold the lock of *library*. Raises `AlreadyWatched` if another process holds it."""
    make_folder(library)
    until = time.monotonic() + _PUBLISH_SECONDS
    while True:
        try:
            lock = FileLock(_lock_path(library), mode=file_mode(library)).acquire(blocking=False)
            break
        except Timeout:
            # `running_daemon` takes the lock for an instant too, and publishes nothing.
            info = _read_info(library)
            # The file of a killed process may still be there.
            is_known = info is not None and is_running(info.pid)
            if is_known or time.monotonic() >= until:
                raise AlreadyWatched(library, info.pid if info is not None and is_known else None) from None
            time.sleep(0.05)
    with lock:
        _info_path(library).unlink(missing_ok=True)
        try:
            yield
        finally:
            _info_path(library).unlink(missing_ok=True)


@contextmanager
def catalog_lock(catalog: Catalog) -> Iterator[Callable[[], None]]:
    """Hold the lock of a catalog on a server, so that one machine scans its folders; nothing for one in a file.

    Gives a function that makes sure of it, which is to be called from time to time: the lock is lost with its
    connection. Both raise `AlreadyWatched` if another process holds it, and `CatalogUnreachable`.
    """
    if not isinstance(catalog.path, str):
        yield lambda: None
        return
    with KeeperLock(catalog) as lock:

        def hold() -> None:
            if (other := lock.take()) is not None:
                raise AlreadyWatched(catalog.path, other.process, other.host)

        hold()
        yield hold


@contextmanager
def trial_lock(library: Path, patience: float = _PUBLISH_SECONDS, *, catalog: Catalog | None = None) -> Iterator[None]:
    """Hold the lock of the process that embeds photos of *library* in a second space; see `named_lock`.

    Raises `TrialBusy` if another process holds it for *patience* seconds, and `CatalogMoved` if the library is gone.
    """
    with named_lock(library, "trial.lock", TrialBusy(), patience, catalog=catalog):
        yield


@contextmanager
def describe_lock(library: Path, patience: float = PART_SECONDS, *, catalog: Catalog | None = None) -> Iterator[None]:
    """Hold the lock of the process that describes photos of *library*; see `named_lock`.

    Raises `DescribersBusy` if another process holds it for *patience* seconds, and `CatalogMoved` if the library is
    gone.
    """
    with named_lock(library, "describe.lock", DescribersBusy(), patience, catalog=catalog):
        yield


@contextmanager
def named_lock(
    library: Path, name: str, busy: PhotosError, patience: float = 0, *, catalog: Catalog | None = None
) -> Iterator[None]:
    """Hold the lock of that file name in *library*, which exists; on all machines if its *catalog* is on a server.

    Raises *busy* if another process holds it for *patience* seconds, and `CatalogMoved` if the library is gone: the
    lock would make its folder again.
    """
    if not library.is_dir():
        raise CatalogMoved(library / CATALOG_FILE)
    try:
        lock = FileLock(library / name, mode=file_mode(library)).acquire(timeout=patience)
    except Timeout:
        raise busy from None
    with lock:
        if catalog is None or not catalog.is_on_server:
            yield
            return
        with server_lock(catalog, name, patience) as is_held:
            if not is_held:
                raise busy
            yield


def write_info(library: Path, info: DaemonInfo) -> None:
    """Publish *info*. Only the process that holds the lock may call this."""
    partial = library / f".{_info_path(library).name}.{secrets.token_hex(4)}"
    try:
        with open(partial, "w", encoding="utf-8", opener=as_catalog) as file:
            json.dump(asdict(info), file)
        partial.replace(_info_path(library))
    finally:
        partial.unlink(missing_ok=True)


def running_daemon(library: Path) -> DaemonInfo | None:
    """The process that keeps *library* up to date, or None."""
    if not _lock_path(library).exists():
        return None
    try:
        with FileLock(_lock_path(library), mode=file_mode(library)).acquire(blocking=False):
            return None
    except Timeout:
        info = _read_info(library)
        return info if info is not None and is_running(info.pid) else None


def is_running(pid: int) -> bool:
    """Return whether a process of that number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_info(library: Path) -> DaemonInfo | None:
    try:
        content = parse_json(read_file(_info_path(library), _LARGEST))
        if not isinstance(content, dict):
            return None
        return DaemonInfo(**{**content, "polled": tuple((path, reason) for path, reason in content["polled"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _lock_path(library: Path) -> Path:
    return library / "watch.lock"


def _info_path(library: Path) -> Path:
    return library / "watch.json"
