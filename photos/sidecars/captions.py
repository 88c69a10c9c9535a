"""Captions of describers in a sidecar, written only where there is no other one.

The sidecar has two companions of the caption: the text that this program wrote, and the describer that gave it. Only
that text is replaced or removed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.decode import (
    DESCRIPTION,
    DESCRIPTION_BY,
    OWN_DESCRIPTION,
    Property,
    caption_of,
    foreign_caption,
    notes_of,
)
from indexer.metadata.texts import one_line

from .packet import Packet


@dataclass(frozen=True, slots=True)
class CaptionsBy:
    """Choice of the captions to write: those of the describer of that name, or of each photo the newest."""

    describer: str | None = None


@dataclass(frozen=True, slots=True)
class GivenCaption:
    """A describer's caption for a sidecar. No text takes back the one that an earlier run wrote."""

    text: str | None = None
    describer: str = ""


@dataclass(frozen=True, slots=True)
class CaptionChange:
    """The caption of a sidecar before and after a change; None for no caption."""

    before: str | None
    after: str | None


def caption_changes(packet: Packet, given: GivenCaption | None) -> dict[Property, str | None]:
    """Values that bring the caption and its companions to the wanted state; None stands for no value.

    Empty if all is as wanted, if no caption was asked for (None), and where the caption is another program's.
    """
    xmp = packet.xmp
    if given is None or foreign_caption(xmp, DESCRIPTION.tag) is not None:
        return {}
    notes = notes_of(xmp)
    has_other = any(each is not None for each in (notes.caption, notes.comment, notes.title))
    # Written as it is read, so that it is recognised.
    text = None if has_other else caption_of(given.text)
    describer = None if text is None else one_line(given.describer)
    wanted: dict[Property, str | None] = {DESCRIPTION: text, OWN_DESCRIPTION: text, DESCRIPTION_BY: describer}
    return {each: value for each, value in wanted.items() if value != packet.text(each)}


def caption_change(before: Packet, after: Packet, values: Mapping[Property, str | None]) -> CaptionChange | None:
    """The change of the caption that *values* made; None if they leave it."""
    return CaptionChange(before.text(DESCRIPTION), after.text(DESCRIPTION)) if DESCRIPTION in values else None
