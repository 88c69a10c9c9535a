"""`photos duplicates`."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, native_noise_hushed, pass_invocation
from photos.cli.kit.search_options import check_force, force_option, sheet_option

if TYPE_CHECKING:
    from photos.operations.duplicates import DuplicatesRequest


@click.command(short_help="Find files that show the same picture.")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@click.option("--exact", is_flag=True, help="Compare contents only, byte by byte. No picture is opened.")
@click.option(
    "--near",
    "min_cosine",
    type=click.FloatRange(0, 1),
    metavar="COSINE",
    help="Least cosine of near-duplicates; 0.95 unless set.",
)
@click.option(
    "--bits",
    "max_bits",
    type=click.IntRange(0, 64),
    metavar="N",
    help="Most bits of 64 by which perceptual hashes may differ; 10 unless set.",
)
@click.option("--bursts", is_flag=True, help="Group photos that one camera took at different times, too.")
@click.option(
    "--prefer",
    multiple=True,
    metavar="FOLDER",
    help="Of identical files keep the one in FOLDER, the first named most; otherwise the setting duplicates_prefer.",
)
@click.option("--others", is_flag=True, help="List only the files that could be removed, as paths.")
@click.option(
    "--move-to",
    metavar="DIR",
    help="Move the files that --others lists to a folder outside the library; --undo puts them back.",
)
@click.option("--undo", is_flag=True, help="Put back the files that were moved last.")
@options.as_json
@options.paths_only
@options.print0
@sheet_option
@force_option
@pass_invocation
def duplicates(
    invocation: Invocation,
    folders: tuple[str, ...],
    exact: bool,
    min_cosine: float | None,
    max_bits: int | None,
    bursts: bool,
    prefer: tuple[str, ...],
    others: bool,
    move_to: str | None,
    undo: bool,
    as_json: bool,
    paths_only: bool,
    print0: bool,
    sheet: str | None,
    force: bool,
) -> None:
    """Find files that show the same picture, in groups, the best first: most pixels, most bytes, earliest.

    Three kinds are found: files with the same content; photos with the same pixels and other metadata; and
    near-duplicates (saved again, reduced, cropped a little), whose embeddings are near and whose perceptual hashes
    agree. Photos that one camera took at different times are a burst, not duplicates. With FOLDER, only groups with a
    file there are shown; of equal contents, a file outside FOLDER is then the best.

    Of files with the same content the best is one with companions, such as a RAW file, then one with a sidecar, then
    one in a preferred folder, then the oldest. If several have companions or sidecars, all of these are kept.

    Nothing is ever deleted, and nothing overwritten. --others lists the files that could be: all but the best of each
    group, only in FOLDER if one is given. It never lists a file that was not compared, a file that changed since it was
    indexed, a file whose best is missing, a file with companions, or a file with more than the best has, such as a date
    or RAW data. --move-to moves these files to a folder, and --undo puts them back.

    \b
    photos duplicates
    photos duplicates --exact ~/Pictures/import
    photos duplicates --sheet duplicates.html
    photos duplicates --exact --others
    photos duplicates --exact --move-to /mnt/could-go
    photos duplicates --undo
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.duplicates import show_duplicates, write_duplicates
    from photos.operations.duplicates import DuplicatesRequest, find_duplicates

    if exact and (min_cosine is not None or max_bits is not None or bursts):
        raise click.UsageError("--exact compares contents only; --near, --bits and --bursts do not go with it.")
    check_force(sheet, force=force)
    if undo or move_to is not None:
        if (undo and move_to is not None) or others or paths_only or print0 or sheet is not None:
            raise click.UsageError("--move-to and --undo exclude each other, --others, --paths, -0 and --sheet.")
        searched = DuplicatesRequest(folders, exact, min_cosine, max_bits, bursts)
        _move(invocation, move_to, searched, prefer, as_json=as_json)
        return
    request = DuplicatesRequest(folders, exact, min_cosine, max_bits, bursts, removable_only=others)
    with invocation.open_library(duplicates_prefer=prefer or None) as library, ProgressBars() as progress:
        result = find_duplicates(library, request, progress)
    if sheet is not None and result.groups:
        with nullcontext() if invocation.debug else native_noise_hushed(), invocation.open_thumbnails() as thumbnails:
            write_duplicates(result.groups, sheet, thumbnails, force=force)
    show_duplicates(result, as_json=as_json, paths_only=paths_only or (others and not as_json), nul=print0)


def _move(
    invocation: Invocation, folder: str | None, searched: DuplicatesRequest, prefer: tuple[str, ...], *, as_json: bool
) -> None:
    """Move duplicates to *folder*, or put those back that were moved last."""
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.moves import show_moves
    from photos.operations.duplicate_moves import MoveDuplicatesRequest, move_duplicates, undo_duplicate_moves

    with invocation.open_library(duplicates_prefer=prefer or None) as library, ProgressBars() as progress:
        if folder is None:
            report = undo_duplicate_moves(library, None, progress)
        else:
            report = move_duplicates(library, MoveDuplicatesRequest(folder=folder, duplicates=searched), progress)
    show_moves(report, is_undo=folder is None, as_json=as_json)
    if report.left:
        click.get_current_context().exit(1)
