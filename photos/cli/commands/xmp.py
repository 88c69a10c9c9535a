"""`photos xmp`: tags and stars in sidecars, for other programs."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation

_dry_run = click.option("-n", "--dry-run", is_flag=True, help="Show what would be done, and do nothing.")


@click.group(short_help="Write tags and stars into XMP sidecars for other programs.")
def xmp() -> None:
    """Write tags and stars into XMP sidecars, the files beside pictures where other programs find them, and undo it.

    Pictures are never changed. `photos help sidecars` lists what is written.
    """


@xmp.command(short_help="Write tags and stars into sidecars.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@options.threshold
@_dry_run
@options.as_json
@pass_invocation
def write(
    invocation: Invocation, paths: tuple[str, ...], threshold: float | None, dry_run: bool, as_json: bool
) -> None:
    """Write the tags of each picture at or below a PATH, or of all pictures, into its sidecar.

    The tags are those that `photos tags` shows, and the stars those of `photos rate`. They are added to an existing
    sidecar: other programs' data stays byte for byte, and only keywords and stars of earlier runs are removed when they
    no longer hold. Without a sidecar, IMG.JPG.xmp is made. Sidecars that need no
    change are not touched. Status 1 if a sidecar was left alone.

    \b
    photos xmp write --dry-run
    photos xmp write ~/Pictures/2019
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.xmp import SidecarProgress, show_write_report
    from photos.operations.tagging.sidecars import WriteRequest, write_sidecars

    progress = SidecarProgress(dry_run=dry_run, as_json=as_json)
    with invocation.open_library(threshold=threshold) as library, progress:
        report = write_sidecars(library, WriteRequest(paths, dry_run), progress)
    show_write_report(report, dry_run=dry_run, as_json=as_json)
    if report.skipped:
        click.get_current_context().exit(1)


@xmp.command(short_help="Put sidecars back as they were.")
@click.option("--run", "number", type=click.IntRange(min=1), metavar="N", help="Run to undo; the last one unless set.")
@_dry_run
@options.as_json
@pass_invocation
def undo(invocation: Invocation, number: int | None, dry_run: bool, as_json: bool) -> None:
    """Put the sidecars of a run back as they were, byte for byte, and remove those that it made.

    A sidecar that another program has changed since is left alone and named, with status 1.
    """
    from photos.cli.views.xmp import SidecarProgress, show_undo_report
    from photos.operations.tagging.sidecars import UndoRequest, undo_sidecars

    with invocation.open_library() as library, SidecarProgress(dry_run=dry_run, as_json=as_json) as progress:
        report = undo_sidecars(library, UndoRequest(number, dry_run), progress)
    show_undo_report(report, dry_run=dry_run, as_json=as_json)
    if report.skipped:
        click.get_current_context().exit(1)


@xmp.command(short_help="List the runs that wrote sidecars.")
@options.as_json
@pass_invocation
def runs(invocation: Invocation, as_json: bool) -> None:
    """List the runs that wrote sidecars, newest first."""
    from photos.cli.views.xmp import show_runs
    from photos.operations.tagging.sidecars import list_runs

    with invocation.open_library() as library:
        show_runs(list_runs(library), as_json=as_json)
