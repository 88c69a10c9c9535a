"""Has a question answered by the process that keeps the library up to date, where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from photos.daemon.client import Unanswered, ask

if TYPE_CHECKING:
    from photos.operations.requests import Request, SearchAnswer


def answered_elsewhere(library: Path, request: Request, *, debug: bool) -> SearchAnswer | None:
    """The answer, or None if this process is to find it itself. Raises `Refused`.

    With *debug* it says why, and leaves a refusal to this process too, which shows where it comes from.
    """
    from photos.errors import Refused

    try:
        asked = ask(library, request)
        # It takes a moment, in which we can load what shows it.
        from photos.cli.views import search  # noqa: F401

        return asked.answer()
    except Unanswered as error:
        if debug:
            click.echo(f"Answered by this process: {error.reason}.", err=True)
        return None
    except Refused:
        if debug:
            return None
        raise
