"""Results of a search: table, JSON or paths; and the sheets, albums and viewers that are made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, matches_table, percentage, shown_path, thousands
from photos.cli.kit.output import write_json, write_paths
from photos.cli.kit.terminal import show_lines
from photos.cli.views.sheet import check_sheet, write_sheet
from photos.errors import NothingFound, safe
from photos.exits import PROBLEM
from photos.records.photos import count_record

if TYPE_CHECKING:
    from photos.cli.kit.search_options import Presentation
    from photos.output.albums import Album
    from photos.output.sheet_rows import Cell, Row
    from photos.records.photos import MatchRecord, SearchRecord
    from photos.thumbnails import Thumbnails

_CUT = "Note: this is longer than the model reads; its end was left out."
_NONE = "No photo was found; `photos status` says what is in the library."
#: Files that `--open` opens.
_FEW = 10
_TAGS = 6
_DAY = 10


def present(
    found: SearchRecord,
    presentation: Presentation,
    open_thumbnails: Callable[[], AbstractContextManager[Thumbnails]],
    *,
    offset: int = 0,
    min_score: float | None = None,
    notes_rest: bool = False,
    by_date: bool = False,
) -> None:
    """Show *found*, after the first *offset* photos, and make the files that *presentation* names.

    *open_thumbnails* is called for sheets and pictures in the terminal. With *notes_rest* a note says how many photos
    there are if these are not all; *by_date* says that they are ordered by date.

    Raises `NothingFound` if there are no photos; *min_score* is for its reason. Ends with status 1 if a photo had to be
    left out of an album.
    """
    if found["is_cut"]:
        click.echo(_CUT, err=True)
    matches = found["matches"]
    if not matches:
        raise NothingFound(_reason(found, offset, min_score))
    if found["is_chance"]:
        click.echo(_chance(found), err=True)
    if found["captions"] is not None:
        click.echo(_fusion(found["captions"]), err=True)
    if presentation.sheet is not None:
        places = (path for match in matches for path in match["paths"])
        check_sheet(presentation.sheet, places, len(matches), force=presentation.force)
        rows, lead = _rows(matches, offset + 1, by_date=by_date), counted(len(matches), "photo")
        with open_thumbnails() as thumbnails:
            write_sheet(presentation.sheet, found["title"], lead, rows, thumbnails, force=presentation.force)
    is_whole = _make_albums(presentation, [_file(match) for match in matches], offset + 1)
    _show(found, presentation, open_thumbnails, offset)
    if notes_rest and (note := _rest(found, offset)):
        click.echo(note, err=True)
    # Last: without a viewer this raises, and the results are shown all the same.
    if presentation.open_files or presentation.open_all:
        _open([_file(match) for match in matches], all_of_them=presentation.open_all)
    if not is_whole:
        click.get_current_context().exit(PROBLEM)


def _show(
    found: SearchRecord,
    presentation: Presentation,
    open_thumbnails: Callable[[], AbstractContextManager[Thumbnails]],
    offset: int,
) -> None:
    matches = found["matches"]
    if presentation.print0 or presentation.paths_only:
        write_paths([os.fsencode(match["path"]) for match in matches], nul=presentation.print0)
    elif presentation.as_json:
        for match in matches:
            write_json(match)
    else:
        lines = matches_table(matches, of_text=found["of_text"], first=offset + 1)
        if presentation.preview is None:
            show_lines(lines)
        else:
            with open_thumbnails() as thumbnails:
                _show_pictures(matches, lines, presentation.preview, thumbnails)


def show_count(found: SearchRecord, *, as_json: bool) -> None:
    """Print the number of photos found. Raises `NothingFound` after a zero."""
    if as_json:
        write_json(count_record(found))
    else:
        click.echo(found["total"])
    if not found["total"]:
        raise NothingFound(_reason(found, 0, None))


def _rest(found: SearchRecord, offset: int) -> str | None:
    """Return a note on the photos that are not shown, if there are any."""
    groups, total = len(found["matches"]), found["total"]
    shown = groups + sum(len(match.get("more", ())) for match in found["matches"])
    if offset + shown >= total:
        return None
    some = thousands(shown) if shown == groups else f"{counted(groups, 'group')} of {counted(shown, 'photo')},"
    return f"{some} of {counted(total, 'photo')}; --top N or --all for more."


def _reason(found: SearchRecord, offset: int, min_score: float | None) -> str:
    """Return a sentence on why there are no photos."""
    best = found["best"]
    if found["is_chance"]:
        return _chance(found)
    if found["reason"] is not None:
        return f"{safe(found['reason'])}."
    if min_score is not None and best is not None and best < min_score:
        return f"No photo has a score of {min_score:g} or more; the best is {best:z.3f}."
    return f"No photo is left after the first {offset}." if offset else _NONE


def _fusion(captions: int) -> str:
    if not captions:
        return "No photo has a caption; this is the order of the pictures alone."
    return (
        f"Ordered by `fused`: the scores of pictures, and of {counted(captions, 'caption')} with a third of the weight."
    )


def _chance(found: SearchRecord) -> str:
    best, least = found["best"], found["least"]
    return f"Nothing here really matches: the best score is {best:z.3f}, and unrelated photos may reach {least:z.3f}."


def _file(match: MatchRecord) -> bytes:
    """Return the first path of the photo that is a file now, or else the first path."""
    paths = [os.fsencode(path) for path in (match["path"], *match["paths"])]
    return next((path for path in paths if os.path.isfile(path)), paths[0])


def _show_pictures(matches: Sequence[MatchRecord], lines: Iterable[str], preview: str, thumbnails: Thumbnails) -> None:
    from photos.cli.views.preview import shower

    headings, *lines = lines
    show = shower(preview, thumbnails)
    click.echo(headings)
    for match, line in zip(matches, lines, strict=True):
        click.echo(line)
        if show is not None:
            show(match["photo"])


def _rows(matches: Sequence[MatchRecord], first: int, *, by_date: bool) -> list[Row]:
    """Rows of a sheet: months of photos that are ordered by date, and the ranks of others, from *first* on."""
    from photos.output.sheet_rows import Row, months

    if by_date or all(match["score"] is None for match in matches):
        return months([_cell(match, None) for match in matches])
    return [Row("", "", [_cell(match, rank) for rank, match in enumerate(matches, first)])]


def _cell(match: MatchRecord, rank: int | None) -> Cell:
    from photos.output.sheet_rows import Cell

    score = "" if match["score"] is None else f"{match['score']:z.3f}"
    likely = percentage(match["probability"])
    more = match.get("more", [])
    taken_at = match["taken_at"] or ""
    remark = [taken_at[:_DAY], f"+{len(more)} more" if more else ""]
    return Cell(
        match["photo"],
        _file(match),
        " · ".join(part for part in (score, likely) if part),
        tuple(tag["label"] for tag in match["tags"][:_TAGS]),
        " · ".join(part for part in remark if part),
        taken_at,
        rank,
    )


def _make_albums(presentation: Presentation, paths: Sequence[bytes], first: int) -> bool:
    """Make the albums. Return whether no photo had to be left out."""
    if presentation.copy_to is None and presentation.link_to is None:
        return True
    from photos.output import albums

    is_whole = True
    if presentation.copy_to is not None:
        is_whole &= _report_album(albums.copy_to(presentation.copy_to, paths, first), "Copied", "photo", "to")
    if presentation.link_to is not None:
        is_whole &= _report_album(albums.link_to(presentation.link_to, paths, first), "Made", "link", "in")
    return is_whole


def _report_album(album: Album, did: str, what: str, where: str) -> bool:
    made = counted(len(album.made), what) if album.made else f"no {what}"
    there = f"; {album.there} {'was' if album.there == 1 else 'were'} there already" if album.there else ""
    folder = shown_path(os.fsencode(album.folder))
    click.echo(f"{did} {made} {where} {folder}{there}.", err=True)
    for path, reason in album.failed:
        click.echo(f"{shown_path(path)} was left out: {reason}.", err=True)
    return not album.failed


def _open(paths: Sequence[bytes], *, all_of_them: bool) -> None:
    from photos.output.viewer import open_files

    if len(paths) > _FEW and not all_of_them:
        click.echo(f"The first {_FEW} are opened; --open-all opens all {len(paths)}.", err=True)
        paths = paths[:_FEW]
    open_files(paths)
