"""`photos search`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, native_noise_hushed, pass_invocation
from photos.cli.kit.query_options import QueryCommand, filter_options, words_of
from photos.cli.kit.result_options import Presentation, checked_score, presentation_options

if TYPE_CHECKING:
    from photos.library import OpenLibrary


@click.command(short_help="Find photos by a description, pictures and filters.", cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[WORDS...]")
@options.top
@click.option("--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Pass over the N best.")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "date"]),
    default="relevance",
    help="The order of the photos that are shown: best first, unless set, or newest first.",
)
@click.option(
    "--min-score",
    callback=checked_score,
    metavar="X|auto",
    help="Leave out photos whose score, a cosine, is below X; or with `auto`, is no more than chance in this library.",
)
@options.group
@click.option(
    "--exact",
    is_flag=True,
    help="Look at every photo; otherwise, among 300 000 or more, one in a thousand may be missing from an answer.",
)
@presentation_options
@click.option(
    "--save-as-label",
    "label",
    metavar="NAME",
    help="Make WORDS a label of the main vocabulary, too, or as birds:NAME of one beside it.",
)
@filter_options
@pass_invocation
def search(
    invocation: Invocation,
    /,
    words: tuple[str, ...],
    top: int | None,
    offset: int,
    sort: str,
    min_score: float | str | None,
    group: bool,
    exact: bool,
    presentation: Presentation,
    label: str | None,
    like: Sequence[str],
    negated: Sequence[str],
    **filters: Sequence[str],
) -> None:
    """Find the photos that look most like WORDS, best first, among those that filters leave.

    Write what would be seen in the photo, in a few plain words; case does not matter. There is always a best photo, so
    look at the scores: `score` is the cosine of the query and the photo, `probability` what the model makes of a text.
    Where the best is no more than chance in this library, it is said.

    \b
    photos search beach at sunset
    photos search dog + beach - people              what begins with a sign is added or taken away
    photos search 2:dog 0.5:snow                    and may weigh more or less
    photos search ./like.jpg - snow                 a picture's path begins with ./, ../, ~/ or /; or --like
    photos search "red car" -tag:night in:2019/Italy after:2019-06 rating:4..
    photos search year:2021 month:dec is:duplicate  filters alone list photos, newest first

    Filters are NAME:VALUE, or the options below; NAME:VALUE|VALUE is either, a dash before it none of them, and
    a..b, a.., ..b, >a and <b are ranges; a shell wants quotes around |, > and <. docs/searching.md has all of the
    language.

    \b
    photos search "red car" --min-score auto --group --sheet red-cars.html
    photos search "red car" --top 50 --paths > red-cars.txt
    photos search birthday cake --copy-to /tmp/cakes
    photos search a grey cat on a red sofa --save-as-label "our cat"
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.ask_daemon import answered_elsewhere
    from photos.cli.kit.format import here
    from photos.cli.views.search import present
    from photos.errors import NothingFound
    from photos.operations.requests import SearchRequest

    settings = invocation.settings(top=top)
    query = (*words, *words_of(like, negated, filters))
    request = SearchRequest(
        words=query,
        directory=here(),
        top=settings.top,
        offset=offset,
        sort=sort,
        min_score=None if isinstance(min_score, str) else min_score,
        stands_out=isinstance(min_score, str),
        group=group,
        exact=exact,
    )
    found = answered_elsewhere(settings.library, request, debug=invocation.debug) if label is None else None
    if found is None:
        # What a search computes is too little for several threads of numpy's, which wait for each other by spinning.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with invocation.open_library(top=top) as app:
            from photos.operations.search import answer, label_text

            text = None if label is None else label_text(query)
            found = answer(app, request)
            if label is not None and text is not None:
                _save(app, label, text)
    for note in found.notes:
        click.echo(note, err=True)
    if not found.matches and found.reason is not None:
        raise NothingFound(found.reason)
    # Sheets and previews decode pictures, which is not always done in silence.
    with nullcontext() if invocation.debug else native_noise_hushed():
        present(found.matches, presentation, title=found.title, of_text=found.of_text, first=offset + 1)


def _save(app: OpenLibrary, label: str, text: str) -> None:
    from photos.cli.views.retag import finish_and_tell
    from photos.operations.vocabulary_changes import with_label

    revision, namespace = with_label(app.catalog, label, text)
    # Beside the results, which may go to another program.
    finish_and_tell(app, revision, namespace, beside=True)
