"""`photos index`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, lower_priority, pass_invocation


@click.command(short_help="Bring the library up to date with the disk.")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@options.device
@options.backend
@options.workers
@options.threads
@options.queue
@options.no_wait
@options.nice
@options.json_events
@options.confirm_removals
@pass_invocation
def index(
    invocation: Invocation,
    folders: tuple[str, ...],
    device: str | None,
    backend: str | None,
    workers: int | None,
    threads: int | None,
    queue: bool | None,
    no_wait: bool,
    nice: int,
    as_json: bool,
    confirm_removals: bool,
) -> None:
    """Index new, changed and moved files, and forget missing ones, in all folders of the library or in those named.

    FOLDER is a folder that was added, or one within it or around it.

    A folder that is missing, unreadable or suddenly empty is taken to be offline, and its photos are kept. If more than
    a hundred photos, and more than a tenth of a folder's, are missing at once, --confirm-removals is needed.
    """
    from photos.cli.views.index import index_progress, show_result
    from photos.operations.indexing.index import IndexRequest
    from photos.operations.indexing.index import index as index_folders

    lower_priority(nice)
    request = IndexRequest(folders, confirm_removals=confirm_removals, waits=not no_wait)
    with (
        invocation.open_library(
            device=device, backend=backend, workers=workers, threads=threads, queue=queue
        ) as library,
        index_progress(as_json=as_json) as progress,
    ):
        result = index_folders(library, request, progress)
    show_result(result, as_json=as_json)
