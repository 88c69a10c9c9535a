"""Does units of the queue in this process, with parts of the library that are kept from unit to unit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Self, TypeAlias

from photos.encoders import CachedEncoders
from photos.library import OpenLibrary
from photos.models import has_gpu
from store.queue.base import SILENCE, Handler, Json, QueueEvent

if TYPE_CHECKING:
    from indexer import Readers
    from indexer.models.protocols import Preprocessor
    from photos.library import MakeReaders

#: Does one unit, whose arguments these are.
Task: TypeAlias = Callable[[OpenLibrary, Mapping[str, Json]], object]
#: Sentences that a worker remembers having told.
_REMEMBERED = 1000


def do_units(
    library: OpenLibrary,
    tasks: Mapping[str, Task],
    on_event: Callable[[QueueEvent], object],
    *,
    drain: bool,
    silence: float = SILENCE,
) -> None:
    """Do units of these *tasks* until interrupted, or to *drain*, until nothing is left to be done now.

    See `store.queue.worker.run_worker`. Each sentence for people is told once.
    """
    from store.queue.worker import WorkerOptions, run_worker  # noqa: PLC0415 - its packages are an extra

    with keeping_parts(library) as kept:
        handlers: dict[str, Handler] = {name: partial(_do, task, kept) for name, task in tasks.items()}
        run_worker(kept.catalog, handlers, WorkerOptions(device_name(library), drain=drain, silence=silence), on_event)


def _do(task: Task, library: OpenLibrary, arguments: Mapping[str, Json]) -> None:
    task(library, arguments)


def device_name(library: OpenLibrary) -> str:
    """The device that a worker says it computes on."""
    device = library.settings.device
    if device in {None, "auto"}:
        return "GPU" if has_gpu() else "CPU"
    return str(device)


def _once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Let a sentence be told once, unless many others came since: each unit of an absent folder would repeat it."""
    told: deque[str] = deque(maxlen=_REMEMBERED)

    def tell_new(sentence: str) -> None:
        if sentence not in told:
            told.append(sentence)
            tell(sentence)

    return tell_new


@contextmanager
def keeping_parts(library: OpenLibrary) -> Iterator[OpenLibrary]:
    """Give the same library with encoders and readers that are kept until the end: making them takes seconds."""
    with KeptReaders(library.make_readers) as readers:
        kept = library.with_parts(CachedEncoders(library.encoders, library.settings.idle_minutes * 60), readers)
        kept.on_notice = _once(library.on_notice)
        yield kept


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
