"""Opening of describers: a model behind an endpoint, or Florence-2 on this machine."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

from .endpoint_settings import EndpointSettings
from .florence_checkpoint import find_florence, open_florence_checkpoint
from .protocols import Describer, Task

if TYPE_CHECKING:
    from indexer.models import Hub


def open_endpoint(settings: EndpointSettings) -> Describer:
    """A describer that asks the endpoint. Nothing is sent yet, but a host's name is looked up.

    Raises `EndpointInvalid`, `RemoteEndpoint`, `DescriberBroken` and `DescriberAway`.
    """
    from .endpoint import EndpointDescriber  # noqa: PLC0415 - a describer needs the clients of one kind only

    return EndpointDescriber(settings)


def open_florence(
    reference: str,
    tasks: AbstractSet[Task],
    models: Path,
    *,
    device: str | None = None,
    threads: int | None = None,
    hub: Hub | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    on_notice: Callable[[str], None] = lambda _sentence: None,
) -> Describer:
    """The Florence-2 called *reference*: a folder, or the id of a repository that was downloaded into *models*.

    With a *hub*, one that is missing is downloaded, and *progress* called. Without one the network is not touched.
    Takes seconds. Raises `WrongCheckpoint` and a `ModelError`.
    """
    checkpoint = open_florence_checkpoint(find_florence(reference, models, hub, progress))
    from .florence import FlorenceDescriber  # noqa: PLC0415 - this loads torch

    return FlorenceDescriber(checkpoint, tasks, device, threads, on_notice=on_notice)
