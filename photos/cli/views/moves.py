"""Files that were moved out of the library, or put back."""

from __future__ import annotations

import click

from photos.cli.kit.format import counted, shown_path
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import show_lines
from photos.moves.runs import MoveReport
from photos.records.files import move_record


def show_moves(report: MoveReport, *, is_undo: bool, as_json: bool) -> None:
    """Print each file's path after, and to standard error those that were left, and the totals."""
    if as_json:
        write_json(move_record(report, is_undo=is_undo))
    else:
        show_lines(shown_path(each.old_path if is_undo else each.new_path) for each in report.moved)
    for each in report.left:
        click.echo(f"{shown_path(each.path)} is left: {each.reason}.", err=True)
    files = counted(report.count, "file")
    if is_undo:
        click.echo(f"{files} put back.", err=True)
    elif report.moved:
        click.echo(f"{files} moved. `photos duplicates --undo` puts them back.", err=True)
    else:
        click.echo("No file was moved: none can go without losing anything.", err=True)
