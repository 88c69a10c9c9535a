"""`photos prune`."""

from __future__ import annotations

import click

from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Delete what is kept of photos that are long gone.")
@click.option(
    "--older-than",
    "keep_days",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Delete what has been gone for so long, rather than for the setting keep_days (30).",
)
@click.option("-n", "--dry-run", is_flag=True, help="Only say how much it would be.")
@pass_invocation
def prune(invocation: Invocation, keep_days: float | None, dry_run: bool) -> None:
    """Delete the embeddings and tags of photos whose files have been gone for 30 days.

    Until then a photo that comes back is found again at once, with its tags. Nothing else ever deletes them, and no
    file in your folders is touched.
    """
    from photos.cli.kit.format import counted
    from photos.errors import EmptyLibrary
    from photos.operations.prune import prune as delete_gone

    with invocation.app(keep_days=keep_days) as app:
        if app.is_new:
            raise EmptyLibrary(app.settings.library)
        pruned = delete_gone(app, is_trial=dry_run)
        days = f"{app.settings.keep_days:g}"
    done = "Would delete" if dry_run else "Deleted"
    tagged = f", {pruned.tagged} of them tagged by hand" if pruned.tagged else ""
    kept = f"; {counted(pruned.kept, 'photo')} that went later kept" if pruned.kept else ""
    click.echo(f"{done} {counted(pruned.photos, 'photo')} gone for more than {days} days{tagged}{kept}.")
