"""`photos search`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photos.cli import options
from photos.cli.program import Invocation, pass_invocation

if TYPE_CHECKING:
    from photos.app import App


@click.command(short_help="Find photos by a description.")
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@options.top
@options.as_json
@options.paths_only
@options.print0
@click.option(
    "--save-as-label",
    "label",
    metavar="NAME",
    help="Make WORDS a label of the main vocabulary, too, or as birds:NAME of one beside it.",
)
@pass_invocation
def search(
    invocation: Invocation,
    words: tuple[str, ...],
    top: int | None,
    as_json: bool,
    paths_only: bool,
    print0: bool,
    label: str | None,
) -> None:
    """Find the photos that look most like WORDS, best first.

    Write what would be seen in the photo, in a few plain words; case does not matter. There is always a best photo, so
    look at the scores: `score` is the cosine of text and photo, `probability` what the model makes of it.

    \b
    photos search beach at sunset
    photos search "red car" --top 50 --paths > red-cars.txt
    photos search birthday cake -0 | xargs -0 cp -t /tmp/cakes
    photos search a grey cat on a red sofa --save-as-label "our cat"
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.answering import answer
    from photos.asking import SearchRequest
    from photos.cli.render import here
    from photos.cli.results import show_matches

    with invocation.app(top=top) as app:
        request = SearchRequest(words=words, directory=here(), top=app.settings.top)
        found = answer(app, request)
        for note in found.notes:
            click.echo(note, err=True)
        if label is not None:
            _save(app, label, " ".join(words))
        show_matches(found.matches, of_text=found.of_text, as_json=as_json, paths_only=paths_only, nul=print0)


def _save(app: App, label: str, text: str) -> None:
    from photos import vocabularies
    from photos.cli.retagging import sentence
    from photos.indexing import tag_again

    revision, namespace = vocabularies.with_label(app.catalog, label, text)
    # Beside the results, which may go to another program.
    click.echo(sentence(revision, tag_again(app, revision, namespace=namespace), namespace), err=True)
