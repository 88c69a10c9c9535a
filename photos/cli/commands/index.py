"""`photos index`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Bring the library up to date with the disk.")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@options.device
@options.workers
@options.threads
@options.nice
@options.json_events
@options.confirm_removals
@pass_invocation
def index(
    invocation: Invocation,
    folders: tuple[str, ...],
    device: str | None,
    workers: int | None,
    threads: int | None,
    nice: int,
    as_json: bool,
    confirm_removals: bool,
) -> None:
    """Find what is new, changed, moved or gone in the folders that were added, or in those named.

    A folder that is missing, unreadable or suddenly empty is taken to be offline, and nothing of it is forgotten. Where
    more than a hundred photos, and more than a tenth of a folder's, are gone at once, --confirm-removals is needed.
    """
    from photos.cli.views.index import give_way, index_and_tell
    from photos.errors import EmptyLibrary
    from photos.operations import folders as naming

    with invocation.app(device=device, workers=workers, threads=threads) as app:
        if app.is_new:
            raise EmptyLibrary(app.settings.library)
        with app.catalog.read() as t:
            chosen = [naming.registered(t, naming.absolute(folder)) for folder in folders] or t.folders.all()
        if not chosen:
            raise EmptyLibrary(app.settings.library)
        give_way(nice)
        unique = list(dict.fromkeys(chosen))
        index_and_tell(app, app.choose_model(None), unique, confirm_removals=confirm_removals, as_json=as_json)
