"""Imports of tags, and the agreement of two sources of tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import show_lines
from photos.errors import NothingFound, safe
from photos.records.photos import agreement_records

if TYPE_CHECKING:
    from photos.operations.tagging.tag_import import SourceComparison, TagImport
    from query.tagging import Agreement

#: Lines that are named; the rest is counted.
_NAMED = 3


def show_import(result: TagImport) -> None:
    """Show what an import changed. Raises `NothingFound` if it had no photo of the library."""
    if result.unknown:
        lines = ", ".join(f"line {each.line}: {safe(each.path)}" for each in result.unknown[:_NAMED])
        more = f" and {len(result.unknown) - _NAMED} more" if len(result.unknown) > _NAMED else ""
        click.echo(f"Not in the library: {lines}{more}.", err=True)
    source = safe(result.source)
    if not result.photos:
        raise NothingFound(f"No photo of the library has tags from {source}; nothing was imported.")
    click.echo(f"{counted(result.photos, 'photo')} with tags from {source}; {counted(result.changed, 'tag')} changed.")


def show_comparison(result: SourceComparison, *, as_json: bool) -> None:
    """Show how far two sources agree. Raises `NothingFound` if they have no photo or no label in common."""
    found, one, other = result.found, safe(result.one), safe(result.other)
    if not found.photos or not found.labels:
        missing = "photo" if not found.photos else "label"
        raise NothingFound(f"{one} and {other} have no {missing} in common, so there is nothing to compare.")
    if as_json:
        for record in agreement_records(result):
            write_json(record)
        return
    click.echo(f"{counted(found.photos, 'photo')} and {counted(len(found.labels), 'label')} in both")
    labels = sorted(found.labels, key=lambda each: (-(each.both + each.only_one + each.only_other), each.label))
    rows = [("", "both", f"only {one}", f"only {other}", "overlap", "kappa"), _row("all", found.overall)]
    show_lines(table([*rows, *(_row(safe(each.label), each) for each in labels)], right=(1, 2, 3, 4, 5)))


def _row(name: str, each: Agreement) -> tuple[str, ...]:
    counts = (str(each.both), str(each.only_one), str(each.only_other))
    return (name, *counts, *("" if value is None else f"{value:.2f}" for value in (each.overlap, each.kappa)))
