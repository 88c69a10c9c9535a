"""`photos history`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.group(short_help="List or forget past searches.")
def history() -> None:
    """List or forget the searches that this library remembers.

    The words of a search are remembered, so that the same words need no model again. They never leave the library. The
    setting `remembered_searches` says how many are kept, 0 for none; texts of more than 300 letters never are.
    """


@history.command("list", short_help="List past searches.")
@options.as_json
@pass_invocation
def list_searches(invocation: Invocation, as_json: bool) -> None:
    """List the past searches that are remembered, newest first."""
    from photos.cli.views.history import show_past_searches
    from photos.operations.searching.history import past_searches

    with invocation.open_library() as library:
        show_past_searches(past_searches(library), as_json=as_json)


@history.command("clear", short_help="Forget past searches.")
@pass_invocation
def clear(invocation: Invocation) -> None:
    """Forget all past searches, and erase them from the catalog. Tags, labels and photos are not touched."""
    from photos.cli.views.history import show_cleared
    from photos.operations.searching.history import clear_history

    with invocation.open_library() as library:
        show_cleared(clear_history(library))
