"""Filesystem events of watched folders. An event only marks a path as dirty; it does not say what happened."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from watchdog import events
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from indexer.files.scan import WHOLE, Subtree, device_and_inode
from store import Folder

from .dirty_paths import DirtyPaths

_logger = logging.getLogger(__name__)

#: The subscribed events. Opening and reading of files is not among them: the indexer itself does that all day.
_EVENTS: list[type[events.FileSystemEvent]] = [
    events.FileCreatedEvent,
    events.FileModifiedEvent,
    events.FileMovedEvent,
    events.FileDeletedEvent,
    events.FileClosedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
]
#: Settings that raise the system's limits.
_LIMITS = {errno.ENOSPC: "max_user_watches=1048576", errno.EMFILE: "max_user_instances=512"}
#: File systems without events for changes by other machines.
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "davfs", "virtiofs"})


@dataclass(frozen=True, slots=True)
class UnwatchableFolder:
    """A folder without filesystem events, and the reason: it must be scanned regularly."""

    folder: Folder
    reason: str


@dataclass(frozen=True, slots=True)
class _WatchedFolder:
    """A folder that is watched, or the reason why it is not."""

    folder: Folder
    identity: tuple[int, int] | None
    watch: ObservedWatch | None
    reason: str | None
    #: The reason is the system's limit, which may be raised at any time.
    is_limited: bool = False

    def is_same(self, folder: Folder, identity: tuple[int, int] | None) -> bool:
        """Return whether *folder* is unchanged since it was first watched."""
        known = (self.folder.path, self.folder.excludes, self.identity)
        return known == (folder.path, folder.excludes, identity)


class FolderWatcher:
    """Watches folders and adds their changes to *dirty*. `close` ends it.

    *refusal* gives the reason why the system watches no further folder, or None.
    """

    def __init__(self, dirty: DirtyPaths, refusal: Callable[[BaseObserver], str | None] | None = None) -> None:
        self._dirty = dirty
        self._refusal = refusal or refusal_of
        self._observer: BaseObserver | None = None
        self._watched: dict[int, _WatchedFolder] = {}
        self._watchdog_log = _WatchdogLog(self._add_everything)
        self._watchdog_log.install()

    def watch(self, folders: Iterable[Folder]) -> list[UnwatchableFolder]:
        """Watch *folders*, and no others. Returns those that have become unwatchable, each once.

        A folder is dirty if it is new here, has changed or come back, or if its watcher died.
        """
        wanted = {folder.id: folder for folder in folders}
        for folder_id in set(self._watched) - set(wanted):
            self._drop(folder_id)
        if self._observer is not None and not self._observer.is_alive():
            self._restart()
        if self._is_limited() and self._refused() is None:
            # There is room again, also for refused folders below them.
            self._drop_limited()
        unwatchable = []
        for folder in wanted.values():
            identity = device_and_inode(folder.path)
            before = self._watched.get(folder.id)
            if before is not None and before.is_same(folder, identity) and self._is_alive(before.watch):
                continue
            if before is not None:
                self._drop(folder.id)
            watch, reason, is_limited = self._schedule(folder)
            self._watched[folder.id] = _WatchedFolder(folder, identity, watch, reason, is_limited)
            if reason is not None and (before is None or before.reason != reason):
                unwatchable.append(UnwatchableFolder(folder, reason))
            self._dirty.add(folder.id)
        return unwatchable + self._check_limit()

    def unwatchable(self) -> list[UnwatchableFolder]:
        """The folders that cannot be watched."""
        return [UnwatchableFolder(each.folder, each.reason) for each in self._watched.values() if each.reason]

    def close(self) -> None:
        """Stop watching."""
        self._watchdog_log.uninstall()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(5)

    def _schedule(self, folder: Folder) -> tuple[ObservedWatch | None, str | None, bool]:
        kind = network_disk(folder.path)
        if kind is not None:
            return None, f"it is on a network disk ({kind}), which does not report changes", False
        if self._observer is None:
            self._observer = Observer()
            self._observer.start()
        try:
            handler = _Handler(folder, self._dirty)
            path = os.fsdecode(folder.path)
            return self._observer.schedule(handler, path, recursive=True, event_filter=_EVENTS), None, False
        except OSError as error:
            return None, _reason(error), error.errno in _LIMITS

    def _check_limit(self) -> list[UnwatchableFolder]:
        """Mark all folders as limited if the system refuses further ones: it does not say which parts it refused."""
        watched = [each for each in self._watched.values() if each.reason is None]
        reason = self._refused() if watched else None
        if reason is None:
            return []
        self._watched |= {each.folder.id: replace(each, reason=reason, is_limited=True) for each in watched}
        return [UnwatchableFolder(each.folder, reason) for each in watched]

    def _refused(self) -> str | None:
        return None if self._observer is None else self._refusal(self._observer)

    def _is_limited(self) -> bool:
        return any(each.is_limited for each in self._watched.values())

    def _drop_limited(self) -> None:
        for folder_id in [key for key, each in self._watched.items() if each.is_limited]:
            self._drop(folder_id)

    def _is_alive(self, watch: ObservedWatch | None) -> bool:
        if watch is None or self._observer is None:
            return True
        return any(emitter.watch == watch and emitter.is_alive() for emitter in self._observer.emitters)

    def _drop(self, folder_id: int) -> None:
        watch = self._watched.pop(folder_id).watch
        if watch is not None and self._observer is not None:
            try:
                self._observer.unschedule(watch)
            except (KeyError, OSError):
                # It ended with its folder.
                return

    def _restart(self) -> None:
        self._observer = None
        self._watched.clear()

    def _add_everything(self) -> None:
        for folder_id in list(self._watched):
            self._dirty.add(folder_id)


class _WatchdogLog(logging.Handler):
    """Receives watchdog's log records and Python warnings, and logs each of them once.

    watchdog reports lost events only in its log, so *on_lost_events* is called for each record of at least warning
    level. Its Python warnings are harmless: it watches a new folder twice, and warns about every folder with another
    text. They count as the same if they come from the same line.
    """

    def __init__(self, on_lost_events: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_lost_events = on_lost_events
        self._logged: set[tuple[str, int]] = set()
        self._show_warning = warnings.showwarning
        self._hook = self._log_warning

    def install(self) -> None:
        logging.getLogger("watchdog").addHandler(self)
        logging.getLogger("watchdog").propagate = False
        warnings.showwarning = self._hook

    def uninstall(self) -> None:
        logging.getLogger("watchdog").removeHandler(self)
        if warnings.showwarning == self._hook:
            warnings.showwarning = self._show_warning

    def emit(self, record: logging.LogRecord) -> None:
        self._on_lost_events()
        self._log_once(record.pathname, record.lineno, record.levelno, record.getMessage())

    def _log_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if os.path.join("", "watchdog", "") in filename:
            self._log_once(filename, lineno, logging.WARNING, str(message))
        else:
            self._show_warning(message, category, filename, lineno, file, line)

    def _log_once(self, filename: str, lineno: int, level: int, text: str) -> None:
        if (filename, lineno) not in self._logged:
            self._logged.add((filename, lineno))
            _logger.log(level, "watchdog: %s (logged once)", text)


class _Handler(events.FileSystemEventHandler):
    """Makes paths of one folder dirty: the parent folder of a changed file, and a changed folder with all below it."""

    def __init__(self, folder: Folder, dirty: DirtyPaths) -> None:
        self._folder = folder
        self._dirty = dirty

    def on_any_event(self, event: events.FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._add(os.fsencode(path), is_folder=event.is_directory)

    def _add(self, path: bytes, *, is_folder: bool) -> None:
        root = self._folder.path.rstrip(b"/") + b"/"
        if path + b"/" == root:
            self._dirty.add(self._folder.id, WHOLE)
        elif path.startswith(root):
            below = path[len(root) :]
            self._dirty.add(self._folder.id, Subtree(os.path.dirname(below), is_deep=False))
            # Rules about a folder are in the folder itself.
            if is_folder:
                self._dirty.add(self._folder.id, Subtree(below, is_deep=True))
            elif os.path.basename(below) in {b".photosignore", b".nomedia"}:
                self._dirty.add(self._folder.id, Subtree(os.path.dirname(below), is_deep=True))


def refusal_of(observer: BaseObserver) -> str | None:
    """The reason why the system watches no further folder; None if it does.

    Found by trying, since watchdog silently skips folders below a refused one.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            watch = observer.schedule(events.FileSystemEventHandler(), folder, event_filter=_EVENTS)
        except OSError as error:
            return _reason(error) if error.errno in _LIMITS else None
        observer.unschedule(watch)
    return None


def _reason(error: OSError) -> str:
    limit = _LIMITS.get(error.errno or 0)
    if limit is not None:
        return f"the system's limit of watched folders is reached; raise it with: sudo sysctl fs.inotify.{limit}"
    return error.strerror or str(error)


def network_disk(path: bytes) -> str | None:
    """The kind of network disk of *path*; None if it is on a local disk, or on systems without this information."""
    kind = _file_system(path)
    return kind if kind is not None and (kind in _REMOTE or kind.startswith("fuse.")) else None


def watch_limit() -> int | None:
    """The number of folders that one user may watch; None on systems without such a limit."""
    try:
        return int(Path("/proc/sys/fs/inotify/max_user_watches").read_text("ascii"))
    except (OSError, ValueError):
        return None


def _file_system(path: bytes, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The file system type of *path*, from *mounts* (Linux; see proc_pid_mountinfo(5)); None elsewhere."""
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return None
    found, longest = None, -1
    real = os.path.realpath(path).rstrip(b"/") + b"/"
    for line in lines:
        before, _, after = line.partition(b" - ")
        # Spaces and some other characters are written as \040 and so on.
        mount = before.split(b" ")[4].decode("unicode_escape").encode("latin-1")
        if real.startswith(mount.rstrip(b"/") + b"/") and len(mount) >= longest:
            found, longest = os.fsdecode(after.split(b" ")[0]), len(mount)
    return found
