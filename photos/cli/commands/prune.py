"""`photos prune`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.confirm import confirm, yes
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Delete the data of photos that are long gone.")
@click.option(
    "--older-than",
    "keep_days",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Delete what has been gone for DAYS, instead of for the setting keep_days (30).",
)
@options.dry_run
@yes
@options.as_json
@pass_invocation
def prune(invocation: Invocation, keep_days: float | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete the embeddings and tags of photos whose files have been gone for 30 days.

    Until then a photo that comes back is found again at once, with its tags. Nothing else ever deletes them, and no
    file in your folders is touched.

    What cannot be made again is deleted only after a question, or with --yes: tags and stars by hand, and photos that
    have been gone for fewer days than the setting keep_days.
    """
    from photos.cli.views.checks import pruning_question, show_pruned
    from photos.operations.indexing.prune import PruneRequest
    from photos.operations.indexing.prune import prune as delete_gone

    is_early = keep_days is not None and keep_days < invocation.settings().keep_days
    with invocation.open_library(keep_days=keep_days) as library:
        if not (yes or dry_run):
            would = delete_gone(library, PruneRequest(dry_run=True))
            if would.tagged or (would.deleted and is_early):
                confirm(pruning_question(would))
        show_pruned(delete_gone(library, PruneRequest(dry_run=dry_run)), as_json=as_json)
