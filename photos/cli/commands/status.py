"""`photos status`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="What is in the library.")
@options.as_json
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """Show the library's folders, photos, checkpoint, vocabulary and index."""
    from photos.cli.views.status import show_status

    with invocation.app() as app:
        show_status(app, as_json=as_json)
