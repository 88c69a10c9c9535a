"""`photos status`."""

from __future__ import annotations

import click

from photos.cli import options
from photos.cli.program import Invocation, pass_invocation


@click.command(short_help="What is in the library.")
@options.as_json
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """Show the library's folders, photos, checkpoint, vocabulary and index."""
    from photos.cli.standing import show_status

    with invocation.app() as app:
        show_status(app, as_json=as_json)
