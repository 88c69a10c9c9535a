"""`photos status`."""

from __future__ import annotations

import click

from photos.cli import options
from photos.cli.program import Invocation, pass_invocation


@click.command(short_help="What is in the library, and what could not be indexed.")
@click.option("--problems", is_flag=True, help="List every file that could not be indexed, with the reason.")
@options.as_json
@pass_invocation
def status(invocation: Invocation, problems: bool, as_json: bool) -> None:
    """Show the library's folders, photos, checkpoint, vocabulary and index."""
    from photos.cli.standing import show_problems, show_status

    with invocation.app() as app:
        if problems:
            show_problems(app, as_json=as_json)
        else:
            show_status(app, as_json=as_json)
