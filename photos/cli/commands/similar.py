"""`photos similar`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from importlib import import_module

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, native_noise_hushed, pass_invocation
from photos.cli.kit.search_options import (
    Presentation,
    QueryCommand,
    check_amount,
    filter_options_alone,
    presentation_options,
    words_of,
)


@click.command(short_help="Find photos that look like a picture.", cls=QueryCommand)
@click.argument("image")
@click.argument("words", nargs=-1, metavar="[FILTER]...")
@options.top
@options.show_all
@options.group
@options.in_model
@presentation_options
@filter_options_alone
@pass_invocation
def similar(
    invocation: Invocation,
    /,
    image: str,
    words: tuple[str, ...],
    top: int | None,
    show_all: bool,
    group: bool,
    model: str | None,
    presentation: Presentation,
    negated: Sequence[str],
    **filters: Sequence[str],
) -> None:
    """Find the photos that look most like IMAGE, best first, among those that the FILTERs leave.

    IMAGE may be any picture. If it is in the library its stored embedding is used, and it is not among the results.
    FILTERs are those of `photos search`.

    \b
    photos similar IMG_2041.jpg
    photos similar IMG_2041.jpg year:2019 -in:trash
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.format import here
    from photos.daemon.client import search_in_daemon
    from photos.operations.searching.requests import SimilarRequest

    check_amount(top, presentation, show_all=show_all)
    settings = invocation.settings(top=top)
    request = SimilarRequest(
        image=image,
        directory=here(),
        top=None if show_all else settings.top,
        query=(*words, *words_of((), negated, filters)),
        group=group,
        model=model,
    )
    report = partial(click.echo, err=True) if invocation.debug else None
    # The view is loaded while the daemon works.
    load_view = partial(import_module, "photos.cli.views.search")
    found = search_in_daemon(
        settings.library, request, catalog=settings.catalog, report=report, while_waiting=load_view
    )
    if found is None:
        with invocation.open_library(top=top) as library:
            from photos.operations.searching.similar import similar as find_similar
            from photos.records.photos import search_record

            found = search_record(find_similar(library, request))
    from photos.cli.views.search import present

    # Decoders write to standard error while sheets and previews are made.
    with nullcontext() if invocation.debug else native_noise_hushed():
        present(found, presentation, invocation.open_thumbnails, notes_rest=top is None)
