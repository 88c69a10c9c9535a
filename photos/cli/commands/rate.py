"""`photos rate`."""

from __future__ import annotations

from typing import Final

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation

#: Words for ratings; None leaves a rating to the file.
_WORDS: Final = {**{str(number): number for number in range(6)}, "rejected": -1, "file": None}


@click.command(short_help="Give photos stars.")
@click.argument("stars", type=click.Choice([*_WORDS]), metavar="STARS")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@options.query
@options.top_of_query
@options.as_json
@pass_invocation
def rate(
    invocation: Invocation, stars: str, images: tuple[str, ...], query: str | None, top: int | None, as_json: bool
) -> None:
    """Give each IMAGE 0 to 5 STARS, or `rejected`; `file` leaves the rating to its file again.

    Your stars count in place of those in the file, in filters such as rating:4.. and everywhere else. They stay when
    the file changes, and no file is changed; `photos xmp write` writes them for other programs. IMAGE may
    be a folder, for all photos in it and below it.

    \b
    photos rate 5 IMG_2041.jpg
    photos rate rejected blurred/
    photos rate 3 --query "tag:beach is:unrated"
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.format import here
    from photos.cli.views.tags import show_ratings
    from photos.operations.searching.chosen_photos import ChosenPhotos
    from photos.operations.tagging.ratings import RateRequest
    from photos.operations.tagging.ratings import rate as rate_photos

    if not images and query is None:
        raise click.UsageError("Name an image, a folder or --query, as in: photos rate 5 IMAGE")
    chosen = ChosenPhotos(photos=images, query=query, directory=here(), top=top)
    with invocation.open_library() as library:
        found = rate_photos(library, RateRequest(chosen=chosen, stars=_WORDS[stars]))
    show_ratings(found, as_json=as_json)
