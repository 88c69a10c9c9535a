"""`photos duplicates`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Find files that show the same picture.")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@click.option("--exact", is_flag=True, help="Only files of one content, to the byte. No picture is opened.")
@click.option(
    "--near",
    type=click.FloatRange(0, 1),
    metavar="COSINE",
    help="Compare photos whose embeddings are at least so near; 0.95 unless set.",
)
@click.option(
    "--bits",
    type=click.IntRange(0, 64),
    metavar="N",
    help="Of the 64 bits of their perceptual hashes, how many may differ; 10 unless set.",
)
@click.option("--bursts", is_flag=True, help="Photos that one camera took at different moments count, too.")
@click.option("--others", is_flag=True, help="Only the files beside the best of each group, as paths.")
@options.as_json
@options.paths_only
@options.print0
@pass_invocation
def duplicates(
    invocation: Invocation,
    folders: tuple[str, ...],
    exact: bool,
    near: float | None,
    bits: int | None,
    bursts: bool,
    others: bool,
    as_json: bool,
    paths_only: bool,
    print0: bool,
) -> None:
    """Find files that show the same picture, in groups, the best first: most pixels, most bytes, the earliest.

    Three kinds: files of one content; photos of the same pixels, of which only metadata was changed; near-duplicates
    (saved anew, reduced, cropped a little), which lie near each other by embedding and look the same by a perceptual
    hash. What one camera took at different moments is a burst, and no duplicate. With FOLDER, groups that have a file
    there; of equal contents a file elsewhere is the best then.

    Nothing is ever deleted. --others names what could be: all but the best file of each group, only in FOLDER if one
    is given, and never a file that was not compared, that changed since it was indexed, whose best is not there, or
    that holds more than the best does, such as a date or RAW data.

    \b
    photos duplicates
    photos duplicates --exact ~/Pictures/import
    photos duplicates --exact --others -0 | xargs -0 -r mv -t /tmp/duplicates
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.duplicates import find_and_tell
    from photos.duplicates.groups import Search
    from photos.duplicates.phash import LIKELY
    from photos.operations.folders import scope
    from query.search.grouping import NEAR

    if exact and (near is not None or bits is not None or bursts):
        raise click.UsageError("--exact compares contents alone: --near, --bits and --bursts have nothing to do there.")
    with invocation.open_library() as app:
        _ = app.space
        with app.catalog.read() as t:
            within = tuple(scope(t, folder) for folder in folders)
        least = None if exact else NEAR if near is None else near
        search = Search(within, least, LIKELY if bits is None else bits, bursts)
        find_and_tell(app, search, others=others, as_json=as_json, paths_only=paths_only, nul=print0)
