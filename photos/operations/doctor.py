"""Diagnosis of the installation and the library, with remedies."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

import psutil

from indexer import decoders
from indexer.models import Checkpoint, ModelError
from indexer.watch.filesystem_events import network_disk, watch_limit
from photos.errors import PhotosError, safe
from photos.library import OpenLibrary
from photos.lock import running_daemon
from photos.models import pick, precision_of_new
from photos.operations.folders import is_offline
from photos.operations.models.checkpoints import ModelSpeed, model_speed, precision_in_use
from photos.sizes import readable_size
from store import Folder, StoreError

_LIBRARIES = ("torch", "transformers", "faiss-cpu", "sqlalchemy", "watchdog")
#: Bytes that should be free on the library's disk: the library of 100 000 photos takes a few hundred megabytes.
_LITTLE_ROOM = 1 << 30
#: Loading an image encoder takes about twice the bytes of its weights.
_LOADING = 2
#: Seconds after which a server's answer is slow. In one network it comes within a millisecond or two.
_SLOW_ANSWER = 0.05
#: A precision is slow if it has less than this of float32's speed.
_SLOW = 0.8


class State(StrEnum):
    """Severity of a finding."""

    GOOD = "good"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding about one subject, and the remedy if something is to be done."""

    about: str
    state: State
    text: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class _Counts:
    photos: int
    problems: int
    #: Registered folders, each with its number of known files.
    folders: tuple[tuple[Folder, int], ...]
    #: Directories that hold known files, the registered folders included.
    directories: int


def diagnose(library: OpenLibrary) -> tuple[Finding, ...]:
    """Check the program, the machine, the model, the library and its folders. Nothing is changed or created."""
    return tuple(_findings(library))


def _findings(library: OpenLibrary) -> Iterator[Finding]:
    yield _versions()
    yield Finding("decoders", State.GOOD, decoders())
    if library.settings.catalog is not None:
        found = list(_guarded("catalog", lambda: _server(library)))
        yield from found
        if any(each.state is State.PROBLEM for each in found):
            # The rest would ask the server, too.
            yield from _disk(library)
            return
    yield from _machine(library)
    yield from _disk(library)
    if library.is_new:
        yield Finding("photos", State.NOTE, "the library is empty", "photos add FOLDER")
        return
    yield from _guarded("catalog", lambda: _contents(library))


def _versions() -> Finding:
    with_version = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    try:
        own = version("photos")
    except PackageNotFoundError:
        own = "from a checkout"
    system = f"{platform.system()} {platform.machine()}"
    return Finding("program", State.GOOD, f"photos {own}, Python {platform.python_version()}, {system}; {with_version}")


def _machine(library: OpenLibrary) -> Iterator[Finding]:
    memory = psutil.virtual_memory()
    cores = os.cpu_count() or 1
    yield Finding("machine", State.GOOD, f"{cores} cores, {readable_size(memory.total)} of memory")
    try:
        checkpoint = pick(library.settings, None, library.model_reference)
    except (ModelError, PhotosError) as error:
        yield Finding("model", State.PROBLEM, str(error))
        return
    yield from _guarded("model", lambda: _model(library, checkpoint, memory.available))


def _model(library: OpenLibrary, checkpoint: Checkpoint, available: int) -> Iterator[Finding]:
    from indexer.models.backends.accelerators import label_of  # noqa: PLC0415 - this loads torch
    from indexer.models.backends.devices import choose_device, is_small  # noqa: PLC0415 - as above

    precision = precision_in_use(library, checkpoint) or precision_of_new(checkpoint, library.settings)
    notices: list[str] = []
    device, _ = choose_device(checkpoint, library.settings.device, precision, on_notice=notices.append)
    card = label_of(device)
    where = device if card is None else f"{device} ({safe(card)})"
    yield Finding("model", State.GOOD, f"{safe(checkpoint.name)}, on {where} in {precision}")
    for notice in notices:
        yield Finding("device", State.NOTE, safe(notice), 'update its driver and torch, or set device = "cpu"')
    if not is_small(checkpoint):
        yield speed_finding(model_speed(library, layers=1), precision)
    needed = _LOADING * sum(path.stat().st_size for path in checkpoint.weights)
    if device == "cpu" and needed > available:
        text = f"loading the model takes up to {readable_size(needed)}, and {readable_size(available)} are free"
        yield Finding("memory", State.NOTE, text, "close other programs, or choose a smaller model")


def speed_finding(speed: ModelSpeed, precision: str) -> Finding:
    """The finding about what each precision gains here, for a library in *precision*."""
    ratio = {each.precision: each.ratio for each in speed.speeds}
    others = [f"{name} is {each:.1f} times as fast" for name, each in ratio.items() if name != "float32"]
    text = f"float32 takes {speed.speeds[0].seconds:.2f} s a picture and core; {', '.join(others)}"
    if ratio.get(precision, 1) < _SLOW:
        text += f"; this library has {precision}, which is slow here"
        return Finding("speed", State.NOTE, text, "photos model speed measures more exactly")
    return Finding("speed", State.GOOD, text)


def _disk(library: OpenLibrary) -> Iterator[Finding]:
    folder = library.settings.library
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    shown = safe(str(folder))
    if not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("library", State.PROBLEM, f"{safe(str(existing))} cannot be written to", "check its permissions")
        return
    kind = network_disk(os.fsencode(existing))
    if kind is not None:
        text = f"{shown} is on a network disk ({kind}), where databases get damaged sooner or later"
        yield Finding(
            "library", State.PROBLEM, text, "put it on a disk of this machine with --library or PHOTOS_LIBRARY"
        )
        return
    free = shutil.disk_usage(existing).free
    if free < _LITTLE_ROOM:
        yield Finding("library", State.PROBLEM, f"{shown}: {readable_size(free)} are free on its disk", "make room")
    else:
        yield Finding("library", State.GOOD, f"{shown}; {readable_size(free)} are free on its disk")


def _server(library: OpenLibrary) -> Iterator[Finding]:
    """The finding about the catalog on a server, and how long the server takes to answer."""
    name = safe(str(library.settings.catalog_place.name))
    catalog = library.catalog_if_any
    if catalog is None:
        yield Finding("catalog", State.GOOD, f"{name} is an empty database")
        return
    with catalog.read() as t:
        server = t.server
        began = time.monotonic()
        t.library.model()
        seconds = time.monotonic() - began
    assert server is not None
    text = f"{name}, {readable_size(server.bytes)}; PostgreSQL {server.version}, pgvector {server.pgvector}"
    if seconds > _SLOW_ANSWER:
        slow = f"{text}; it takes {1000 * seconds:.0f} ms to answer"
        yield Finding("catalog", State.NOTE, slow, "run photos in the server's network: a search asks it many times")
    elif server.may_write:
        yield Finding("catalog", State.GOOD, text)
    else:
        kind = "this server is a standby" if server.is_standby else "this role may only read"
        yield Finding(
            "catalog", State.NOTE, f"{text}; {kind}", "searches work; change it as another role, or elsewhere"
        )


def _contents(library: OpenLibrary) -> Iterator[Finding]:
    counts = _count(library)
    yield from (_folder(folder.path, files) for folder, files in counts.folders)
    rows = library.index_of(library.space).status().rows
    yield Finding("photos", State.GOOD, f"{counts.photos} photos; {rows} in the index")
    if counts.problems:
        text = f"{counts.problems} files could not be indexed"
        yield Finding("files", State.NOTE, text, "photos failed lists the reasons")
    yield from _watching(library, counts.directories)


def _count(library: OpenLibrary) -> _Counts:
    with library.catalog.read() as t:
        folders, directories = [], 0
        for folder in t.folders.all():
            paths = [file.path for file in t.files.known(folder.id)]
            directories += 1 + len({os.path.dirname(path) for path in paths})
            folders.append((folder, len(paths)))
        return _Counts(t.photos.count(), len(t.files.problems()), tuple(folders), directories)


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
        return Finding("folder", State.NOTE, f"{shown} is on a network disk ({kind}): it is scanned at intervals")
    return Finding("folder", State.GOOD, f"{shown}, {files} files")


def _watching(library: OpenLibrary, directories: int) -> Iterator[Finding]:
    limit = watch_limit()
    if limit is not None and directories > limit:
        text = f"the system allows {limit} watched folders, and there are {directories}"
        yield Finding("watching", State.PROBLEM, text, f"sudo sysctl fs.inotify.max_user_watches={4 * directories}")
    info, log = running_daemon(library.settings.library), safe(str(library.settings.log_path))
    if info is None:
        yield Finding("watching", State.NOTE, "no process keeps the library up to date", "photos daemon start")
    elif info.problem is not None:
        text = f"process {info.pid} waits: {safe(info.problem)}"
        yield Finding("watching", State.PROBLEM, text, f"see its log, {log}")
    else:
        text = f"process {info.pid} keeps the library up to date; {info.state}; its log is {log}"
        yield Finding("watching", State.GOOD, text)


def _guarded(about: str, findings: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield from *findings*; an error that ends them becomes a finding."""
    try:
        yield from findings()
    except (StoreError, ModelError, PhotosError) as error:
        yield Finding(about, State.PROBLEM, str(error))
