"""`photos retag`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Tag all photos again from their stored embeddings.")
@click.option(
    "--vocabulary",
    metavar="FILE|NAME",
    help="Use this vocabulary from now on: a text or CSV file, or a name from `photos vocab list`.",
)
@options.slot
@options.share
@pass_invocation
def retag(invocation: Invocation, vocabulary: str | None, slot: str | None, queue: bool | None) -> None:
    """Score the stored embeddings with a vocabulary again. No picture is opened.

    Without --vocabulary, every vocabulary in force is brought up to date, and interrupted re-tags go on; with --as
    alone, only the vocabulary in that slot is. Tags stay as they are until all photos have their new ones. Only
    automatic tags change: tags that you added or rejected stay.

    With --queue, workers score the photos, and this command waits for them. It does what they leave; if it is
    interrupted, they go on.

    \b
    photos retag --vocabulary birds.txt
    photos retag --vocabulary photographic
    photos retag --vocabulary birds.txt --as birds
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.retag import show_retags
    from photos.operations.tagging import retag as operation

    request = operation.RetagRequest(vocabulary=vocabulary, slot=slot)
    with invocation.open_library(queue=queue) as library, ProgressBars() as progress:
        result = operation.retag(library, request, progress)
    show_retags(result)
