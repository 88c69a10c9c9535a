"""`photos tags`."""

from __future__ import annotations

import click

from photos.cli import options
from photos.cli.program import Invocation, pass_invocation


@click.command(short_help="The tags of photos, or of the library.")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@options.threshold
@click.option("--history", is_flag=True, help="What was said of the tags of each IMAGE by hand, and when.")
@options.as_json
@pass_invocation
def tags(
    invocation: Invocation, images: tuple[str, ...], threshold: float | None, history: bool, as_json: bool
) -> None:
    """Show the tags of each IMAGE with their scores, or without one, the library's tags and how many photos have them.

    Scores are kept from low on, so --threshold moves at once, in both directions.
    """
    from photos.cli.tagged import show_counts, show_history, show_tags

    if history and not images:
        raise click.UsageError("--history needs an IMAGE.")
    with invocation.app(threshold=threshold) as app:
        if history:
            show_history(app, images, as_json=as_json)
        elif images:
            show_tags(app, images, as_json=as_json)
        else:
            show_counts(app, as_json=as_json)
