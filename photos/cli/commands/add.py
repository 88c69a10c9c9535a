"""`photos add`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, lower_priority, pass_invocation


@click.command(short_help="Add folders to the library and index them.")
@click.argument("folders", nargs=-1, metavar="FOLDER...")
@click.option(
    "--exclude",
    "excludes",
    multiple=True,
    metavar="PATTERN",
    help="Skip files that match (gitignore syntax, repeatable). "
    "Replaces the folder's earlier patterns; '' clears them.",
)
@click.option(
    "--moved",
    nargs=2,
    multiple=True,
    metavar="OLD NEW",
    help="Change a folder's path after it was moved. Its photos keep their embeddings and tags.",
)
@options.model
@options.device
@options.backend
@options.precision
@options.patches
@options.workers
@options.threads
@options.queue
@options.no_wait
@options.nice
@options.dry_run
@options.json_events
@pass_invocation
def add(
    invocation: Invocation,
    folders: tuple[str, ...],
    excludes: tuple[str, ...],
    moved: tuple[tuple[str, str], ...],
    model: str | None,
    device: str | None,
    backend: str | None,
    precision: str | None,
    patches: int | None,
    workers: int | None,
    threads: int | None,
    queue: bool | None,
    no_wait: bool,
    nice: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Register folders, with all below them, and index them now.

    The folders are only read. You can interrupt the command at any time: finished work is kept, and the same command
    goes on from there. A file that cannot be indexed is skipped; `photos failed` lists such files with the reasons.

    It skips hidden files, files that programs keep beside pictures, files that match a `.photosignore` file in any
    of the folders (syntax of .gitignore), and folders with a `.nomedia` file.

    A new library uses --model, or the `model` setting. Without both it uses google/siglip2-base-patch16-256, or with a
    GPU google/siglip2-so400m-patch16-384. The model must be on this machine: only `photos model download` downloads.

    \b
    photos add ~/Pictures
    photos add ~/Pictures /mnt/camera --model google/siglip2-so400m-patch16-384
    photos add ~/Pictures --exclude "*.png" --exclude "scans/"
    photos add ~/Pictures --dry-run
    photos add --moved /mnt/old/Pictures /mnt/new/Pictures
    """  # noqa: D301 - Click keeps the lines after \b
    from photos.cli.views.index import index_progress, show_result
    from photos.operations.indexing.index import AddRequest
    from photos.operations.indexing.index import add as add_folders

    if not folders and (dry_run or not moved):
        raise click.UsageError("Missing argument 'FOLDER...'.")
    if dry_run and moved:
        raise click.UsageError("--dry-run goes with folders, not with --moved.")
    if dry_run:
        _preview(invocation, folders, excludes, as_json=as_json)
        return
    lower_priority(nice)
    request = AddRequest(folders, excludes, moved, model, patches, waits=not no_wait)
    with (
        invocation.open_library(
            device=device, backend=backend, precision=precision, workers=workers, threads=threads, queue=queue
        ) as library,
        index_progress(as_json=as_json) as progress,
    ):
        result = add_folders(library, request, progress)
    show_result(result, as_json=as_json)


def _preview(invocation: Invocation, folders: tuple[str, ...], excludes: tuple[str, ...], *, as_json: bool) -> None:
    from photos.cli.views.index import show_add_previews
    from photos.operations.indexing.add_preview import preview_add

    with invocation.open_library() as library:
        show_add_previews(preview_add(library, folders, excludes), as_json=as_json)
