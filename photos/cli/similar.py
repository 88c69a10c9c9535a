"""`photos similar`."""

from __future__ import annotations

import click

from photos.cli import options
from photos.cli.program import Invocation, pass_invocation


@click.command(short_help="Find photos that look like a picture.")
@click.argument("image")
@options.top
@options.as_json
@options.paths_only
@options.print0
@pass_invocation
def similar(invocation: Invocation, image: str, top: int | None, as_json: bool, paths_only: bool, print0: bool) -> None:
    """Find the photos that look most like IMAGE, best first.

    IMAGE may be any picture. If it is in the library its stored embedding is used, and it is not among the results.
    """
    from photos.cli.results import show_matches
    from photos.pictures import find_similar
    from photos.records import match_record

    with invocation.app(top=top) as app:
        found = find_similar(app, image, app.settings.top)
        records = [match_record(match) for match in found]
        show_matches(records, of_text=False, as_json=as_json, paths_only=paths_only, nul=print0)
