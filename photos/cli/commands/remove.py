"""`photos remove`."""

from __future__ import annotations

import click

from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Forget a folder.")
@click.argument("folder")
@pass_invocation
def remove(invocation: Invocation, folder: str) -> None:
    """Forget FOLDER: its photos are no longer found. The folder itself is not touched.

    Embeddings and tags stay in the catalog until `photos prune` deletes them, so that adding the folder again takes
    seconds.
    """
    from photos.cli.kit.format import counted, shown_path
    from photos.errors import UnknownFolder
    from photos.operations import folders as naming

    with invocation.app() as app:
        path = naming.absolute(folder)
        if app.is_new:
            raise UnknownFolder(folder, ())
        with app.catalog.write() as t:
            before = t.photos.count()
            t.folders.remove(naming.registered(t, path).id)
            left = t.photos.count()
    click.echo(f"Forgot {shown_path(path)}: {counted(before - left, 'photo')} less, {left} left.")
