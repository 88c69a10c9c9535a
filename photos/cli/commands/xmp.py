"""`photos xmp`: tags, stars and captions in sidecars, for other programs."""

from __future__ import annotations

from typing import Final

import click

from photos.cli.kit import options
from photos.cli.kit.paths import is_path
from photos.cli.kit.program import Invocation, pass_invocation

#: `--captions` without a NAME.
_NEWEST: Final = ""
_dry_run = click.option("-n", "--dry-run", is_flag=True, help="Show what would be done, and do nothing.")


@click.group(short_help="Write tags and stars into XMP sidecars for other programs.")
def xmp() -> None:
    """Write tags and stars into XMP sidecars, the files beside pictures where other programs find them, and undo it.

    Pictures are never changed. `photos help sidecars` lists what is written.
    """


@xmp.command(short_help="Write tags and stars into sidecars.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@options.threshold
@click.option(
    "--captions",
    is_flag=False,
    flag_value=_NEWEST,
    metavar="[NAME]",
    help="Also write the captions of describers, of that NAME or the newest, where a picture has none of its own.",
)
@_dry_run
@options.share
@options.as_json
@pass_invocation
def write(
    invocation: Invocation,
    paths: tuple[str, ...],
    threshold: float | None,
    captions: str | None,
    dry_run: bool,
    queue: bool | None,
    as_json: bool,
) -> None:
    """Write the tags of each picture at or below a PATH, or of all pictures, into its sidecar.

    The tags are those that `photos tags` shows, and the stars those of `photos rate`. They are added to an existing
    sidecar: other programs' data stays byte for byte, and only keywords and stars of earlier runs are removed when they
    no longer hold. Without a sidecar, IMG.JPG.xmp is made. Sidecars that need no
    change are not touched. Status 1 if a sidecar was left alone.

    With --captions, pictures without a caption in the file or the sidecar get that of a describer (`photos captions`).
    Captions of people are never replaced; one that an earlier run wrote is replaced or, where there is none to write
    any more, removed. Without --captions, all captions stay. A NAME that is a path counts as a PATH.

    With --queue, workers write the sidecars, as one run, and this command waits for them.

    \b
    photos xmp write --dry-run
    photos xmp write ~/Pictures/2019
    photos xmp write ~/Pictures/2019 --captions
    photos xmp write --captions qwen3-vl:2b@localhost:11434
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.xmp import SidecarProgress, show_write_report
    from photos.operations.tagging.sidecars import WriteRequest, write_sidecars
    from photos.sidecars import CaptionsBy

    if captions and is_path(captions):
        paths, captions = (captions, *paths), _NEWEST
    by = None if captions is None else CaptionsBy(captions or None)
    progress = SidecarProgress(dry_run=dry_run, as_json=as_json)
    with invocation.open_library(threshold=threshold, queue=queue) as library, progress:
        report = write_sidecars(library, WriteRequest(paths, dry_run, by), progress)
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
