"""`photos search`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, native_noise_hushed, pass_invocation
from photos.cli.kit.search_options import (
    Presentation,
    QueryCommand,
    check_amount,
    checked_score,
    filter_options,
    leaves_terminal,
    presentation_options,
    words_of,
)

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from photos.operations.searching.requests import SearchRequest


@click.command(short_help="Find photos by a description, pictures and filters.", cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[WORDS...]")
@options.top
@options.show_all
@click.option("--count", "count_only", is_flag=True, help="Print only the number of photos that are found.")
@click.option("--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Skip the N best.")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "date"]),
    default="relevance",
    help="The order of the photos shown: best first unless set, or newest first.",
)
@click.option(
    "--min-score",
    callback=checked_score,
    metavar="X|auto",
    help="Leave out photos with a score, a cosine, below X; `auto`: with a score no better than chance here.",
)
@options.group
@options.in_model
@click.option(
    "--exact",
    is_flag=True,
    help="Compare with every photo; otherwise, among 300 000 or more, one in a thousand may be missing.",
)
@click.option(
    "--with-captions",
    is_flag=True,
    help="Order photos by their captions, too, with a third of the pictures' weight. Scores stay the pictures' own.",
)
@presentation_options
@click.option(
    "--save-as-label",
    "label",
    metavar="NAME",
    help="Also add WORDS as a label to the main vocabulary, or to another one as birds:NAME.",
)
@click.option("--save-as", metavar="NAME", help="Also save the query under a name; see `photos saved`.")
@click.option("--saved", metavar="SEARCH", help="Search for a query that was saved, in place of WORDS and filters.")
@filter_options
@pass_invocation
def search(
    invocation: Invocation,
    /,
    words: tuple[str, ...],
    top: int | None,
    show_all: bool,
    count_only: bool,
    offset: int,
    sort: str,
    min_score: float | str | None,
    group: bool,
    model: str | None,
    exact: bool,
    with_captions: bool,
    presentation: Presentation,
    label: str | None,
    save_as: str | None,
    saved: str | None,
    like: Sequence[str],
    negated: Sequence[str],
    **filters: Sequence[str],
) -> None:
    """Find the photos that look most like WORDS, best first, among those that the filters leave.

    Describe what the photo shows in a few plain words; case does not matter. Some photo is always the best, so look at
    the scores: `score` is the cosine of the query and the photo, `probability` the model's probability for a text. A
    note says if even the best score is no better than chance in this library.

    \b
    photos search beach at sunset
    photos search dog + beach - people              signs add a term or take it away
    photos search 2:dog 0.5:snow                    and weights give it more or less effect
    photos search ./like.jpg - snow                 a picture's path begins with ./, ../, ~/ or /; or --like
    photos search "red car" -tag:night in:2019/Italy after:2019-06 rating:4..
    photos search year:2021 month:dec is:duplicate  filters alone list photos, newest first

    Filters are NAME:VALUE, or the options below. NAME:VALUE|VALUE means either, a dash before it neither, and a..b,
    a.., ..b, >a and <b are ranges; a shell needs quotes around |, > and <. `photos help searching` has the whole
    language.

    Without --top or --all, 10 photos are shown, and a note says how many there are. A query of filters alone gives all
    photos that it finds if the result goes to a file, a pipe or an album.

    \b
    photos search "red car" --min-score auto --group --sheet red-cars.html
    photos search "red car" --top 50 --paths > red-cars.txt
    photos search in:2019 rating:4.. --count
    photos search birthday cake --copy-to /tmp/cakes
    photos search menu of a pizzeria --with-captions
    photos search a grey cat on a red sofa --save-as-label "our cat"
    photos search beach in:2019 --save-as "our summer"
    photos search --saved "our summer"
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.format import here
    from photos.daemon.client import search_in_daemon
    from photos.operations.searching.requests import SearchRequest

    check_amount(top, presentation, show_all=show_all, count_only=count_only)
    settings = invocation.settings(top=top)
    query: str | tuple[str, ...] = (*words, *words_of(like, negated, filters))
    if saved is not None:
        query = _saved_query(invocation, saved, is_alone=not query and label is None)
    if save_as is not None:
        _save_query(invocation, save_as, query)
    request = SearchRequest(
        query=query,
        directory=here(),
        top=None if show_all else settings.top,
        count_only=count_only,
        whole_listing=top is None and leaves_terminal(presentation),
        offset=offset,
        sort=sort,
        min_score=None if isinstance(min_score, str) else min_score,
        stands_out=isinstance(min_score, str),
        group=group,
        exact=exact,
        model=model,
        with_captions=with_captions,
    )
    found = None
    # The daemon makes no vectors of captions.
    if label is None and not with_captions:
        report = partial(click.echo, err=True) if invocation.debug else None
        # The view is loaded while the daemon works.
        load_view = partial(import_module, "photos.cli.views.search")
        found = search_in_daemon(
            settings.library, request, catalog=settings.catalog, report=report, while_waiting=load_view
        )
    if found is None:
        # A search computes too little for several threads of numpy's, which wait for each other by spinning.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with invocation.open_library(top=top) as library:
            from photos.operations.searching.search import label_text
            from photos.operations.searching.search import search as search_library
            from photos.records.photos import search_record

            text = None if label is None or isinstance(query, str) else label_text(query)
            if with_captions:
                _embed_captions(library, request)
            found = search_record(search_library(library, request))
            if label is not None and text is not None:
                _save(library, label, text)
    from photos.cli.views.search import present, show_count

    if count_only:
        show_count(found, as_json=presentation.as_json)
        return
    # Decoders write to standard error while sheets and previews are made.
    with nullcontext() if invocation.debug else native_noise_hushed():
        present(
            found,
            presentation,
            invocation.open_thumbnails,
            offset=offset,
            min_score=request.min_score,
            notes_rest=top is None,
            by_date=sort == "date",
        )


def _saved_query(invocation: Invocation, name: str, *, is_alone: bool) -> str:
    from photos.operations.searching.saved_searches import saved_search

    if not is_alone:
        raise click.UsageError("--saved stands for WORDS and filters; give either.")
    with invocation.open_library() as library:
        return saved_search(library, name).query


def _save_query(invocation: Invocation, name: str, query: str | tuple[str, ...]) -> None:
    from photos.cli.kit.format import here
    from photos.cli.views.saved import show_saved
    from photos.operations.searching.saved_searches import MOST_LETTERS, SaveSearchRequest, is_name, save_search

    if not is_name(name):
        raise click.UsageError(f"A name of a saved search has 1 to {MOST_LETTERS} letters.")
    with invocation.open_library() as library:
        show_saved(save_search(library, SaveSearchRequest(name, query, here())))


def _embed_captions(library: OpenLibrary, request: SearchRequest) -> None:
    from photos.cli.views.caption_vectors import CaptionBars
    from photos.operations.searching.caption_vectors import embed_captions_for

    with CaptionBars() as progress:
        embed_captions_for(library, request, progress)


def _save(library: OpenLibrary, label: str, text: str) -> None:
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.retag import show_retags
    from photos.operations.tagging.vocabulary_changes import SaveLabelRequest, save_label

    with ProgressBars() as progress:
        result = save_label(library, SaveLabelRequest(label, text), progress)
    # To standard error: the results may go to another program.
    show_retags(result, err=True)
