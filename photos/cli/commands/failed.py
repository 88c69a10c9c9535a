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
    """List every file that could not be indexed: unsupported, damaged, too large or failed, and why.

    A file is read again when it changes, and every one is when this program or a decoder in it was upgraded. Files that
    failed because a disk did are tried again each time.
    """
    from photos.cli.views.index import index_and_tell
    from photos.cli.views.status import show_problems
    from photos.errors import EmptyLibrary

    with invocation.app() as app:
        if not retry:
            show_problems(app, as_json=as_json)
            return
        if app.is_new:
            raise EmptyLibrary(app.settings.library)
        with app.catalog.write() as t:
            t.files.forget_problems()
            folders = t.folders.all()
        index_and_tell(app, app.choose_model(None), folders)
