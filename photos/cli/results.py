"""Shows what a search found, in the form that was asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from photos.cli.output import write_json, write_paths
from photos.cli.render import matches_table
from photos.errors import NothingFound
from photos.records import MatchRecord


def show_matches(
    matches: Sequence[MatchRecord], *, of_text: bool, as_json: bool, paths_only: bool, nul: bool, first: int = 1
) -> None:
    """Write *matches*, the rank of the best of which is *first*, as a table, as JSON, or as paths.

    Raises `NothingFound` if there are none.
    """
    if not matches:
        raise NothingFound("No photo was found; `photos status` says what is in the library.")
    if nul or paths_only:
        write_paths([os.fsencode(match["path"]) for match in matches], nul=nul)
    elif as_json:
        for match in matches:
            write_json(match)
    else:
        for line in matches_table(matches, of_text=of_text, first=first):
            click.echo(line)
