"""`photos open`."""

from __future__ import annotations

import os

import click

from photos.cli.kit.program import Invocation, pass_invocation
from photos.cli.kit.search_options import QueryCommand


@click.command(short_help="Open the gallery in the browser.", cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[WORDS...]")
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open no browser.")
@pass_invocation
def open(invocation: Invocation, words: tuple[str, ...], only_print: bool) -> None:  # noqa: A001 - the command's name
    """Open the gallery in the browser, with the query WORDS if there are any.

    A daemon serves it, if one is running; otherwise this command does until it is interrupted. The address is good for
    one browser, within a minute.

    \b
    photos open
    photos open beach - people
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.gallery import open_gallery
    from photos.daemon.gallery import gallery_address

    query = " ".join(words) or None
    settings = invocation.settings()
    if (there := gallery_address(settings.library, query, settings.catalog)) is not None:
        open_gallery(there, only_print=only_print, environment=invocation.environment)
        return
    from photos.http.serving import ServeRequest, serve

    # Before numpy is loaded: its threads wait for each other by spinning.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with invocation.open_library() as library:
        serve(
            library,
            ServeRequest(query=query),
            lambda ready: open_gallery(
                ready.once, only_print=only_print, environment=invocation.environment, serves_here=True
            ),
        )
