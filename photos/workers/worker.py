"""A worker of one library: its parts are kept from unit to unit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from photos.encoders import CachedEncoders
from photos.errors import NoQueue
from photos.library import OpenLibrary
from photos.models import has_gpu
from store.queue.base import Handler, QueueEvent

from .tasks import TASKS

if TYPE_CHECKING:
    from indexer import Readers
    from indexer.models.protocols import Preprocessor
    from photos.library import MakeReaders


@dataclass(frozen=True, slots=True)
class WorkRequest:
    """The tasks to take units of. To `drain` is to end when nothing is left to be done now.

    `silence` are seconds without a sign of life after which units of other workers are taken.
    """

    tasks: Sequence[str] = tuple(TASKS)
    drain: bool = False
    silence: float = 30.0


@dataclass(frozen=True, slots=True)
class Begun:
    """Event: a worker is ready."""

    process: int
    tasks: Sequence[str]
    device: str


WorkerEvent = Begun | QueueEvent


def work(
    library: OpenLibrary,
    request: WorkRequest,
    on_event: Callable[[WorkerEvent], object] = lambda _event: None,
) -> None:
    """Do units of work until interrupted; see `store.queue.worker.run_worker`.

    Raises `NoQueue` if the library's catalog is none on a server, and `EmptyLibrary` if there is no catalog.
    """
    if library.settings.catalog is None:
        raise NoQueue
    if library.is_new:
        raise library.empty_error()
    from store.queue.worker import WorkerOptions, run_worker  # noqa: PLC0415 - its packages are an extra

    device = device_name(library)
    library.on_notice = _once(library.on_notice)
    with keeping_parts(library) as kept:
        handlers: Mapping[str, Handler] = {name: partial(TASKS[name], kept) for name in request.tasks}
        on_event(Begun(os.getpid(), request.tasks, device))
        options = WorkerOptions(device, drain=request.drain, silence=request.silence)
        run_worker(kept.catalog, handlers, options, on_event)


def device_name(library: OpenLibrary) -> str:
    """The device that a worker says it computes on."""
    device = library.settings.device
    if device in {None, "auto"}:
        return "GPU" if has_gpu() else "CPU"
    return str(device)


def _once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Let each sentence be told once: each unit of a folder that is not here would repeat it."""
    told: set[str] = set()

    def tell_new(sentence: str) -> None:
        if sentence not in told:
            told.add(sentence)
            tell(sentence)

    return tell_new


@contextmanager
def keeping_parts(library: OpenLibrary) -> Iterator[OpenLibrary]:
    """Give the same library with encoders and readers that are kept until the end: making them takes seconds."""
    with KeptReaders(library.make_readers) as readers:
        yield library.with_parts(CachedEncoders(library.encoders, library.settings.idle_minutes * 60), readers)


class KeptReaders:
    """Makes readers, and gives the same ones again for the same preprocessing. It closes them at the end."""

    def __init__(self, make: MakeReaders) -> None:
        self._make = make
        self._key: object = None
        self._readers: Readers | None = None
        self._open = ExitStack()

    def __call__(
        self, preprocessing: Preprocessor, count: int | None, beside: Preprocessor | None
    ) -> AbstractContextManager[Readers]:
        """The readers; they stay open when the block ends."""
        key = (preprocessing, count, beside)
        if self._readers is None or self._key != key:
            self._open.close()
            self._readers = self._open.enter_context(self._make(preprocessing, count, beside))
            self._key = key
        return nullcontext(self._readers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
