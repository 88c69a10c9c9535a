"""`photos why`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation
from photos.cli.kit.query_options import QueryCommand


@click.command(short_help="Explain a photo's place among the answers.", cls=QueryCommand)
@click.argument("image")
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@options.as_json
@pass_invocation
def why(invocation: Invocation, image: str, words: tuple[str, ...], as_json: bool) -> None:
    """Explain how WORDS and IMAGE, a photo of the library, go together.

    WORDS are a query as `photos search` takes it, without filters. Shown are the score (the cosine), the logit and the
    probability; the photo's rank in the library; from which score on anything stands out there; what each term adds to
    the score; the labels that the words name, from which score each counts, and which of its prompts fits best; the
    photo's tags; and the photos just before and after it.

    \b
    photos why IMG_2041.jpg beach at sunset
    photos why IMG_2041.jpg dog + beach - people --json
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.why import explain_and_tell

    with invocation.open_library() as app:
        explain_and_tell(app, image, words, as_json=as_json)
