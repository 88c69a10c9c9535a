"""`photos verify`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Compare disk, catalog and index.")
@click.option("--repair", is_flag=True, help="Make damaged or missing data again, and index all folders.")
@options.as_json
@pass_invocation
def verify(invocation: Invocation, repair: bool, as_json: bool) -> None:
    """Check that disk, catalog and index agree. Exit status 1 if they differ.

    It reads the embeddings, the scores and every byte of the index of each model; of the files on disk, their sizes and
    times.
    Without --repair nothing is changed, except that a damaged or wrong index is removed: the next search makes it
    again; on a server, the next pass.
    """
    from photos.cli.views.checks import show_verification
    from photos.cli.views.index import index_progress
    from photos.operations.verify import VerifyRequest
    from photos.operations.verify import verify as compare

    with invocation.open_library() as library, index_progress(as_json=False) as progress:
        result = compare(library, VerifyRequest(repair=repair), progress)
    show_verification(result, as_json=as_json)
    if result.left:
        click.get_current_context().exit(1)
