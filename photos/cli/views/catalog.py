"""Copies of a library, as text or JSON."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Final

import click

from photos.cli.kit.format import counted
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import prose
from photos.errors import safe
from photos.records.catalogs import catalog_copy_record
from store.server_address import is_server

if TYPE_CHECKING:
    from photos.operations.catalog_copy import CopyResult

#: Files that are named where embeddings were damaged.
_MOST_FILES: Final = 5


def show_copy(result: CopyResult, *, has_server: bool, as_json: bool) -> None:
    """Print what was copied, and how to use the copy. *has_server* is true if the settings name a catalog on one."""
    if as_json:
        write_json(catalog_copy_record(result))
        return
    holds = f"{counted(result.photos, 'photo')}, {counted(result.rows, 'row')}"
    if result.dry_run:
        click.echo(prose(f"Would copy {result.source} ({holds}) to {result.target}."))
        return
    before = f", {counted(result.rows_before, 'row')} of them in an earlier run" if result.rows_before else ""
    click.echo(prose(f"Copied {result.source} to {result.target}: {holds}{before}. Every row was compared."))
    if result.damaged:
        click.echo(prose(_of_damaged(result), sys.stderr), err=True)
    option = "--catalog" if is_server(result.target) else "--catalog '' --library" if has_server else "--library"
    hint = f"The source is as it was. To use the copy: `photos {option} {shlex.quote(result.target)} status`."
    click.echo(prose(hint, sys.stderr), err=True)


def _of_damaged(result: CopyResult) -> str:
    named = [safe(path) for path in result.damaged if path is not None][:_MOST_FILES]
    more = ", …" if len(result.damaged) > len(named) else ""
    files = f": {', '.join(named)}{more}" if named else ""
    what = counted(len(result.damaged), "damaged embedding was", "damaged embeddings were")
    return f"{what} left out{files}. `photos index` makes them again in the copy."
