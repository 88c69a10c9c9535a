"""The cost of describing on a CPU, by the speed at which this machine embeds pictures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from indexer.describers import Task, passes_per_picture
from photos.errors import PhotosError
from photos.known_models import relative_work
from photos.library import OpenLibrary
from photos.models import has_gpu

#: Least work of a picture, that of base size being 1, from whose time that of base size can be told.
_LEAST_WORK: Final = 0.1


@dataclass(frozen=True, slots=True)
class DescriberCost:
    """Work of a checkpoint on the CPU: passes of a base image encoder for a picture, and seconds for all photos.

    The seconds are None if this machine's speed is not known.
    """

    passes: int
    seconds: float | None


def cost(library: OpenLibrary, parameters: int, tasks: Sequence[Task], photos: int) -> DescriberCost | None:
    """The cost of *tasks* for each of *photos* by a Florence-2 of so many parameters; None where a GPU computes."""
    device = library.settings.device
    if has_gpu() if device in {None, "auto"} else device != "cpu":
        return None
    passes, seconds = passes_per_picture(frozenset(tasks), parameters), _seconds_a_pass(library)
    return DescriberCost(max(1, round(passes)), None if seconds is None else passes * photos * seconds)


def _seconds_a_pass(library: OpenLibrary) -> float | None:
    """Seconds of a pass of base size, by what embedding a picture took here on average."""
    space = library.space
    with library.catalog.read() as t:
        seconds = t.spaces.seconds_a_picture(space.id)
    if seconds is None:
        return None
    with suppress(PhotosError):
        work = relative_work(library.checkpoint_of(space).work)
        return seconds / work if work >= _LEAST_WORK else None
    return None
