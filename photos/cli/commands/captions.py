"""`photos captions`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Show the captions and descriptions of photos.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@options.query
@options.top_of_query
@options.as_json
@pass_invocation
def captions(invocation: Invocation, paths: tuple[str, ...], query: str | None, top: int | None, as_json: bool) -> None:
    """Show the captions of the photos at or below each PATH: its file's own, and what each describer says of it.

    Each description has the describer's name, the time, the caption, the words and the text that it read in the
    picture. Words are tags if they are labels in force and the photo's score for them is high enough, or else
    unverified, rejected by you, or unknown. `photos describe` makes them.

    \b
    photos captions IMG_2041.jpg
    photos captions --query has:description --json
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.format import here
    from photos.cli.views.describe import show_captions
    from photos.operations.describing.captions import photo_captions
    from photos.operations.searching.chosen_photos import ChosenPhotos

    if not paths and query is None:
        raise click.UsageError("Name an image, a folder or --query, as in: photos captions IMAGE")
    chosen = ChosenPhotos(photos=paths, query=query, directory=here(), top=top)
    with invocation.open_library() as library:
        show_captions(photo_captions(library, chosen), as_json=as_json)
