"""Listens to the system's news of files. What it says is a hint of where to look, and never what happened."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from watchdog import events
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from indexer.files.open_file import place_of
from indexer.files.scan import WHOLE, Subtree
from store import Folder

from .dirty_paths import Hints

#: What is asked for. Not among it: files that were opened or read, which is what the indexer itself does all day.
_NEWS: list[type[events.FileSystemEvent]] = [
    events.FileCreatedEvent,
    events.FileModifiedEvent,
    events.FileMovedEvent,
    events.FileDeletedEvent,
    events.FileClosedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
]
#: What raises the system's limits.
_LIMITS = {errno.ENOSPC: "max_user_watches=1048576", errno.EMFILE: "max_user_instances=512"}
#: File systems that do not hear of changes which other machines make.
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "davfs", "virtiofs"})


@dataclass(frozen=True, slots=True)
class Deaf:
    """A folder of which the system tells nothing, and why: it has to be looked through now and then."""

    folder: Folder
    reason: str


@dataclass(frozen=True, slots=True)
class _Heard:
    """A folder that is listened in, or why it is not."""

    folder: Folder
    identity: tuple[int, int] | None
    watch: ObservedWatch | None
    reason: str | None
    #: The system's limit is the reason, which may be raised at any time.
    is_limited: bool = False

    def is_same(self, folder: Folder, identity: tuple[int, int] | None) -> bool:
        """Whether *folder* is as it was when listening began."""
        known = (self.folder.path, self.folder.excludes, self.identity)
        return known == (folder.path, folder.excludes, identity)


class Ears:
    """Listens for changes in folders, and gives hints. `close` ends it."""

    def __init__(self, hints: Hints, refusal: Callable[[BaseObserver], str | None] | None = None) -> None:
        self._hints = hints
        self._refusal = refusal or refusal_of
        self._observer: BaseObserver | None = None
        self._heard: dict[int, _Heard] = {}
        self._alarm = _Alarm(self._everything)
        logging.getLogger("watchdog").addHandler(self._alarm)
        logging.getLogger("watchdog").propagate = False

    def listen(self, folders: Iterable[Folder]) -> list[Deaf]:
        """Listen in *folders*, and no longer in others. Says which of them cannot be heard any more, each once.

        A folder that is new here, or is another than before, or came back, or whose listener died, is a hint.
        """
        wanted = {folder.id: folder for folder in folders}
        for folder_id in set(self._heard) - set(wanted):
            self._drop(folder_id)
        if self._observer is not None and not self._observer.is_alive():
            self._restart()
        if self._is_limited() and self._refused() is None:
            # There is room again, also for what was refused below them.
            self._drop_limited()
        deaf = []
        for folder in wanted.values():
            identity = place_of(folder.path)
            before = self._heard.get(folder.id)
            if before is not None and before.is_same(folder, identity) and self._is_alive(before.watch):
                continue
            if before is not None:
                self._drop(folder.id)
            watch, reason, is_limited = self._schedule(folder)
            self._heard[folder.id] = _Heard(folder, identity, watch, reason, is_limited)
            if reason is not None and (before is None or before.reason != reason):
                deaf.append(Deaf(folder, reason))
            self._hints.add(folder.id)
        return deaf + self._limit()

    def deaf(self) -> list[Deaf]:
        """The folders that cannot be heard."""
        return [Deaf(heard.folder, heard.reason) for heard in self._heard.values() if heard.reason is not None]

    def close(self) -> None:
        """Stop listening."""
        logging.getLogger("watchdog").removeHandler(self._alarm)
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(5)

    def _schedule(self, folder: Folder) -> tuple[ObservedWatch | None, str | None, bool]:
        kind = network_disk(folder.path)
        if kind is not None:
            return None, f"it is on a network disk ({kind}), which does not tell of changes", False
        if self._observer is None:
            self._observer = Observer()
            self._observer.start()
        try:
            handler = _Handler(folder, self._hints)
            path = os.fsdecode(folder.path)
            return self._observer.schedule(handler, path, recursive=True, event_filter=_NEWS), None, False
        except OSError as error:
            return None, _reason(error), error.errno in _LIMITS

    def _limit(self) -> list[Deaf]:
        """Folders that lose their hearing since the system takes no more: it does not say which parts it refused."""
        heard = [each for each in self._heard.values() if each.reason is None]
        reason = self._refused() if heard else None
        if reason is None:
            return []
        self._heard |= {each.folder.id: replace(each, reason=reason, is_limited=True) for each in heard}
        return [Deaf(each.folder, reason) for each in heard]

    def _refused(self) -> str | None:
        return None if self._observer is None else self._refusal(self._observer)

    def _is_limited(self) -> bool:
        return any(heard.is_limited for heard in self._heard.values())

    def _drop_limited(self) -> None:
        for folder_id in [key for key, heard in self._heard.items() if heard.is_limited]:
            self._drop(folder_id)

    def _is_alive(self, watch: ObservedWatch | None) -> bool:
        if watch is None or self._observer is None:
            return True
        return any(emitter.watch == watch and emitter.is_alive() for emitter in self._observer.emitters)

    def _drop(self, folder_id: int) -> None:
        watch = self._heard.pop(folder_id).watch
        if watch is not None and self._observer is not None:
            try:
                self._observer.unschedule(watch)
            except (KeyError, OSError):
                # It ended with its folder.
                return

    def _restart(self) -> None:
        self._observer = None
        self._heard.clear()

    def _everything(self) -> None:
        for folder_id in list(self._heard):
            self._hints.add(folder_id)


class _Alarm(logging.Handler):
    """watchdog only logs that news was lost, so whatever it warns of means that everything is to be looked at."""

    def __init__(self, ring: object) -> None:
        super().__init__(logging.WARNING)
        self._ring = ring

    def emit(self, record: logging.LogRecord) -> None:
        del record
        assert callable(self._ring)
        self._ring()


class _Handler(events.FileSystemEventHandler):
    """Turns news of one folder into hints: where a file changed, the folder it is in; of a folder, all of it."""

    def __init__(self, folder: Folder, hints: Hints) -> None:
        self._folder = folder
        self._hints = hints

    def on_any_event(self, event: events.FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._hint(os.fsencode(path), is_folder=event.is_directory)

    def _hint(self, path: bytes, *, is_folder: bool) -> None:
        root = self._folder.path.rstrip(b"/") + b"/"
        if path + b"/" == root:
            self._hints.add(self._folder.id, WHOLE)
        elif path.startswith(root):
            below = path[len(root) :]
            self._hints.add(self._folder.id, Subtree(os.path.dirname(below), is_deep=False))
            # What rules say of a folder is written in it.
            if is_folder:
                self._hints.add(self._folder.id, Subtree(below, is_deep=True))
            elif os.path.basename(below) in {b".photosignore", b".nomedia"}:
                self._hints.add(self._folder.id, Subtree(os.path.dirname(below), is_deep=True))


def refusal_of(observer: BaseObserver) -> str | None:
    """Why the system takes no further folder to listen in; None if it does.

    It is asked, since watchdog passes in silence over the folders below one that it refused.
    """
    with tempfile.TemporaryDirectory() as place:
        try:
            watch = observer.schedule(events.FileSystemEventHandler(), place, event_filter=_NEWS)
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
    """The kind of network disk that *path* is on; None if it is on none, or the system does not say."""
    kind = _file_system(path)
    return kind if kind is not None and (kind in _REMOTE or kind.startswith("fuse.")) else None


def watch_limit() -> int | None:
    """How many folders the system lets one user listen in; None where it has no such limit, or does not say."""
    try:
        return int(Path("/proc/sys/fs/inotify/max_user_watches").read_text("ascii"))
    except (OSError, ValueError):
        return None


def _file_system(path: bytes, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The kind of file system that *path* is on, where the system says so (Linux; see proc_pid_mountinfo(5))."""
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return None
    found, longest = None, -1
    real = os.path.realpath(path).rstrip(b"/") + b"/"
    for line in lines:
        before, _, after = line.partition(b" - ")
        # Blanks and a few more are written as \\040 and so on.
        place = before.split(b" ")[4].decode("unicode_escape").encode("latin-1")
        if real.startswith(place.rstrip(b"/") + b"/") and len(place) >= longest:
            found, longest = os.fsdecode(after.split(b" ")[0]), len(place)
    return found
