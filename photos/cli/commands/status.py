"""`photos status`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Show the state of the library.")
@options.as_json
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """Show the library's folders, photos, checkpoint, vocabularies and index."""
    from photos.cli.views.status import show_status
    from photos.operations.status import status as library_status

    with invocation.open_library() as library:
        show_status(library_status(library), as_json=as_json)
