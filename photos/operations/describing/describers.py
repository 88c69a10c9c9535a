"""The choice of a describer by settings and by name, its identity, and its opening."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from indexer.describers import (
    PUBLISHED_FLORENCE,
    EndpointSettings,
    Task,
    find_florence,
    open_endpoint,
    open_florence,
    open_florence_checkpoint,
)
from photos.config import ENDPOINT, Settings
from photos.errors import PhotosError
from photos.model_errors import NoDescriber

if TYPE_CHECKING:
    from indexer.describers import Describer
    from photos.library import OpenLibrary

#: What is asked for unless tasks are named.
DEFAULT_TASKS: Final = (Task.CAPTION, Task.OBJECTS)


@dataclass(frozen=True, slots=True)
class ChosenDescriber:
    """A describer as it was named, `ENDPOINT` or a Florence-2 checkpoint, and the tasks that it gets."""

    reference: str
    tasks: tuple[Task, ...] = DEFAULT_TASKS
    #: Whether pictures may leave this machine and its private networks.
    may_be_remote: bool = False

    @property
    def is_endpoint(self) -> bool:
        """True for the model at the endpoint of the settings."""
        return self.reference == ENDPOINT

    def at_once(self, settings: Settings) -> int:
        """Pictures that it works on at once, at least."""
        return settings.describe_requests if self.is_endpoint else 1


@dataclass(frozen=True, slots=True)
class DescriberIdentity:
    """The name under which a describer's descriptions are kept, and of a checkpoint the number of its parameters."""

    name: str
    parameters: int | None = None


class DescriberFactory(Protocol):
    """Opens describers."""

    def identify(self, library: OpenLibrary, chosen: ChosenDescriber) -> DescriberIdentity:
        """The identity of a chosen describer, without loading a model or sending anything. Raises `PhotosError`."""
        ...

    def open(self, library: OpenLibrary, chosen: ChosenDescriber) -> Describer:
        """Open a chosen describer; the caller closes it. Raises `PhotosError`."""
        ...


def choose_describer(
    settings: Settings, named: str | None = None, tasks: Sequence[Task] = (), *, may_be_remote: bool = False
) -> ChosenDescriber:
    """Choose the describer that is *named*, or else the one of the settings. Raises `NoDescriber` if there is none."""
    reference = named or settings.describe_with or ENDPOINT
    if reference == ENDPOINT and settings.describe_endpoint is None:
        raise NoDescriber
    return ChosenDescriber(
        reference, tuple(dict.fromkeys(tasks)) or DEFAULT_TASKS, may_be_remote or settings.describe_remote
    )


def offered_describers(settings: Settings) -> list[str]:
    """Return the describers that `choose_describer` can be given here, without folders that no setting names.

    The one of the settings comes first, then the endpoint if there is one, and published checkpoints on this machine.
    """
    names = [settings.describe_with, ENDPOINT if settings.describe_endpoint else None]
    known = [name for name in names if name is not None and (name != ENDPOINT or settings.describe_endpoint)]
    return list(dict.fromkeys([*known, *(name for name in PUBLISHED_FLORENCE if _is_here(name, settings))]))


def _is_here(name: str, settings: Settings) -> bool:
    with suppress(PhotosError):
        find_florence(name, settings.models)
        return True
    return False


class ConfiguredDescribers:
    """The endpoint of the settings, and Florence-2 checkpoints among the library's models."""

    def identify(self, library: OpenLibrary, chosen: ChosenDescriber) -> DescriberIdentity:
        """The name at the endpoint, or the hash of a checkpoint's weights."""
        if chosen.is_endpoint:
            with closing(open_endpoint(_endpoint(library.settings, chosen))) as describer:
                return DescriberIdentity(describer.name)
        found = open_florence_checkpoint(find_florence(chosen.reference, library.settings.models))
        return DescriberIdentity(found.name, found.parameters)

    def open(self, library: OpenLibrary, chosen: ChosenDescriber) -> Describer:
        """The client of the endpoint, or the loaded checkpoint on the library's device."""
        settings = library.settings
        if chosen.is_endpoint:
            return open_endpoint(_endpoint(settings, chosen))
        return open_florence(
            chosen.reference,
            frozenset(chosen.tasks),
            settings.models,
            device=settings.device,
            threads=settings.threads,
            on_notice=library.on_notice,
        )


#: The describers of the program.
CONFIGURED: Final[DescriberFactory] = ConfiguredDescribers()


def _endpoint(settings: Settings, chosen: ChosenDescriber) -> EndpointSettings:
    return EndpointSettings(
        url=settings.describe_endpoint or "",
        model=settings.describe_model or "",
        key=settings.describe_key,
        tasks=frozenset(chosen.tasks),
        side=settings.describe_side,
        language=settings.describe_language,
        timeout=settings.describe_timeout,
        requests=settings.describe_requests,
        remote=chosen.may_be_remote,
    )
