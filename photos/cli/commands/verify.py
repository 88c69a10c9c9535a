"""`photos verify`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Compare disk, catalog and index.")
@click.option("--repair", is_flag=True, help="Make again what is damaged or lacking, and look through the folders.")
@options.as_json
@pass_invocation
def verify(invocation: Invocation, repair: bool, as_json: bool) -> None:
    """Check that disk, catalog and index agree. Status 1 if something is not as it should be.

    Every embedding's checksum and every byte of the index is read; of the files on disk, their sizes and times.
    Nothing is changed without --repair, but that an index file which is damaged or wrong is removed: the next search
    makes it again.
    """
    from photos.cli.kit.format import counted
    from photos.cli.kit.output import write_json
    from photos.cli.views.index import index_and_tell
    from photos.operations.verify import differences

    with invocation.app() as app:
        found = differences(app)
        for difference in found:
            if as_json:
                write_json({"count": difference.count, "what": difference.one, "remedy": difference.remedy})
            else:
                click.echo(f"{counted(difference.count, difference.one, difference.many)}: {difference.remedy}")
        if found and repair:
            with app.catalog.read() as t:
                folders = t.folders.all()
            index_and_tell(app, app.choose_model(None), folders, check_embeddings=True)
            found = differences(app)
        if not found:
            click.echo("Disk, catalog and index agree.", err=True)
            return
        if repair:
            click.echo("Not all of it could be repaired; `photos verify` says what is left.", err=True)
        click.get_current_context().exit(1)
