"""The seam of describers: pictures go in, and captions, labels and read texts come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL import Image


class Task(StrEnum):
    """A thing that a describer can be asked for."""

    CAPTION = "caption"
    DETAILED_CAPTION = "detailed-caption"
    OBJECTS = "objects"
    REGIONS = "regions"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Description:
    """Words that a describer has for a picture, as plain text. There are no scores: no describer has honest ones.

    A part that was not asked for, or of which the describer found nothing, is None or empty.
    """

    caption: str | None = None
    #: Words or short phrases, as the model wrote them, each once.
    labels: tuple[str, ...] = ()
    #: Text that is written in the picture.
    text: str | None = None


@dataclass(frozen=True, slots=True)
class NotDescribed:
    """A picture that got no description. It costs that picture alone; a later pass may ask again."""

    #: A sentence for people.
    reason: str
    #: True if the describer failed, or was not asked; False if the picture is why, or the answer.
    is_passing: bool = False


class Describer(Protocol):
    """Describes pictures."""

    @property
    def name(self) -> str:
        """Identity of the model, such as `florence-2-base-ft@1a2b3c4d5e6f` or `qwen3-vl:2b@localhost:11434`."""
        ...

    @property
    def side(self) -> int:
        """Longest side, in pixels, of the pictures that it wants. Larger ones are made smaller."""
        ...

    def describe(self, pictures: Sequence[Image.Image]) -> list[Description | NotDescribed]:
        """One outcome for each picture, RGB and upright, in their order.

        If the describer goes away after some were described, these are returned, the others are `NotDescribed`, and
        the next call raises. So no description is lost.
        Raises `DescriberAway` if it does not answer, and `DescriberBroken` if it answers none as it is set up.
        """
        ...

    def close(self) -> None:
        """Give back its memory, threads and connections."""
        ...
