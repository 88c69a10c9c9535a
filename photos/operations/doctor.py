"""Examines the installation and the library, and says what to do about what it finds."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

import psutil

from indexer import decoders
from indexer.models import Checkpoint, ModelError
from indexer.watch.filesystem_events import network_disk, watch_limit
from photos.daemon.lock import keeper_of
from photos.errors import PhotosError, safe
from photos.library import OpenLibrary
from photos.operations.folders import is_offline
from photos.operations.models import in_bytes, pick
from store import StoreError

_LIBRARIES = ("torch", "transformers", "faiss-cpu", "sqlalchemy", "watchdog")
#: Bytes. With less room than this on its disk, a library cannot grow by much: 100 000 photos take a few hundred.
_LITTLE_ROOM = 1 << 30
#: An image tower takes about twice its weights while it is loaded.
_LOADING = 2


class State(StrEnum):
    """How grave a finding is."""

    GOOD = "good"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one thing, and what to do, unless all is well."""

    about: str
    state: State
    says: str
    remedy: str | None = None


def examine(app: OpenLibrary) -> Iterator[Finding]:
    """Everything worth knowing, the basic things first. Nothing is changed, and nothing made."""
    yield _versions()
    yield Finding("decoders", State.GOOD, decoders())
    yield from _machine(app)
    yield from _library(app)
    if app.is_new:
        yield Finding("photos", State.NOTE, "the library is empty", "photos add FOLDER")
        return
    yield from _guarded("catalog", lambda: _contents(app))


def _versions() -> Finding:
    with_version = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    try:
        own = version("photos")
    except PackageNotFoundError:
        own = "from a checkout"
    system = f"{platform.system()} {platform.machine()}"
    return Finding("program", State.GOOD, f"photos {own}, Python {platform.python_version()}, {system}; {with_version}")


def _machine(app: OpenLibrary) -> Iterator[Finding]:
    memory = psutil.virtual_memory()
    cores = os.cpu_count() or 1
    yield Finding("machine", State.GOOD, f"{cores} cores, {in_bytes(memory.total)} of memory")
    try:
        checkpoint = pick(app.settings, None, app.reference)
    except (ModelError, PhotosError) as error:
        yield Finding("model", State.PROBLEM, str(error))
        return
    yield from _guarded("model", lambda: _model(app, checkpoint, memory.available))


def _model(app: OpenLibrary, checkpoint: Checkpoint, available: int) -> Iterator[Finding]:
    from indexer.models.backends.devices import choose  # noqa: PLC0415 - this loads torch

    device, precision = choose(checkpoint, app.settings.device, app.settings.precision)
    yield Finding("model", State.GOOD, f"{safe(checkpoint.name)}, on {device} in {precision}")
    needed = _LOADING * sum(path.stat().st_size for path in checkpoint.weights)
    if device == "cpu" and needed > available:
        says = f"loading the model takes up to {in_bytes(needed)}, and {in_bytes(available)} are free"
        yield Finding("memory", State.NOTE, says, "close other programs, or choose a smaller model")


def _library(app: OpenLibrary) -> Iterator[Finding]:
    library = app.settings.library
    place = next(folder for folder in (library, *library.parents) if folder.exists())
    shown = safe(str(library))
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding("library", State.PROBLEM, f"{safe(str(place))} cannot be written to", "check its permissions")
        return
    kind = network_disk(os.fsencode(place))
    if kind is not None:
        says = f"{shown} is on a network disk ({kind}), on which databases are damaged sooner or later"
        yield Finding(
            "library", State.PROBLEM, says, "put it on a disk of this machine with --library or PHOTOS_LIBRARY"
        )
        return
    free = shutil.disk_usage(place).free
    if free < _LITTLE_ROOM:
        yield Finding("library", State.PROBLEM, f"{shown}: {in_bytes(free)} are free on its disk", "make room")
    else:
        yield Finding("library", State.GOOD, f"{shown}; {in_bytes(free)} are free on its disk")


def _contents(app: OpenLibrary) -> Iterator[Finding]:
    with app.catalog.read() as t:
        folders = t.folders.all()
        photos, problems = t.photos.count(), len(t.files.problems())
        directories = 0
        for folder in folders:
            files = [file.path for file in t.files.known(folder.id)]
            directories += 1 + len({os.path.dirname(path) for path in files})
            yield _folder(folder.path, len(files))
    yield Finding("photos", State.GOOD, f"{photos} photos; {app.index_of(app.space).status().rows} in the index")
    if problems:
        yield Finding("files", State.NOTE, f"{problems} files could not be indexed", "photos failed says why")
    yield from _watching(app, directories)


def _folder(path: bytes, files: int) -> Finding:
    shown = safe(os.fsdecode(path))
    if is_offline(path, files):
        return Finding(
            "folder", State.PROBLEM, f"{shown} is not there, or empty", "mount its disk; its photos are kept"
        )
    if not os.access(path, os.R_OK | os.X_OK):
        return Finding("folder", State.PROBLEM, f"{shown} cannot be read", "check its permissions")
    kind = network_disk(path)
    if kind is not None:
        return Finding(
            "folder", State.NOTE, f"{shown} is on a network disk ({kind}): it is looked through now and then"
        )
    return Finding("folder", State.GOOD, f"{shown}, {files} files")


def _watching(app: OpenLibrary, directories: int) -> Iterator[Finding]:
    limit = watch_limit()
    if limit is not None and directories > limit:
        says = f"the system lets you listen in {limit} folders, and there are {directories}"
        yield Finding("watching", State.PROBLEM, says, f"sudo sysctl fs.inotify.max_user_watches={4 * directories}")
    keeper = keeper_of(app.settings.library)
    if keeper is None:
        yield Finding("watching", State.NOTE, "no process keeps the library up to date", "photos daemon start")
    elif keeper.trouble is not None:
        yield Finding("watching", State.PROBLEM, f"process {keeper.pid} waits: {safe(keeper.trouble)}")
    else:
        yield Finding("watching", State.GOOD, f"process {keeper.pid} keeps the library up to date; {keeper.state}")


def _guarded(about: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What *look* finds; what stops it is a finding, too."""
    try:
        yield from look()
    except (StoreError, ModelError, PhotosError) as error:
        yield Finding(about, State.PROBLEM, str(error))
