"""Saved searches, as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import show_lines
from photos.errors import safe
from photos.records.saved_searches import saved_search_record

if TYPE_CHECKING:
    from store import SavedSearch


def show_saved_searches(searches: Sequence[SavedSearch], *, as_json: bool) -> None:
    """Print the name and the query of each."""
    if as_json:
        for search in searches:
            write_json(saved_search_record(search))
        return
    width = max((len(safe(search.name)) for search in searches), default=0)
    show_lines(f"{safe(search.name):{width}}  {safe(search.query)}" for search in searches)
    if not searches:
        click.echo("No search is saved; `photos search WORDS --save-as NAME` saves one.", err=True)


def show_removed(searches: Sequence[SavedSearch]) -> None:
    """Print what was removed, so that it can be saved again."""
    for search in searches:
        click.echo(f"{safe(search.name)} is no longer saved; it was: {safe(search.query)}")


def show_saved(search: SavedSearch) -> None:
    """Print to standard error that a search was saved: the results may go to another program."""
    click.echo(f"Saved as {safe(search.name)}: {safe(search.query)}", err=True)
