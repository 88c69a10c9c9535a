"""`photos remove`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Remove a folder from the library.")
@click.argument("folder")
@options.dry_run
@pass_invocation
def remove(invocation: Invocation, folder: str, dry_run: bool) -> None:
    """Remove FOLDER from the library: its photos are no longer found. The folder on disk is not touched.

    Embeddings and tags stay in the catalog until `photos prune` deletes them, so adding the folder again takes
    seconds. A folder inside FOLDER that was added by itself goes with it, and is named.
    """
    from photos.cli.kit.format import counted, shown_path
    from photos.operations.folders import remove as remove_folder

    with invocation.open_library() as library:
        result = remove_folder(library, folder, dry_run=dry_run)
    did = "Would remove" if dry_run else "Removed"
    click.echo(f"{did} {shown_path(result.path)}: {counted(result.removed, 'photo')} less, {result.left} left.")
    for path in result.within:
        click.echo(
            f"{shown_path(path)} was added by itself and goes with it; `photos add` it again to keep it.", err=True
        )
