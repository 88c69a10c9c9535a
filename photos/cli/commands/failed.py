"""`photos failed`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="List the files that could not be indexed.")
@click.option("--retry", is_flag=True, help="Read all of them again now.")
@options.as_json
@pass_invocation
def failed(invocation: Invocation, retry: bool, as_json: bool) -> None:
    """List every file that could not be indexed (unsupported, damaged, too large or failed), with the reason.

    A file is read again when it changes, and all are when this program or one of its decoders was upgraded. Files that
    failed because of a disk error are tried again each time.
    """
    from photos.cli.views.index import index_progress, show_problems, show_result
    from photos.operations.index import failed as failed_files
    from photos.operations.index import retry_failed

    with invocation.open_library() as library:
        if not retry:
            show_problems(failed_files(library), as_json=as_json)
            return
        with index_progress(as_json=as_json) as progress:
            result = retry_failed(library, progress)
    show_result(result, as_json=as_json)
