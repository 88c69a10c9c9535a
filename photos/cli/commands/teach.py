"""`photos teach`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.multi_options import MultiValueCommand
from photos.cli.kit.program import Invocation, pass_invocation
from photos.errors import ContradictoryExamples


@click.command(cls=MultiValueCommand, short_help="Teach a label by photos that show it.")
@click.argument("name")
@click.option("--yes", metavar="IMAGE...", multiple=True, help="Photos that show it.")
@click.option("--no", metavar="IMAGE...", multiple=True, help="Photos that do not, though they may look like it.")
@click.option("--forget", metavar="IMAGE...", multiple=True, help="Photos that are no examples any more.")
@click.option("--dry-run", is_flag=True, help="Show which photos the label would be on, and keep nothing.")
@options.as_json
@pass_invocation
def teach(
    invocation: Invocation,
    name: str,
    yes: tuple[str, ...],
    no: tuple[str, ...],
    forget: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Teach the label NAME by photos of the library, and tag the whole library with it at once.

    The photos are blended with the words of NAME: the more photos there are, and the less the words fit them, the more
    the photos count. Teaching again adds to the earlier examples. The label belongs to the main vocabulary, or as
    birds:NAME to the one in that slot, in a new revision, so `photos vocab rollback` takes it back. The photos
    also get the label as a tag of yours, as from `photos tag`.

    With NAME alone: list its examples, and show how it scores.

    \b
    photos teach "our cat" --yes tom/*.jpg --no IMG_2001.jpg IMG_2002.jpg
    photos teach "our cat" --yes IMG_3001.jpg --dry-run
    photos teach "our cat"
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.output import write_json
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.retag import show_retags
    from photos.cli.views.teach import taught_lines
    from photos.operations.tagging import teach as operation
    from photos.records.vocabularies import taught_label_record

    request = operation.TeachRequest(label=name, yes=yes, no=no, forget=forget, dry_run=dry_run)
    with invocation.open_library() as library, ProgressBars() as progress:
        try:
            taught = (
                operation.teach(library, request, progress)
                if yes or no or forget
                else operation.show_taught(library, name)
            )
        except ContradictoryExamples as error:
            raise click.UsageError(str(error)) from None
    if taught.retag is not None:
        show_retags(taught.retag, err=as_json)
    if as_json:
        write_json(taught_label_record(taught))
    else:
        for line in taught_lines(taught):
            click.echo(line)
    if not taught.is_kept:
        click.echo("Nothing was kept; the same without --dry-run keeps it.", err=True)
