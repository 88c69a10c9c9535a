"""`photos xmp`: tags in sidecars, for other programs."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation

_dry_run = click.option("-n", "--dry-run", is_flag=True, help="Only say what would be done.")


@click.group(short_help="Write tags into XMP sidecars, for other programs; and undo that.")
def xmp() -> None:
    """Write tags into XMP files beside the pictures, where other programs find them, and undo that.

    No picture is ever changed. docs/sidecars.md says what is written.
    """


@xmp.command(short_help="Write tags into sidecars.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@options.threshold
@_dry_run
@options.as_json
@pass_invocation
def write(
    invocation: Invocation, paths: tuple[str, ...], threshold: float | None, dry_run: bool, as_json: bool
) -> None:
    """Write the tags of each picture at or below a PATH, or of all, into its sidecar.

    These are the tags that `photos tags` shows. To a sidecar that is there they are added: what other programs wrote
    stays to the byte, and only what earlier runs wrote is taken out where it no longer holds. Where there is none,
    IMG.JPG.xmp is made. Nothing is written where nothing changes. Status 1 if a sidecar had to be left as it is.

    \b
    photos xmp write --dry-run
    photos xmp write ~/Pictures/2019
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.xmp import write_and_tell

    with invocation.open_library(threshold=threshold) as app:
        is_whole = write_and_tell(app, paths, is_trial=dry_run, as_json=as_json)
    if not is_whole:
        click.get_current_context().exit(1)


@xmp.command(short_help="Put sidecars back as they were.")
@click.option("--run", "number", type=click.IntRange(min=1), metavar="N", help="Which run; the last one unless set.")
@_dry_run
@options.as_json
@pass_invocation
def undo(invocation: Invocation, number: int | None, dry_run: bool, as_json: bool) -> None:
    """Put the sidecars that a run wrote back as they were, to the byte, and remove those that it made.

    One that another program changed since is left alone and named, with status 1.
    """
    from photos.cli.views.xmp import undo_and_tell

    with invocation.open_library() as app:
        is_whole = undo_and_tell(app, number, is_trial=dry_run, as_json=as_json)
    if not is_whole:
        click.get_current_context().exit(1)


@xmp.command(short_help="List the runs that wrote sidecars.")
@options.as_json
@pass_invocation
def runs(invocation: Invocation, as_json: bool) -> None:
    """List the runs that wrote sidecars, newest first."""
    from photos.cli.views.xmp import show_runs

    with invocation.open_library() as app:
        show_runs(app, as_json=as_json)
