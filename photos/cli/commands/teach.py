"""`photos teach`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.multi_options import Several
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(cls=Several, short_help="Teach a label by photos that show it.")
@click.argument("name")
@click.option("--yes", metavar="IMAGE...", multiple=True, help="Photos that show it.")
@click.option("--no", metavar="IMAGE...", multiple=True, help="Photos that do not, though they may look like it.")
@click.option("--forget", metavar="IMAGE...", multiple=True, help="Photos that shall no longer be examples.")
@click.option("--dry-run", is_flag=True, help="Show what it would be on, and keep nothing.")
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

    The photos are blended with what the words of NAME mean: the more of them there are, and the less the words say of
    them, the more they count. Teaching again adds to what is known. The label is one of the main vocabulary, or as
    birds:NAME of one beside it, in a new revision, so `photos vocab rollback` takes it back; the photos that you name
    have your own word for it, too, as `photos tag` gives it.

    With NAME alone: what it was taught, and how it does.

    \b
    photos teach "our cat" --yes tom/*.jpg --no IMG_2001.jpg IMG_2002.jpg
    photos teach "our cat" --yes IMG_3001.jpg --dry-run
    photos teach "our cat"
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.teach import show_and_tell, teach_and_tell

    with invocation.open_library() as app:
        if yes or no or forget:
            teach_and_tell(app, name, yes, no, forget, is_trial=dry_run, as_json=as_json)
        else:
            show_and_tell(app, name, as_json=as_json)
