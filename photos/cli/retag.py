"""`photos retag`."""

from __future__ import annotations

import click

from photos.cli.program import Invocation, pass_invocation


@click.command(short_help="Tag all photos again from their stored embeddings.")
@click.option(
    "--vocabulary",
    metavar="FILE|NAME",
    help="Use this vocabulary from now on: a text or CSV file, or a name from `photos vocab list`.",
)
@pass_invocation
def retag(invocation: Invocation, vocabulary: str | None) -> None:
    """Score the stored embeddings against a vocabulary again. No picture is opened.

    Without --vocabulary it is the one in force, or that of a re-tag which was interrupted. All tags stay as they were
    until all photos have their new ones. Only automatic tags change; your own and those you rejected stay.

    \b
    photos retag --vocabulary birds.txt
    photos retag --vocabulary photographic
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos import vocabularies
    from photos.cli.retagging import retag_and_tell

    with invocation.app() as app:
        space = app.space
        if vocabulary is None:
            with app.catalog.read() as t:
                reference = t.library.model() or space.identity.model
                revision = vocabularies.awaited(t, space)
            revision = revision or vocabularies.ensure_one(app.catalog, reference)
        else:
            revision = vocabularies.named(app.catalog, vocabulary)
        retag_and_tell(app, revision)
