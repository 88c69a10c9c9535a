"""`photos saved`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.group(short_help="List or remove saved searches.")
def saved() -> None:
    """List or remove the searches that have a name in this library.

    `photos search WORDS --save-as NAME` saves one, `photos search --saved NAME` runs it. The gallery shows them as
    albums.
    """


@saved.command("list", short_help="List saved searches.")
@options.as_json
@pass_invocation
def list_searches(invocation: Invocation, as_json: bool) -> None:
    """List the saved searches with their queries, newest first."""
    from photos.cli.views.saved import show_saved_searches
    from photos.operations.searching.saved_searches import saved_searches

    with invocation.open_library() as library:
        show_saved_searches(saved_searches(library), as_json=as_json)


@saved.command("remove", short_help="Remove saved searches.")
@click.argument("names", nargs=-1, required=True, metavar="SEARCH...")
@pass_invocation
def remove(invocation: Invocation, names: tuple[str, ...]) -> None:
    """Remove saved searches by their names. Photos are not touched."""
    from photos.cli.views.saved import show_removed
    from photos.operations.searching.saved_searches import remove_saved_searches

    with invocation.open_library() as library:
        show_removed(remove_saved_searches(library, names))
