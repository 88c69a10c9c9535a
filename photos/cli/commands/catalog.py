"""`photos catalog`."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, hush_logs, pass_invocation


@click.group(short_help="Move a library between SQLite and PostgreSQL.")
def catalog() -> None:
    """Move a library's catalog to another folder or database.

    The catalog holds everything about your photos that is not in their files: see `photos help moving`.
    """


class PlaceName(click.ParamType[str]):
    """The folder of a library, or the address of a database."""

    name = "place"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The folders that begin so."""
        del ctx, param
        return [CompletionItem(incomplete, type="dir")]


@catalog.command("copy", short_help="Copy a library to another folder or database.")
@click.argument("source", metavar="FROM", type=PlaceName())
@click.argument("target", metavar="TO", type=PlaceName())
@click.option("--restart", is_flag=True, help="Begin anew, and forget what an interrupted run copied to TO.")
@options.dry_run
@options.as_json
@pass_invocation
def copy(invocation: Invocation, source: str, target: str, restart: bool, dry_run: bool, as_json: bool) -> None:
    """Copy the library FROM to TO: each is a library's folder, or an address postgresql://user@host/database.

    Everything is copied with its numbers: folders, photos, embeddings, tags, vocabularies and their history, saved
    searches, the journals of sidecars and moves. Then every row is compared. FROM is not changed, and is copied as it
    was when the command began; stop `photos watch` before. TO must hold no library yet.

    When it is interrupted, run it again: it goes on. Until it is done, no other command opens TO.

    \b
    Examples:
        photos catalog copy ~/photos-library postgresql://me@server/photos
        photos catalog copy postgresql://me@server/photos ~/photos-library
    """  # noqa: D301 - Click keeps the lines after \b
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.catalog import show_copy
    from photos.operations.catalog_copy import CopyRequest, copy_library

    if not invocation.debug:
        # The driver has warnings of its own about a server that goes away.
        hush_logs()
    # Read before the work: there may be a mistake in the settings.
    has_server = invocation.has_server
    with ProgressBars() as progress:
        result = copy_library(CopyRequest(source, target, restart=restart, dry_run=dry_run), progress)
    show_copy(result, has_server=has_server, as_json=as_json)
