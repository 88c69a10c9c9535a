"""`photos remove`."""

from __future__ import annotations

import click

from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Remove a folder from the library.")
@click.argument("folder")
@pass_invocation
def remove(invocation: Invocation, folder: str) -> None:
    """Remove FOLDER from the library: its photos are no longer found. The folder on disk is not touched.

    Embeddings and tags stay in the catalog until `photos prune` deletes them, so adding the folder again takes
    seconds.
    """
    from photos.cli.kit.format import counted, shown_path
    from photos.operations.folders import remove as remove_folder

    with invocation.open_library() as library:
        result = remove_folder(library, folder)
    click.echo(f"Removed {shown_path(result.path)}: {counted(result.removed, 'photo')} less, {result.left} left.")
