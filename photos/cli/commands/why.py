"""`photos why`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation
from photos.cli.kit.search_options import QueryCommand


@click.command(short_help="Explain a photo's rank in a search.", cls=QueryCommand)
@click.argument("image")
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@options.in_model
@options.as_json
@pass_invocation
def why(invocation: Invocation, image: str, words: tuple[str, ...], model: str | None, as_json: bool) -> None:
    """Explain the score and rank of IMAGE, a photo of the library, in a search for WORDS.

    WORDS are a query as for `photos search`, without filters. The output has the score (the cosine), the logit and the
    probability; the photo's rank in the library; the score that is better than chance there; the part of each term in
    the score; the labels that the words name, with their thresholds and the scores of their prompts; the photo's tags;
    and the photos just before and after it.

    \b
    photos why IMG_2041.jpg beach at sunset
    photos why IMG_2041.jpg dog + beach - people --json
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.format import here
    from photos.cli.views.why import show_explanation
    from photos.operations.searching.explain import ExplainRequest, explain

    with invocation.open_library() as library:
        request = ExplainRequest(image=image, query=words, directory=here(), model=model)
        show_explanation(explain(library, request), as_json=as_json)
