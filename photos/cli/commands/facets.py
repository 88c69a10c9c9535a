"""`photos facets`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation
from photos.cli.kit.search_options import QueryCommand

#: Equal to `photos.operations.facets.FACETS`, whose module loads numpy.
_FACETS = ("camera", "lens", "year", "folder", "keyword")


@click.command(short_help="Count cameras, lenses, years, folders and keywords.", cls=QueryCommand)
@click.argument("filters", nargs=-1, metavar="[FILTER]...")
@click.option(
    "--by", "facets", multiple=True, type=click.Choice(_FACETS), help="Count this alone; repeatable; all unless set."
)
@click.option("-t", "--top", type=click.IntRange(min=1), metavar="N", help="Number of values of each; 10 unless set.")
@click.option("--all", "all_of_them", is_flag=True, help="Show all values.")
@options.as_json
@pass_invocation
def facets(
    invocation: Invocation,
    filters: tuple[str, ...],
    facets: tuple[str, ...],
    top: int | None,
    all_of_them: bool,
    as_json: bool,
) -> None:
    """Count the photos of each camera, lens, year, folder and keyword, or of those that the FILTERs leave.

    Each value can be searched for: camera:NAME, lens:NAME, year:NUMBER, in:FOLDER, keyword:WORD. A folder's photos
    include those below it. `photos tags` counts tags.

    \b
    photos facets
    photos facets --by camera year:2019
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.format import here
    from photos.cli.views.facets import show_facets
    from photos.operations.searching.facets import FacetsRequest, count_facets

    request = FacetsRequest(facets=facets or _FACETS, query=filters, directory=here())
    with invocation.open_library() as library:
        found = count_facets(library, request)
    show_facets(found, as_json=as_json, most=None if all_of_them else top or 10)
