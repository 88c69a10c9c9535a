"""Imports of tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted
from photos.errors import NothingFound, safe

if TYPE_CHECKING:
    from photos.operations.tagging.tag_import import TagImport
    from query.tagging import ImportedTags

#: Lines that are named; the rest is counted.
_NAMED = 3


def show_import(result: TagImport) -> None:
    """Show what an import changed. Raises `NothingFound` if it had no photo of the library."""
    if result.unknown:
        lines = ", ".join(map(_unknown, result.unknown[:_NAMED]))
        more = f" and {len(result.unknown) - _NAMED} more" if len(result.unknown) > _NAMED else ""
        click.echo(f"Not in the library: {lines}{more}.", err=True)
    source = safe(result.source)
    if not result.photos:
        raise NothingFound(f"No photo of the library has tags from {source}; nothing was imported.")
    click.echo(f"{counted(result.photos, 'photo')} with tags from {source}; {counted(result.changed, 'tag')} changed.")


def _unknown(tags: ImportedTags) -> str:
    return safe(tags.path) if tags.line is None else f"line {tags.line}: {safe(tags.path)}"
