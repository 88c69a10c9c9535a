"""Past searches, as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, local_day
from photos.cli.kit.output import write_json
from photos.errors import safe
from photos.records.library import past_search_record

if TYPE_CHECKING:
    from photos.operations.history import PastSearch


def show_history(searches: Sequence[PastSearch], *, as_json: bool) -> None:
    """Print the text of each, with the day when it was first searched for."""
    for search in searches:
        if as_json:
            write_json(past_search_record(search))
        else:
            click.echo(f"{local_day(search.searched_at)}  {safe(search.text)}")
    if not searches and not as_json:
        click.echo("No past search is remembered.", err=True)


def show_cleared(count: int) -> None:
    """Print the number of texts that were forgotten."""
    click.echo(f"Forgot {counted(count, 'past search', 'past searches')}." if count else "There was nothing to forget.")
