"""Progress of vectors of captions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted
from photos.cli.kit.progress import ProgressBars
from photos.operations.searching.caption_vectors import CaptionsBegin

if TYPE_CHECKING:
    from photos.operations.progress import Event


class CaptionBars(ProgressBars):
    """Receiver of progress that also announces the encoding of captions."""

    def report(self, event: Event, /) -> None:
        """Write a line before captions are encoded, and move the bars."""
        if isinstance(event, CaptionsBegin):
            click.echo(
                f"Encoding {counted(event.captions, 'caption')} first, once for this model; "
                "an interruption keeps what is done.",
                err=True,
            )
        super().report(event)
