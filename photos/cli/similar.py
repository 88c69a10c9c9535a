"""`photos similar`."""

from __future__ import annotations

import click

from photos.cli import options
from photos.cli.presenting import Presentation, presentation_options
from photos.cli.program import Invocation, pass_invocation


@click.command(short_help="Find photos that look like a picture.")
@click.argument("image")
@options.top
@options.group
@presentation_options
@pass_invocation
def similar(invocation: Invocation, image: str, top: int | None, group: bool, presentation: Presentation) -> None:
    """Find the photos that look most like IMAGE, best first.

    IMAGE may be any picture. If it is in the library its stored embedding is used, and it is not among the results.
    """
    from photos.cli.results import present
    from photos.pictures import find_similar, find_similar_groups
    from photos.records import match_record

    with invocation.app(top=top) as app:
        count = app.settings.top
        found = (
            find_similar_groups(app, image, count) if group else [[each] for each in find_similar(app, image, count)]
        )
        records = [match_record(best, more) for best, *more in found]
        present(records, presentation, title=f"Like {image}", of_text=False)
