"""Past searches, as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, local_day
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import show_lines
from photos.errors import safe
from photos.records.library import past_search_record

if TYPE_CHECKING:
    from photos.operations.searching.history import PastSearch


def show_past_searches(searches: Sequence[PastSearch], *, as_json: bool) -> None:
    """Print the text of each, with the day when it was first searched for."""
    if as_json:
        for search in searches:
            write_json(past_search_record(search))
        return
    show_lines(f"{local_day(search.searched_at)}  {safe(search.text)}" for search in searches)
    if not searches:
        click.echo("No past search is remembered.", err=True)


def show_cleared(count: int) -> None:
    """Print the number of texts that were forgotten."""
    click.echo(f"Forgot {counted(count, 'past search', 'past searches')}." if count else "There was nothing to forget.")
