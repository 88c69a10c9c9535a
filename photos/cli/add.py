"""`photos add`."""

from __future__ import annotations

import click

from photos.cli import options
from photos.cli.program import Invocation, pass_invocation


@click.command(short_help="Index folders, from now on part of the library.")
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...")
@options.model
@options.device
@options.precision
@options.workers
@pass_invocation
def add(
    invocation: Invocation,
    folders: tuple[str, ...],
    model: str | None,
    device: str | None,
    precision: str | None,
    workers: int | None,
) -> None:
    """Register folders, with all below them, and index them now.

    The folders are only read. Interrupt it whenever you like: what is done is kept, and the same command goes on.
    Files that cannot be indexed cost nothing but themselves; `photos status --problems` lists them with the reasons.

    A new library uses --model, or the `model` setting, or else google/siglip2-base-patch16-256, with a GPU
    google/siglip2-so400m-patch16-384. It must be on this machine: only `photos model download` downloads.

    \b
    photos add ~/Pictures
    photos add ~/Pictures /mnt/camera --model google/siglip2-so400m-patch16-384
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos import folders as naming
    from photos.cli.indexing import index_and_tell

    paths = [naming.checked(folder) for folder in folders]
    with invocation.app(device=device, precision=precision, workers=workers) as app:
        chosen = app.choose_model(model)
        with app.catalog.write() as t:
            registered = [naming.register(t, path) for path in paths]
        index_and_tell(app, chosen, list(dict.fromkeys(registered)))
