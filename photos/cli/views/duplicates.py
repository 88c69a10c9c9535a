"""Groups of duplicates as a table, paths or JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, day, shown_path, table
from photos.cli.kit.output import write_json, write_paths
from photos.cli.kit.terminal import paint, show_lines
from photos.cli.views.sheet import check_sheet, write_sheet
from photos.duplicates import FileState, Group, GroupedFile, Sameness
from photos.errors import NothingFound
from photos.operations.duplicates import DuplicatesResult
from photos.records.files import group_record
from photos.sizes import readable_size

if TYPE_CHECKING:
    from photos.output.sheet_rows import Cell
    from photos.thumbnails import Thumbnails


def show_duplicates(result: DuplicatesResult, *, as_json: bool, paths_only: bool, nul: bool) -> None:
    """Show the groups, with a summary on standard error. Raises `NothingFound` if there are none."""
    if not result.found:
        raise NothingFound("No duplicates were found.")
    if not result.groups:
        raise NothingFound("No file can be removed without losing anything; `photos duplicates` shows all groups.")
    if nul or paths_only:
        write_paths([file.file.path for group in result.groups for file in group], nul=nul)
    elif as_json:
        for number, group in enumerate(result.groups, 1):
            write_json(group_record(number, group))
    else:
        show_lines(_table(result.groups))
        click.echo(_summary(result.groups), err=True)


def write_duplicates(groups: Sequence[Group], sheet: str, thumbnails: Thumbnails, *, force: bool) -> None:
    """Write the groups as a contact sheet, a row each. Raises `FileExists` or `UnwritableFile`."""
    from photos.output.sheet_rows import Row

    files = [file for group in groups for file in group]
    check_sheet(sheet, (os.fsdecode(file.file.path) for file in files), len(files), force=force)
    rows = [Row(f"Group {number}", "", [_cell(file) for file in group]) for number, group in enumerate(groups, 1)]
    write_sheet(sheet, "Duplicates", _summary(groups), rows, thumbnails, force=force)


def _cell(file: GroupedFile) -> Cell:
    from photos.output.sheet_rows import Cell

    facts = file.photo.facts
    size = f"{facts.width} x {facts.height}, {readable_size(file.file.stamp.size)}"
    return Cell(file.photo.id, file.file.path, _sameness(file), (), f"{size} {_remarks(file)}".rstrip())


def _table(groups: Sequence[Group]) -> Iterator[str]:
    """One line for each file; the best of each group is numbered."""
    rows = [
        (
            str(number) if file.sameness is Sameness.BEST else "",
            _sameness(file),
            f"{file.photo.facts.width} x {file.photo.facts.height}",
            readable_size(file.file.stamp.size),
            day(file.photo.facts.taken_at),
            shown_path(file.file.path),
            _remarks(file),
        )
        for number, group in enumerate(groups, 1)
        for file in group
    ]
    headings = ("", "", *(paint(name, "heading") for name in ("pixels", "bytes", "taken", "file")), "")
    yield from table([headings, *rows], right=(0, 2, 3), paths=5)


def _summary(groups: Sequence[Group]) -> str:
    """Number of groups and files, and the disk space of all files but the best."""
    others = [file for group in groups for file in group if file.sameness is not Sameness.BEST]
    space = sum(file.file.stamp.size for file in others if not file.is_same_file)
    unchecked = sum(not file.is_checked for file in others)
    files = counted(sum(len(group) for group in groups), "file")
    text = f"{counted(len(groups), 'group')}, {files}; all but the best of each take {readable_size(space)}."
    if unchecked:
        text += f" {counted(unchecked, 'file')} could not be read and were compared by embedding only."
    return text


def _sameness(file: GroupedFile) -> str:
    if file.sameness is not Sameness.NEAR or file.cosine is None:
        return str(file.sameness)
    return f"{file.sameness} {file.cosine:z.3f}"


def _remarks(file: GroupedFile) -> str:
    remarks = [] if file.is_checked else ["not checked"]
    if file.is_same_file:
        remarks.append("a link to the same file")
    if file.state is FileState.CHANGED:
        remarks.append("changed since it was indexed")
    if file.state is FileState.MISSING:
        remarks.append("not there now")
    return f"({', '.join(remarks)})" if remarks else ""
