"""Settings of an endpoint."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from .protocols import Task

DEFAULT_TASKS: Final = frozenset({Task.CAPTION, Task.OBJECTS})


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """An endpoint, and what it is asked."""

    #: `http://localhost:11434`, with or without a path.
    url: str
    #: Name of the model at the endpoint.
    model: str
    key: str | None = field(default=None, repr=False)
    tasks: AbstractSet[Task] = DEFAULT_TASKS
    #: Longest side of the pictures that are sent, in pixels.
    side: int = 720
    #: Language of captions and labels, such as `German`; None leaves it to the model.
    language: str | None = None
    #: Seconds for an answer.
    timeout: float = 120.0
    #: Questions at once.
    requests: int = 2
    #: Allow an endpoint outside the user's own network.
    remote: bool = False
