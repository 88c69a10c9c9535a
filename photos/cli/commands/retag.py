"""`photos retag`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Tag all photos again from their stored embeddings.")
@click.option(
    "--vocabulary",
    metavar="FILE|NAME",
    help="Use this vocabulary from now on: a text or CSV file, or a name from `photos vocab list`.",
)
@options.namespace
@pass_invocation
def retag(invocation: Invocation, vocabulary: str | None, namespace: str | None) -> None:
    """Score the stored embeddings against a vocabulary again. No picture is opened.

    Without --vocabulary it is each one in force, or that of a re-tag which was interrupted; with --as alone, the one
    under that namespace. All tags stay as they were until all photos have their new ones. Only automatic tags change;
    your own and those you rejected stay.

    \b
    photos retag --vocabulary birds.txt
    photos retag --vocabulary photographic
    photos retag --vocabulary birds.txt --as birds
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.retag import retag_all_and_tell, retag_and_tell
    from photos.operations import vocabularies
    from query import checked_namespace

    with invocation.open_library() as app:
        _ = app.space
        name = None if namespace is None else checked_namespace(namespace)
        if vocabulary is None:
            retag_all_and_tell(app, name)
        else:
            retag_and_tell(app, vocabularies.named(app.catalog, vocabulary), namespace=name or "")
